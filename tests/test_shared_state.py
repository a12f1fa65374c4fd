"""State of an application is in its Runtime. Modules' own values never change, because all applications share them."""

import ast
from collections.abc import Iterator

from tests.source import Function, Source, dotted, functions, package
from tests.test_house_rules import fail_on

INSTEAD = (
    "Two applications in one process would share this. Put what belongs to one of them into "
    "ledger/kernel/runtime.py: Runtime; what belongs to a request, into a ContextVar."
)
CHANGES = {
    *("add", "append", "appendleft", "clear", "discard", "extend", "insert", "pop", "popitem", "popleft", "remove"),
    *("setdefault", "update"),
}
# Flask's, separate for each request.
OF_A_REQUEST = {"g", "request", "session"}
# path:name, and why all applications of a process may share it.
SHARED = {
    "ledger/kernel/database.py:_databases": "what a fork of the process has to open anew",
    "ledger/kernel/errors.py:_registry": "filled while the code is imported: what refusals mean, in both languages",
}


def assigned_in(source: Source) -> set[str]:
    """The names that a module assigns."""
    targets = [target for node in source.tree.body if isinstance(node, ast.Assign) for target in node.targets]
    targets += [node.target for node in source.tree.body if isinstance(node, ast.AnnAssign)]
    return {target.id for target in targets if isinstance(target, ast.Name)}


def imported_in(source: Source) -> set[str]:
    """The imported names: modules, and names from modules."""
    imports = [node for node in source.tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    names = {(alias.asname or alias.name).partition(".")[0] for node in imports for alias in node.names}
    return names - OF_A_REQUEST


def set_in(function: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """The names whose items or attributes a function sets or deletes, and where."""
    for node in ast.walk(function):
        if isinstance(node, ast.Subscript | ast.Attribute) and isinstance(node.ctx, ast.Store | ast.Del):
            yield dotted(node.value).partition(".")[0], node


def changed_in(function: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """The names on which a function calls a method that changes a list, a set or a mapping, and where."""
    for node in ast.walk(function):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in CHANGES:
            yield dotted(node.func.value), node


def own_names(function: Function) -> set[str]:
    """A function's local names: arguments and variables."""
    arguments = {node.arg for node in ast.walk(function) if isinstance(node, ast.arg)}
    variables = {
        node.id for node in ast.walk(function) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }
    return arguments | variables


def shared_state() -> dict[str, str]:
    """Each module-level name that a function changes, with the first place."""
    found: dict[str, str] = {}
    for source in package():
        assigned, imported = assigned_in(source), imported_in(source)
        for _, function in functions(source):
            own = own_names(function)
            changes = [(name, node) for name, node in set_in(function) if name in assigned | imported]
            changes += [(name, node) for name, node in changed_in(function) if name in assigned]
            for name, node in changes:
                if name not in own:
                    found.setdefault(f"{source.path}:{name}", source.at(node))
    return found


def test_no_function_assigns_a_global() -> None:
    globals_ = (source.at(node) for source in package() for node in source.nodes() if isinstance(node, ast.Global))
    fail_on(globals_, INSTEAD)


def test_no_function_changes_what_its_module_holds() -> None:
    found = shared_state()
    fail_on((f"{where} {at}" for where, at in found.items() if where not in SHARED), INSTEAD)
    fail_on(SHARED.keys() - found.keys(), "These are gone: take them off SHARED.")
