"""The order of tests: slow ones first, so that no process is left alone with one at the end.

Apart from that they keep the order they have, by name or at random. Tests on the same database stay together, because
each change of it is a new database. A group of xdist comes before all others, which is why the pages are in groups.
"""

import pytest

from tests import source

# Tests that take more than about five seconds, the slowest first; `--durations=50` lists them.
SLOW = (
    "tests/test_first_use_in_browser.py",
    "tests/shop/test_machine.py",
    "tests/test_bench.py",
    "tests/crash/",
    "tests/demo/",
    "tests/points/test_folded.py",
    "tests/points/test_lives_of_points.py",
    "tests/points/test_bookkeeping.py",
    "tests/checkin/test_machine.py",
    "tests/points/test_bank.py",
    "tests/points/test_races",
)


def pytest_itemcollected(item: pytest.Item) -> None:
    """Let one process run all tests that judge the code, because its syntax trees take 130 MB and three seconds."""
    own = vars(item.module).values() if isinstance(item, pytest.Function) else ()
    judges = any(each is read for each in own for read in (source.sources, source.package, source.product))
    if judges and not {"database_url", "own_database_url"} & set(getattr(item, "fixturenames", ())):
        item.add_marker(pytest.mark.xdist_group("code"))


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sort the tests after all other plugins have sorted them."""
    items.sort(key=lambda item: (_is_on_postgres(item), _rank(item)))


def _is_on_postgres(item: pytest.Item) -> bool:
    """Whether the test needs PostgreSQL as the shared database."""
    called = getattr(item, "callspec", None)
    return called is not None and called.params.get("database_url") == "postgresql"


def _rank(item: pytest.Item) -> int:
    return next((rank for rank, start in enumerate(SLOW) if item.nodeid.startswith(start)), len(SLOW))
