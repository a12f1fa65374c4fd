"""Statements cost the same in a long book: neither writes nor reads scan whole tables.

A village exercises most statements that write; statements that read are recorded while every role requests every GET.
Permitted table scans are listed here with their reasons.
"""

import re
import shutil
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import parse_qs

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.app import create_app
from ledger.audit.verifying import service as verifying
from ledger.kernel.database import Database
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.points.models import Transfer
from ledger.points.sealing.models import CheckpointRow
from tests.crawl import Key, crawl
from tests.databases import SOON_ON_SQLITE, fresh_postgres_database, sqlite_url
from tests.demo.loaded import Village, settings_for
from tests.filters import filters_in_the_source
from tests.plans import Walk, explaining, is_a_walk, sent_to, walks
from tests.runtimes import use_database
from tests.tour import Tour
from tests.world import World

# One process runs them, which has loaded the village, and has read all of the book once.
GROUP = "village on sqlite"
on_the_village = pytest.mark.parametrize(
    "village", [pytest.param("sqlite", marks=pytest.mark.xdist_group(GROUP))], indirect=True, scope="session"
)
# Columns that a page in index order may filter by, because most rows pass.
PASSED = {
    "activity.category": "a category is a share of all activities",
    "activity.status": "what can be seen of drafts depends on the place; most activities are approved",
    "attendance.status": "a station's list by state goes along the station's own",
    "place.path": "whoever sees a part of a center goes along the center's own order",
    "proposal.kind": "a kind is a share of all proposals",
    "redemption.confirmed_at": "few carts become no receipt",
    "scan_event.outcome": "the refused scans of a station, of one day",
    "shift.cancelled_at": "few shifts are cancelled",
    "shift.ends_at": "of the shifts from yesterday on, few are over",
}
WAITS = "reads what waits for somebody, however long the book is"
ENDS = "adds up all lots that end by a day: that is the question"
# Permitted table scans by endpoint (a pattern) and table, and why.
MAY_WALK = (
    (r"audit\.export_(journal|bundle)", ".*", "a file of the whole book reads the whole book"),
    (
        r"audit(_api)?\.(export_)?trial_balance",
        "account|batch|transfer",
        "adds up the facts themselves, so that it can disagree",
    ),
    (r"(audit|lots_api)\.\w*(ending|expiry_run|list_runs|get_run)\w*", "lot|account", ENDS),
    (r"audit\.(export_)?console", "account", "adds up what all members have"),
    (r"audit\.(export_)?console", "activity|goods_in|volunteer", "asks whether there is any, and stops at the first"),
    (r"audit\.(export_)?console|home\.day|\w+\.(list_)?reviews", "attendance|proposal", WAITS),
    (r"health\.metrics", "outbox|unsealed", WAITS),
    (r"checkin_api\.(arrivals|station_code)", "code_use", "the steps of the last seconds, a row for each station"),
    (r".*", "unsealed", WAITS),
    ("written", "volunteer", "the maker of a demonstration reads those that it has just made"),
    ("written", "attendance|redemption", "housekeeping looks through what is open"),
    (r".*", "block", "the last block of a center, for the balance of a folded account"),
    (r"activities(_api)?\.(coming|my)_shifts", "activity|shift", "reads what is still to come"),
)
# Sorting by a column: an index for each would slow down every write.
SORTED = re.compile(r"[?&]sort=-?(minutes|points|total|name|kind|unit)\b")


@dataclass(frozen=True, slots=True)
class Found:
    """A table scan and the request that caused it."""

    endpoint: str
    address: str
    text: str
    walk: Walk

    def __str__(self) -> str:
        return f"{self.address}: {self.walk.step}, passing {self.walk.passed}: {self.text[:2_000]}"


@dataclass(frozen=True, slots=True)
class Looked:
    """What was found, and the requests that sent what none before them had sent."""

    found: list[Found]
    telling: frozenset[Key] = frozenset()


def excused_by(found: Found) -> set[str]:
    """The exceptions above that permit a table scan, as the staleness test names them."""
    rows = {
        f"{endpoint} · {table}"
        for endpoint, table, _why in MAY_WALK
        if re.fullmatch(endpoint, found.endpoint) and re.fullmatch(table, found.walk.table)
    }
    sorted_by = SORTED.search(found.address) if found.walk.table != "transfer" else None
    if sorted_by is not None:
        rows.add(f"sort={sorted_by[1]}")
    if found.walk.passed is not None and found.walk.passed <= set(PASSED):
        rows |= found.walk.passed or {"nothing"}
    return rows


def excuses() -> set[str]:
    """All exceptions above."""
    return {*PASSED, *(f"{endpoint} · {table}" for endpoint, table, _why in MAY_WALK)}


@pytest.fixture(scope="module")
def found_on(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], list[Found]]:
    """The table scans of all that reads the book on a database, looked for once.

    PostgreSQL is asked only what told something new on SQLite.
    """

    @cache
    def find(kind: str) -> Looked:
        among = None if kind == "sqlite" else find("sqlite").telling
        database = Database(_new_database(request, kind))
        use_database(database)
        looked = read(database, tmp_path_factory.mktemp("plans"), among)
        database.close()
        return looked

    return lambda kind: find(kind).found


