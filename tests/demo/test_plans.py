"""Statements cost the same in a long book: neither writes nor reads scan whole tables.

A village exercises most statements that write; statements that read are recorded while every role requests every GET.
Permitted table scans are listed here with their reasons.
"""

import re
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.app import create_app
from ledger.audit.verifying import service as verifying
from ledger.kernel.database import Database
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.engines import is_sqlite
from ledger.points.models import Transfer
from ledger.points.sealing.models import CheckpointRow
from tests.crawl import crawl
from tests.demo.test_district import load, settings_for
from tests.plans import Walk, explaining, is_a_walk, sent_to, walks
from tests.tour import Tour
from tests.world import World

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
    (r"\w+\.export_\w+", ".*", "a file of everything reads everything"),
    (r"audit(_api)?\.trial_balance", "account|batch|transfer", "adds up the facts themselves, so that it can disagree"),
    (r"(audit|lots_api)\.\w*(ending|expiry_run|list_runs|get_run)\w*", "lot|account", ENDS),
    (r"audit\.console", "account", "adds up what all members have"),
    (r"audit\.console", "activity|goods_in|volunteer", "asks whether there is any, and stops at the first"),
    (r"audit\.console|home\.day|\w+\.(list_)?reviews", "attendance|proposal", WAITS),
    (r"health\.metrics", "outbox|unsealed", WAITS),
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


def may_walk(found: Found) -> bool:
    """Whether a table scan is permitted above."""
    if found.walk.passed is not None and found.walk.passed <= set(PASSED):
        return True
    if found.walk.table != "transfer" and SORTED.search(found.address):
        return True
    return any(
        re.fullmatch(endpoint, found.endpoint) and re.fullmatch(table, found.walk.table)
        for endpoint, table, _why in MAY_WALK
    )


@pytest.mark.parametrize("own_database_url", ["sqlite"], indirect=True)
def test_nothing_that_is_written_walks_over_the_whole_book(own_database: Database, tmp_path: Path) -> None:
    with sent_to(own_database.writer) as sent:
        load(settings_for(own_database.url, tmp_path))

    assert len(sent.statements) > 100
    with explaining(own_database) as session:
        found = {text: walks(session, text, values) for text, values in sent.statements.values()}
    gone = [Found("written", text, text, walk) for text, steps in found.items() for walk in steps]
    assert [str(each) for each in gone if not may_walk(each)] == []


def test_nothing_that_is_read_walks_over_the_whole_book(own_database: Database, tmp_path: Path) -> None:
    app = create_app(settings_for(own_database.url, tmp_path), database=own_database)
    tour = Tour(World(own_database), app)
    answered: dict[str, set[int]] = defaultdict(set)
    sent_by: dict[tuple[str, str], str] = {}
    verification_id = in_transaction(verifying.begin, actor=tour.person("admin").actor)["id"]
    keys = in_snapshot(other_keys, tour) | {"verification_id": verification_id}
    with sent_to(own_database.reader) as sent:
        for asked in crawl(tour, keys):
            answered[asked.endpoint].add(asked.answer.status_code)
            for name in sent.taken():
                sent_by.setdefault((asked.endpoint, name), asked.address)

    assert {endpoint for endpoint, codes in answered.items() if not codes & {200, 302, 303}} == set()
    assert {endpoint for endpoint, codes in answered.items() if max(codes) >= 500} == set()
    with explaining(own_database) as session:
        found = {name: walks(session, *statement) for name, statement in sent.statements.items()}
    gone = [
        Found(endpoint, address, sent.statements[name][0], walk)
        for (endpoint, name), address in sent_by.items()
        for walk in found[name]
    ]
    assert [str(each) for each in gone if not may_walk(each)] == []
    passed = {column for each in gone for column in each.walk.passed or ()}
    # PostgreSQL would rather sort what is still to come.
    unused = set(PASSED) - passed if is_sqlite(own_database.url) else set()
    assert unused == set(), "these are gone, and need no exception"


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
