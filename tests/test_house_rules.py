"""The house rules of docs/ARCHITECTURE.md that a machine can check. Each message says what to do instead.

A budget is there to make you look again, not to be met by splitting mid-thought: longer code with a good reason is
listed here with that reason.
"""

import ast
import re
from collections.abc import Iterable

from tests.source import (
    Source,
    body_without_docstring,
    dotted,
    functions,
    lines_of,
    package,
    product,
    sources,
    strings,
)

FILE_LINES, FILE_LINES_EVER = 300, 500
FUNCTION_LINES, FUNCTION_LINES_EVER = 40, 60
VIEW_LINES = 10

# Path: why it may have up to 500 lines.
LONGER_FILES: dict[str, str] = {
    "tests/permissions/rules.py": "who may use each operation, a line each",
    "tests/test_every_page.py": "one tour over all pages and what must hold of each",
}
# path:name of the function: why it may have up to 60 lines.
LONGER_FUNCTIONS: dict[str, str] = {}

READS_ENVIRONMENT = {"config.py", "wsgi.py"}
COMMITS = {
    "ledger/kernel/database.py": "the PostgreSQL half of in_transaction",
    "ledger/kernel/group_commit.py": "the SQLite half of in_transaction",
    "ledger/kernel/pipelined.py": "the driver's connection to PostgreSQL, which sends what in_transaction decides",
    "ledger/kernel/dialects.py": "how BEGIN and savepoints of in_transaction reach the driver",
    "ledger/kernel/unit.py": "the savepoints of in_transaction",
    "ledger/kernel/engines.py": "says which BEGIN the engines use",
    "ledger/kernel/migrations.py": "migrations run before there are units",
    "migrations/env.py": "migrations run before there are units",
}
KNOWS_THE_TIME = {"ledger/kernel/clocks.py", "ledger/kernel/ids.py"}
CLOCK_CALLS = {"datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time", "time.time_ns"}
SQL_CLOCK = re.compile(
    r"\bnow\(\)|\bcurrent_(timestamp|date|time)\b|\b(datetime|date|julianday|unixepoch|strftime)\([^)]*'now'", re.I
)
COMMIT_CALLS = {"commit", "rollback", "begin"}
COMMIT_SQL = re.compile(r"\s*(COMMIT|ROLLBACK|BEGIN( \w+)?|SAVEPOINT \w+|RELEASE( SAVEPOINT)? \w+)\s*;?\s*$")
HTTP_VERBS = {"get", "post", "put", "patch", "delete"}


def fail_on(violations: Iterable[str], instead: str) -> None:
    """Fail with every violation of a rule and what to do there."""
    found = sorted(violations)
    assert not found, f"{instead}\n  " + "\n  ".join(found)


def is_generated(source: Source) -> bool:
    """Migrations are lists of changes, so they may be of any length."""
    return source.path.startswith("migrations/versions/")


def test_files_are_short() -> None:
    lengths = {source.path: source.text.count("\n") for source in sources() if not is_generated(source)}
    fail_on(
        (
            f"{path}: {lines} lines"
            for path, lines in lengths.items()
            if lines > (FILE_LINES_EVER if path in LONGER_FILES else FILE_LINES)
        ),
        f"A file has at most {FILE_LINES} lines. Find the second subject in it and give that a file of its own; "
        "if there is only one subject, list it in LONGER_FILES with the reason.",
    )
    stale = {path for path in LONGER_FILES if lengths.get(path, 0) <= FILE_LINES}
    fail_on(stale, "These are short enough or gone: take them off LONGER_FILES.")


def test_functions_are_short() -> None:
    lengths = {
        f"{source.path}:{name}": lines_of(body_without_docstring(node))
        for source in sources()
        if not is_generated(source)
        for name, node in functions(source)
    }
    fail_on(
        (
            f"{where}: {lines} lines"
            for where, lines in lengths.items()
            if lines > (FUNCTION_LINES_EVER if where in LONGER_FUNCTIONS else FUNCTION_LINES)
        ),
        f"A function has at most {FUNCTION_LINES} lines (aim at 25). Give a step a name and a function, or move the "
        "decision to policy.py; if it is one thought, list it in LONGER_FUNCTIONS with the reason.",
    )
    stale = {where for where in LONGER_FUNCTIONS if lengths.get(where, 0) <= FUNCTION_LINES}
    fail_on(stale, "These are short enough or gone: take them off LONGER_FUNCTIONS.")


def is_route(decorator: ast.expr) -> bool:
    """Whether a decorator is `@bp.get("/…")` or a similar one."""
    return (
        isinstance(decorator, ast.Call)
        and isinstance(decorator.func, ast.Attribute)
        and decorator.func.attr in HTTP_VERBS | {"route"}
    )