def _new_database(request: pytest.FixtureRequest, kind: str) -> str:
    if kind == "sqlite":
        url = sqlite_url(request.getfixturevalue("memory"))
        shutil.copyfile(request.getfixturevalue("migrated_sqlite"), url.removeprefix("sqlite:///"))
        return url
    template = request.getfixturevalue("migrated_postgres")
    return fresh_postgres_database(request.getfixturevalue("postgres"), template=template)


def written(village: Village) -> list[Found]:
    """The table scans of a village, all the way that its year is written."""
    sent = village.sent.statements
    assert len(sent) > 100
    with explaining(village.database) as session:
        found = {text: walks(session, text, values) for text, values in sent.values()}
    return [Found("written", text, text, walk) for text, steps in found.items() for walk in steps]


def read(database: Database, folder: Path, among: frozenset[Key] | None) -> Looked:
    """The table scans of every GET, as every role, with every filter; or of those that ask something among these."""
    app = create_app(settings_for(database.url, folder), database=database)
    tour = Tour(World(database), app)
    answered: dict[str, set[int]] = defaultdict(set)
    sent_by: dict[tuple[str, str], str] = {}
    tried: set[str] = set()
    telling: set[Key] = set()
    verification_id = in_transaction(verifying.begin, actor=tour.person("admin").actor)["id"]
    keys = in_snapshot(other_keys, tour) | {"verification_id": verification_id}
    with sent_to(database.reader) as sent:
        for asked in crawl(tour, keys, among):
            answered[asked.endpoint].add(asked.answer.status_code)
            tried |= set(parse_qs(asked.address.partition("?")[2]))
            new = {(asked.endpoint, name): asked.address for name in sent.taken()}
            if not new.keys() <= sent_by.keys():
                telling.add(asked.key)
            for name, address in new.items():
                sent_by.setdefault(name, address)

    assert {endpoint for endpoint, codes in answered.items() if max(codes) >= 500} == set()
    if among is None:
        assert {endpoint for endpoint, codes in answered.items() if not codes & {200, 302, 303}} == set()
        assert filters_in_the_source() - tried == set(), "no page of the tour reads these: they are not tried"
    with explaining(database) as session:
        found = {name: walks(session, *statement) for name, statement in sent.statements.items()}
    walked = [
        Found(endpoint, address, sent.statements[name][0], walk)
        for (endpoint, name), address in sent_by.items()
        for walk in found[name]
    ]
    return Looked(walked, frozenset(telling))


@on_the_village
def test_nothing_that_is_written_walks_over_the_whole_book(village: Village) -> None:
    assert [str(each) for each in written(village) if not excused_by(each)] == []


@pytest.mark.xdist_group(GROUP)
@pytest.mark.parametrize("kind", SOON_ON_SQLITE)
def test_nothing_that_is_read_walks_over_the_whole_book(found_on: Callable[[str], list[Found]], kind: str) -> None:
    assert [str(each) for each in found_on(kind) if not excused_by(each)] == []


@on_the_village
@pytest.mark.postgres
@pytest.mark.long
def test_every_exception_is_needed_by_one_of_the_databases(
    found_on: Callable[[str], list[Found]], village: Village
) -> None:
    found = [*written(village), *found_on("sqlite"), *found_on("postgresql")]
    needed = set().union(*(excused_by(each) for each in found))
    assert excuses() - needed == set(), "these are gone, and need no exception"


def other_keys(session: Session, tour: Tour) -> dict[str, int]:
    """Keys in addresses of the API, other than those of the tour."""
    center_id = tour.world.center_id
    batch = sa.select(Transfer.batch_id).where(Transfer.center_id == center_id, Transfer.id == tour.keys["transfer_id"])
    size = sa.select(sa.func.max(CheckpointRow.size)).where(CheckpointRow.center_id == center_id)
    return {"center_id": center_id, "batch_id": session.scalars(batch).one(), "size": session.scalars(size).one()}


@pytest.mark.parametrize(
    ("table", "sought"),
    [
        ("transfer", {}),
        ("lot", {"center_id": {"="}}),
        ("attendance", {"center_id": {"="}, "status": {"="}}),
        ("attendance", {"center_id": {"="}, "opened_at": {">"}}),
    ],
)
def test_a_walk_is_told(table: str, sought: dict[str, set[str]]) -> None:
    assert is_a_walk(table, sought)


@pytest.mark.parametrize(
    ("table", "sought"),
    [
        ("lot", {"center_id": {"="}, "id": {"="}}),
        ("attendance", {"center_id": {"="}, "opened_at": {">", "<"}}),
        ("shop", {"center_id": {"="}}),
    ],
)
def test_a_look_up_is_told(table: str, sought: dict[str, set[str]]) -> None:
    assert not is_a_walk(table, sought)
