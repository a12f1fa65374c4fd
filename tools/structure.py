"""The structure of capabilities in figures: folders, the longest chain of imports between them, and mutual imports.

`python -m tools.structure [FOLDER] [CAPABILITY …]` reads a checkout's code as text, this one's by default.
"""

import ast
import sys
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
USUAL = ("points", "audit", "people")
Graph = dict[str, set[str]]


def modules_of(root: Path) -> Graph:
    """Each module in ledger/ with those in ledger/ that it imports."""
    files = {
        ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__"): path
        for path in (root / "ledger").rglob("*.py")
    }
    return {name: _imports(path, set(files)) - {name} for name, path in files.items()}


def _imports(path: Path, known: set[str]) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {f"{node.module}.{alias.name}" for alias in node.names} & known or {node.module} & known
    return found


def rooms_of(modules: Graph, capability: str) -> Graph:
    """The folders of a capability and the files beside them, each with those that it imports."""
    inside = f"ledger.{capability}."
    rooms: Graph = {}
    for name, imported in modules.items():
        if name.startswith(inside):
            room = name.removeprefix(inside).split(".")[0]
            others = {each.removeprefix(inside).split(".")[0] for each in imported if each.startswith(inside)}
            rooms[room] = rooms.get(room, set()) | (others - {room})
    return rooms


def pairs_back(rooms: Graph) -> list[tuple[str, str]]:
    """Pairs of folders or files that import each other."""
    return sorted((one, other) for one in rooms for other in rooms[one] if one < other and one in rooms.get(other, ()))


def longest_chain(graph: Graph) -> list[str]:
    """The longest chain of imports; in a graph with cycles, the longest without repetition."""

    @cache
    def below(name: str, passed: frozenset[str]) -> tuple[str, ...]:
        ways = [below(each, passed | {each}) for each in sorted(graph[name] - passed)]
        return (name, *max(ways, key=len, default=()))

    return list(max((below(name, frozenset({name})) for name in sorted(graph)), key=len, default=()))


def main() -> None:
    """Print the figures of each capability."""
    root = Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else ROOT
    modules = modules_of(root)
    for capability in sys.argv[2:] or USUAL:
        rooms = rooms_of(modules, capability)
        folders = sorted(room for room in rooms if any(f"{capability}.{room}." in name for name in modules))
        chain, back = longest_chain(rooms), pairs_back(rooms)
        print(f"{capability}: {len(folders)} folders, {len(rooms) - len(folders)} files beside them")
        print(f"  folders: {', '.join(folders) or 'none'}")
        print(f"  longest chain of imports: {len(chain)} ({' -> '.join(chain)})")
        print(f"  pairs that import each other: {len(back)} {back or ''}")
    lines = sum(len(path.read_text(encoding="utf-8").splitlines()) for path in (root / "ledger").rglob("*.py"))
    print(f"ledger/: {len(modules)} files, {lines} lines")


if __name__ == "__main__":
    main()