def views(source: Source) -> Iterable[tuple[str, ast.FunctionDef]]:
    """Functions with a route, and the HTTP methods of classes with a route."""
    for node in source.nodes():
        if isinstance(node, ast.FunctionDef) and any(map(is_route, node.decorator_list)):
            yield node.name, node
        if isinstance(node, ast.ClassDef) and any(map(is_route, node.decorator_list)):
            for method in node.body:
                if isinstance(method, ast.FunctionDef) and method.name in HTTP_VERBS:
                    yield f"{node.name}.{method.name}", method


def test_views_only_translate() -> None:
    lengths = (
        (f"{source.at(node)} {name}", lines_of(body_without_docstring(node)))
        for source in package()
        for name, node in views(source)
    )
    fail_on(
        (f"{where}: {lines} lines" for where, lines in lengths if lines > VIEW_LINES),
        f"The body of a view has at most {VIEW_LINES} lines: read the request, call one service or query, answer. "
        "Reading belongs to schemas.py, deciding to policy.py, writing to service.py, gathering to queries.py.",
    )


def test_no_import_inside_a_function() -> None:
    fail_on(
        (
            f"{source.at(inner)} in {name}"
            for source in sources()
            for name, node in functions(source)
            for inner in ast.walk(node)
            if isinstance(inner, ast.Import | ast.ImportFrom)
        ),
        "Import at the top of the file. If that makes a cycle, an import goes up the ranks: pass what is needed as an "
        "argument, or send an outbox event.",
    )


def test_every_module_says_what_it_is_for() -> None:
    fail_on(
        (
            source.path
            for source in sources()
            if ast.get_docstring(source.tree) is None and not source.path.endswith("__init__.py")
        ),
        "Open the module with its purpose in one to three lines.",
    )


# "of who decides": English has no bare "who" after a preposition.
_BARE_WHO = re.compile(r"\b(?:for|of|by|to|with|from) who (?=(?:is|has|may|can|was|decides|holds|manages|reads)\b)")


def test_nobody_is_a_bare_who() -> None:
    fail_on(
        (f"{source.path}: {found[0]}" for source in product() for found in _BARE_WHO.finditer(source.text)),
        'Write "whoever", "somebody who", or the noun.',
    )


def test_only_config_reads_the_environment() -> None:
    calls = {"os.environ", "os.getenv", "os.putenv", "environ", "getenv"}
    fail_on(
        (
            source.at(node)
            for source in product()
            if source.path not in READS_ENVIRONMENT
            for node in source.nodes()
            if isinstance(node, ast.Attribute | ast.Name) and dotted(node) in calls
        ),
        "Only config.py reads the environment: add a field to ledger/kernel/settings.py and fill it there.",
    )


def test_only_the_kernel_commits() -> None:
    calls = (
        f"{source.at(node)} .{node.func.attr}()"
        for source in product()
        if source.path not in COMMITS
        for node in source.nodes()
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in COMMIT_CALLS
    )
    statements = (
        f"{source.at(node)} {node.value!r}"
        for source in product()
        if source.path not in COMMITS
        for node in strings(source)
        if COMMIT_SQL.match(str(node.value))
    )
    fail_on(
        (*calls, *statements),
        "Only ledger/kernel/db.py commits: let a service take the session and run it by in_transaction(service, …).",
    )


def test_time_comes_through_one_seam() -> None:
    fail_on(
        (
            f"{source.at(node)} {dotted(node.func)}()"
            for source in product()
            if source.path not in KNOWS_THE_TIME
            for node in source.nodes()
            if isinstance(node, ast.Call) and is_clock_call(node)
        ),
        "Ask ledger.kernel.clock.now(): a test and a rehearsal must be able to choose the time.",
    )


def is_clock_call(node: ast.Call) -> bool:
    """Whether a call reads the machine's wall clock."""
    name = dotted(node.func)
    return name in CLOCK_CALLS or name.removeprefix("datetime.") in CLOCK_CALLS


def test_no_sql_reads_the_clock() -> None:
    in_text = (source.at(node) for source in product() for node in strings(source) if SQL_CLOCK.search(str(node.value)))
    in_calls = (
        f"{source.at(node)} {dotted(node.func)}()"
        for source in product()
        for node in source.nodes()
        if isinstance(node, ast.Call)
        and re.fullmatch(r"(.*\.)?func\.(now|current_timestamp|current_date|current_time|sysdate)", dotted(node.func))
    )
    fail_on((*in_text, *in_calls), "Bind the instant: SQL never reads the clock (ledger.kernel.clock.now() does).")
