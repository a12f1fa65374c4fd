"""The project's own Python files, read once, for tests of the code itself."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("ledger", "migrations", "tools", "tests", "verifier")
FILES = ("config.py", "ningxin.py", "wsgi.py")
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Source:
    """A file: its path from the root, its text and its syntax tree."""

    path: str
    text: str
    tree: ast.Module

    def at(self, node: ast.AST) -> str:
        """The position of a node, as `path:line`."""
        return f"{self.path}:{getattr(node, 'lineno', 1)}"

    def nodes(self) -> Iterator[ast.AST]:
        """All nodes of the tree."""
        return ast.walk(self.tree)


@cache
def sources() -> tuple[Source, ...]:
    """Every Python file of the project, in order of its path."""
    paths = [ROOT / name for name in FILES if (ROOT / name).exists()]
    paths += [path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py")]
    return tuple(_read(path) for path in sorted(paths))


def product() -> tuple[Source, ...]:
    """The files of the service, without tests and tools."""
    return tuple(source for source in sources() if not source.path.startswith(("tests/", "tools/")))


def package() -> tuple[Source, ...]:
    """The files of the package `ledger`."""
    return tuple(source for source in sources() if source.path.startswith("ledger/"))


def _read(path: Path) -> Source:
    text = path.read_text(encoding="utf-8")
    return Source(path.relative_to(ROOT).as_posix(), text, ast.parse(text))


def functions(source: Source) -> Iterator[tuple[str, Function]]:
    """Each function with its name as `Class.method`."""
    yield from _functions(source.tree, "")


def _functions(parent: ast.AST, prefix: str) -> Iterator[tuple[str, Function]]:
    for node in ast.iter_child_nodes(parent):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield prefix + node.name, node
            yield from _functions(node, f"{prefix}{node.name}.")
        elif isinstance(node, ast.ClassDef):
            yield from _functions(node, f"{prefix}{node.name}.")
        else:
            yield from _functions(node, prefix)


def body_without_docstring(node: Function) -> list[ast.stmt]:
    """The statements of a function without its docstring."""
    return node.body[1:] if ast.get_docstring(node) is not None else node.body


def lines_of(statements: list[ast.stmt]) -> int:
    """The number of lines from the first to the last statement."""
    return (statements[-1].end_lineno or 0) - statements[0].lineno + 1 if statements else 0


def dotted(node: ast.expr) -> str:
    """`a.b.c` for names and attributes of names, else an empty string."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        owner = dotted(node.value)
        return f"{owner}.{node.attr}" if owner else ""
    return ""


def strings(source: Source) -> Iterator[ast.Constant]:
    """Every string constant but docstrings."""
    owners = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    docstrings = {
        id(node.body[0].value)
        for node in source.nodes()
        if isinstance(node, owners) and node.body and isinstance(node.body[0], ast.Expr)
    }
    for node in source.nodes():
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node
