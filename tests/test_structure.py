"""Where code lives and what may import it: the rules of docs/ARCHITECTURE.md that import-linter can't express."""

import ast
import re
from collections.abc import Iterable, Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter

from tests.source import ROOT, Source, dotted, package, product, sources
from tests.test_house_rules import fail_on

# From top to bottom: what a file may import of its own capability, by the last word of its name. Each line is a rank.
ROLES: tuple[tuple[str, ...], ...] = (
    ("pages", "api"),
    ("schemas",),
    ("service",),
    ("entries",),
    ("queries",),
    ("models",),
    ("policy",),
    ("errors",),
)
RANKS = {role: len(ROLES) - position for position, roles in enumerate(ROLES) for role in roles}
# Path: why it names its own table a second time.
NAMES_A_TABLE = {
    "ledger/people/identities/service.py": "the sealed columns of Identity take what was sealed before the unit",
}


@cache
def modules() -> dict[str, Source]:
    """The package's files by import name."""
    return {module_name(source): source for source in package()}


def module_name(source: Source) -> str:
    return source.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


@cache
def imports() -> dict[str, set[str]]:
    """For each module of the package, those that it imports."""
    return {name: imported_modules(source, modules()) - {name} for name, source in modules().items()}


def imported_modules(source: Source, modules: Iterable[str]) -> set[str]:
    """Those of `modules` that a file imports; `from ledger.points import service` imports ledger.points.service."""
    found = set()
    for node in source.nodes():
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            submodules = {f"{node.module}.{alias.name}" for alias in node.names} & set(modules)
            found |= submodules or {node.module}
    return found & set(modules)


def test_modules_have_no_cycle() -> None:
    try:
        TopologicalSorter(imports()).prepare()
    except CycleError as error:
        cycle = " -> ".join(reversed(error.args[1]))
        raise AssertionError(
            f"Modules import each other in a circle: {cycle}. Move what both need to the lower one, or pass it in."
        ) from None


def role_of(module: str) -> str | None:
    """A file's role by the last word of its name: `shop.shelf_api` is an api, `checkin.scans` has no usual role."""
    last = module.rpartition(".")[2].rpartition("_")[2]
    return last if last in RANKS else None


def capability_of(module: str) -> str:
    """`ledger.points` for `ledger.points.book.service`; empty for a file outside the capabilities."""
    return ".".join(module.split(".")[:2]) if module.count(".") >= 2 else ""


def ways_down(module: str) -> Iterator[tuple[str, ...]]:
    """The shortest import chains from a module to each other module of its capability."""
    seen, waiting = {module}, [(module,)]
    for way in waiting:
        yield way
        for name in sorted(imports()[way[-1]] - seen):
            if capability_of(name) == capability_of(module):
                seen.add(name)
                waiting.append((*way, name))


def may_import(role: str, other: str) -> bool:
    """A role may import lower ones and its own."""
    return RANKS[role] > RANKS[other] or role == other


def test_a_role_imports_only_those_below_it() -> None:
    ranked = {name: role for name in modules() if capability_of(name) and (role := role_of(name))}
    fail_on(
        (
            " -> ".join(way)
            for name, role in ranked.items()
            for way in ways_down(name)
            if way[-1] in ranked and not may_import(role, ranked[way[-1]])
        ),
        "pages and api over schemas over service over queries over models over policy over errors, in every folder and "
        "in files called after a role (shelf_api, delivery_queries) too: pass in what stands above, or name the file "
        "for what it does.",
    )
    assert len(ranked) > 100  # a rule without anything to check would pass too


@cache
def names_of(module: str) -> frozenset[str]:
    """The names that a module defines: classes, functions, values."""
    return frozenset(_made_by(modules()[module].tree.body))


def _made_by(statements: Iterable[ast.stmt]) -> Iterator[str]:
    for statement in statements:
        match statement:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.Assign(targets=targets):
                yield from (node.id for target in targets for node in ast.walk(target) if isinstance(node, ast.Name))
            case ast.AnnAssign(target=ast.Name(id=name)):
                yield name
            case ast.If(body=body, orelse=orelse):
                yield from _made_by([*body, *orelse])


