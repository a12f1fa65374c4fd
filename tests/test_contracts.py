"""The contract over files of one kind: what it refuses, what it excuses, and that unused excuses fail."""

from typing import Any

import pytest
from grimp import ImportGraph

from tools.contracts import FileNamesContract

IMPORTS = (
    ("ledger.shop.pages", "flask"),
    ("ledger.shop.service", "ledger.shop.words"),
    ("ledger.shop.words", "flask_babel"),
    ("ledger.shop.policy", "ledger.kernel.ids"),
)


def broken(*more: tuple[str, str], **options: Any) -> tuple[list[tuple[str, ...]], list[str]]:
    """The chains that break a contract, and the stale patterns."""
    graph = ImportGraph()
    for importer, imported in (*IMPORTS, *more):
        graph.add_import(importer=importer, imported=imported)
    checked = FileNamesContract("test", {}, options).check(graph, verbose=False)
    assert checked.kept == (checked.metadata == {"chains": [], "stale": []})
    return checked.metadata["chains"], checked.metadata["stale"]


DOORS = {"modules": ["ledger.*"], "must_not_import": ["flask", "flask_*"], "unless": ["ledger.*pages", "*.words"]}
PURE = {"modules": ["ledger.*policy"], "must_not_import": ["*queries"], "indirectly": "true"}


def test_what_stands_at_a_door_may() -> None:
    assert broken(**DOORS) == ([], [])


@pytest.mark.parametrize("package", ["flask", "flask_babel"])
def test_what_does_not_must_not(package: str) -> None:
    assert broken(("ledger.shop.service", package), **DOORS) == ([("ledger.shop.service", package)], [])


def test_a_name_at_the_end_is_a_kind_of_file() -> None:
    assert broken(("ledger.shop.shelf_pages", "flask"), **DOORS) == ([], [])
    assert broken(("ledger.shop.pages_of", "flask"), **DOORS) == ([("ledger.shop.pages_of", "flask")], [])


def test_an_excuse_that_nobody_needs_is_out_of_date() -> None:
    assert broken(**DOORS | {"unless": [*DOORS["unless"], "ledger.shop.service"]}) == ([], ["ledger.shop.service"])


def test_a_chain_of_imports_breaks_it_as_well() -> None:
    assert broken(**PURE) == ([], [])
    way = ("ledger.shop.policy", "ledger.shop.service", "ledger.shop.shelf_queries")

    assert broken(way[:2], way[1:], **PURE) == ([way], [])
    assert broken(way[:2], way[1:], **PURE | {"indirectly": "false"}) == ([], [])