def names_taken(source: Source) -> Iterator[tuple[ast.AST, str, str]]:
    """The names that a file uses from the package as (where, module, name), by `from m import name` and `m.name`."""
    known: dict[str, str] = {}
    for node in source.nodes():
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                if f"{node.module}.{alias.name}" in modules():
                    known[alias.asname or alias.name] = f"{node.module}.{alias.name}"
                elif node.module in modules():
                    yield node, node.module, alias.name
    for node in source.nodes():
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in known:
            yield node, known[node.value.id], node.attr


def test_a_name_is_imported_from_where_it_lives() -> None:
    fail_on(
        (
            f"{source.at(node)} {module}.{name}"
            for source in sources()
            for node, module, name in names_taken(source)
            if name not in names_of(module)
            and f"{module}.{name}" not in modules()
            and not name.startswith("__")
            and not is_door(module, name)
        ),
        "Import it from the module that defines it: one that passes on the names of others hides what depends on what.",
    )


def is_door(module: str, name: str) -> bool:
    """The pages of a capability share one blueprint, which app.py takes from its pages.py."""
    return name == "bp" and role_of(module) == "pages"


def test_only_pages_say_what_they_pass_on() -> None:
    fail_on(
        (
            f"{source.at(node)} {node.value}"
            for source in package()
            for statement in source.tree.body
            if isinstance(statement, ast.Assign) and dotted(statement.targets[0]) == "__all__"
            for node in ast.walk(statement.value)
            if isinstance(node, ast.Constant)
            and not (source.path.endswith("/pages.py") and re.fullmatch(r"bp|\w+_pages", str(node.value)))
        ),
        "No __all__: callers import from where a thing lives. In pages.py it keeps the blueprint and the other pages, "
        "which are imported for their routes.",
    )


def test_no_drawer_for_odds_and_ends() -> None:
    names = {"utils", "util", "helpers", "helper", "common", "misc", "tools"}
    fail_on(
        (source.path for source in package() if names & set(re.split(r"[/.]", source.path))),
        "No utils, helpers, common or misc: name the file after what it knows, in the capability that knows it.",
    )


def test_every_folder_is_a_package() -> None:
    folders = {(ROOT / source.path).parent for source in package()}
    fail_on(
        (str(folder.relative_to(ROOT)) for folder in folders if not (folder / "__init__.py").exists()),
        "Add an __init__.py: without it import-linter does not see the folder.",
    )


def test_only_jobs_imports_the_scheduler() -> None:
    fail_on(
        (
            source.path
            for source in product()
            if source.path != "ledger/jobs.py"
            and re.search(r"^\s*(import|from) apscheduler", source.text, re.MULTILINE)
        ),
        "Only ledger/jobs.py imports APScheduler: add a row to its SCHEDULE.",
    )


def test_a_table_is_imported_not_named() -> None:
    calls = [
        (source, node)
        for source in package()
        for node in source.nodes()
        if isinstance(node, ast.Call) and dotted(node.func) in {"sa.table", "table"}
    ]
    fail_on(
        (f"{source.at(node)} {dotted(node.func)}(…)" for source, node in calls if source.path not in NAMES_A_TABLE),
        "Import the table's model, so that a column that goes breaks here and not at run time. If the model stands "
        "above, what is read of it belongs lower: places/ is such a part of organisations/.",
    )
    stale = NAMES_A_TABLE.keys() - {source.path for source, _node in calls}
    fail_on(stale, "These name no table any more: take them off NAMES_A_TABLE.")


def test_a_decision_has_a_number_of_its_own() -> None:
    records = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    numbers = [int(record.name[:4]) for record in records]
    fail_on(
        (
            record.name
            for record, number in zip(records, numbers, strict=True)
            if numbers.count(number) > 1 or not record.read_text(encoding="utf-8").startswith(f"# {number}. ")
        ),
        "Give the record the next free number, in its file's name and in its heading.",
    )
