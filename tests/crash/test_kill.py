"""kill -9 in the middle of a burst: what was answered is stored once, and the rest can be sent again."""

import http.client
import shutil
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from ledger.checkin import service as checkin
from ledger.checkin.commands import ScanCommand
from ledger.checkin.policy import Intent
from ledger.kernel import clock
from ledger.kernel.database import Database
from ledger.kernel.db import in_transaction
from ledger.kernel.ids import public_id
from ledger.points.book.queries import trial_balance
from tests.cli.test_commands import console_at
from tests.crash.server import Call, Server
from tests.world import Person, ServedWorld, World

pytestmark = pytest.mark.crash

PEOPLE = 60
THREADS = 12
ANSWERS_BEFORE_THE_KILL = 55
PRICE = 300


@dataclass
class Burst:
    """Requests by many threads; each keeps its answers until the server stops answering."""

    server: Server
    answers: dict[Call, tuple[int, Any, bool]] = field(default_factory=dict)
    unanswered: list[Call] = field(default_factory=list)
    enough: threading.Event = field(default_factory=threading.Event)

    def send(self, call: Call) -> Any:
        """Send a call; returns the JSON, or None if the connection broke."""
        try:
            answer = call.send(self.server.port)
        except (OSError, http.client.HTTPException):
            self.unanswered.append(call)
            return None
        self.answers[call] = answer
        if len(self.answers) >= ANSWERS_BEFORE_THE_KILL:
            self.enough.set()
        return answer[1]

    def run(self, works: "Sequence[Work]") -> list[threading.Thread]:
        """Start threads that take the work items in turn."""
        threads = [
            threading.Thread(target=self._take, args=(works[number::THREADS],), daemon=True)
            for number in range(THREADS)
        ]
        for thread in threads:
            thread.start()
        return threads

    def _take(self, works: "Sequence[Work]") -> None:
        for work in works:
            work.do(self)


@dataclass
class Work:
    """A person's work in the burst."""

    person: Person
    clerk: Person
    calls: list[Call] = field(default_factory=list)

    def do(self, burst: Burst) -> None:
        """Send its calls one after another; later ones depend on earlier answers."""
        raise NotImplementedError


@dataclass
class CheckOut(Work):
    """A clerk scans the card of a person who leaves."""

    station: str = ""

    def do(self, burst: Burst) -> None:
        scan = {"client_scan_id": f"out-{self.person.volunteer_id}", "intent": "out", "card": self.person.card}
        self.calls.append(Call("POST", "/api/v1/checkins", self.clerk.token, scan | {"station_id": self.station}))
        burst.send(self.calls[0])


@dataclass
class Redeem(Work):
    """A person shows a code; the clerk holds one bag and confirms."""

    shop: str = ""
    item: str = ""

    def do(self, burst: Burst) -> None:
        shown = burst.send(Call("POST", "/api/v1/payer-codes", self.person.token))
        if shown is None:
            return
        wanted = {"shop_id": self.shop, "payer_code": shown["code"], "lines": [{"item_id": self.item, "quantity": 1}]}
        key = f"hold-{self.person.volunteer_id}"
        self.calls.append(Call("POST", "/api/v1/redemptions", self.clerk.token, wanted, key))
        held = burst.send(self.calls[0])
        if held is not None:
            self.confirm(burst, held)

    def confirm(self, burst: Burst, held: Any) -> None:
        """Confirm the hold."""
        key = f"confirm-{self.person.volunteer_id}"
        self.calls.append(Call("POST", f"/api/v1/redemptions/{held['id']}/confirm", self.clerk.token, None, key))
        burst.send(self.calls[1])


@pytest.fixture
def server(tmp_path: Path, migrated_sqlite: Path) -> Iterator[Server]:
    """A server on a data folder with a migrated database; stopped at the end."""
    shutil.copyfile(migrated_sqlite, tmp_path / "ningxin.sqlite3")
    server = Server(tmp_path)
    yield server
    server.stop()


def make_works(world: World) -> list[Work]:
    """People who earned points yesterday and have been checked in for an hour, and a shop with enough stock."""
    now = clock.now()
    station, clerk = public_id(world.station_id), world.add_staff("clerk")
    shop_id = world.add_shop()
    item_id = world.add_item(shop_id, points=PRICE, stock=PEOPLE * 2)
    yesterday = world.add_shift(now - timedelta(days=1), hours=4)
    today = world.add_shift(now - timedelta(hours=1), hours=3)
    works: list[Work] = []
    for _ in range(PEOPLE):
        person = world.add_volunteer()
        scan(world, clerk, person, shift_id=yesterday, intent="in", at=now - timedelta(days=1))
        scan(world, clerk, person, shift_id=yesterday, intent="out", at=now - timedelta(hours=20))
        scan(world, clerk, person, shift_id=today, intent="in", at=now - timedelta(hours=1))
        works.append(CheckOut(person, clerk, station=station))
        works.append(Redeem(person, clerk, shop=public_id(shop_id), item=public_id(item_id)))
    return works


def scan(world: World, clerk: Person, person: Person, *, shift_id: int, intent: Intent, at: datetime) -> None:
    """A scan that happened before the burst."""
    command = ScanCommand(
        client_scan_id=f"{intent}-{shift_id}-{person.volunteer_id}",
        intent=intent,
        card=person.card,
        station_id=world.station_id,
        shift_id=shift_id,
        confirmed=("WALK_IN",),
    )
    with clock.at(at):
        in_transaction(checkin.scan, command, actor=clerk.actor)


def test_what_was_answered_is_there_once_and_the_rest_can_be_sent_again(server: Server) -> None:
    database = Database(f"sqlite:///{server.folder / 'ningxin.sqlite3'}")
    world = ServedWorld(database)
    works = make_works(world)
    server.start()
    burst = Burst(server)
    threads = burst.run(works)
    assert burst.enough.wait(30), "the burst is too slow"

    server.kill()
    for thread in threads:
        thread.join(30)
    first = dict(burst.answers)
    cut = list(burst.unanswered)
    assert cut, "the server was killed when all was done already"
    assert {answer[0] for answer in first.values()} <= {200, 201}

    server.start()
    assert_answered_are_there(database, world.center_id, first)
    finish(burst, works)
    assert_sent_again_changes_nothing(burst, first)
    assert_everything_happened_once(database, world.center_id)
    database.close()
    console = console_at(database.url, server.folder)
    verified = console.run("verify")
    assert verified.exit_code == 0, verified.output
    console.app.extensions["runtime"].database.close()


def finish(burst: Burst, works: list[Work]) -> None:
    """Resend unanswered calls with the same keys, and do the work that never began."""
    for work in works:
        if not work.calls:
            work.do(burst)
            continue
        for call in list(work.calls):
            if call not in burst.answers:
                answer = burst.send(call)
                assert burst.answers[call][0] in (200, 201), burst.answers[call]
                if isinstance(work, Redeem) and len(work.calls) == 1:
                    work.confirm(burst, answer)
    assert {answer[0] for answer in burst.answers.values()} <= {200, 201}


def assert_answered_are_there(database: Database, center_id: int, answers: dict[Call, tuple[int, Any, bool]]) -> None:
    """Everything that was answered is stored exactly once."""
    scans = Counter(rows(database, "SELECT client_scan_id FROM scan_event WHERE center_id = :center", center_id))
    keys = Counter(rows(database, "SELECT key FROM idempotency WHERE center_id = :center", center_id))
    for call in answers:
        if call.path.endswith("/checkins"):
            assert scans[(call.body["client_scan_id"],)] == 1
        elif call.key:
            assert keys[(call.key,)] == 1


def assert_sent_again_changes_nothing(burst: Burst, first: dict[Call, tuple[int, Any, bool]]) -> None:
    """Everything answered before the kill gets the same answer after it, as a replay."""
    for call, (status, body, _) in first.items():
        if call.path.endswith("/payer-codes"):
            continue
        again = call.send(burst.server.port)
        assert (again[0], again[2]) == (status, True)
        # Sealing goes on: a batch without a leaf in the first answer may have one now; nothing else may differ.
        seal, before = again[1].pop("seal", None), body.pop("seal", None)
        assert again[1] == body
        assert seal == before or before["leaf_index"] is None
        assert (seal and seal["batch_id"]) == (before and before["batch_id"])


def assert_everything_happened_once(database: Database, center_id: int) -> None:
    """Each person left once, was paid once and has one receipt; the numbers have no gap; the sums are zero."""
    statuses = rows(database, "SELECT status, count(*) FROM attendance WHERE center_id = :center GROUP BY 1", center_id)
    assert statuses == [("CONFIRMED", 2 * PEOPLE)]
    steps = rows(
        database,
        "SELECT source_type, step, count(*) FROM batch WHERE center_id = :center"
        " AND source_type IN ('attendance', 'redemption') GROUP BY 1, 2 ORDER BY 1, 2",
        center_id,
    )
    assert steps == [
        ("attendance", "award:1", 2 * PEOPLE),
        ("redemption", "hold", PEOPLE),
        ("redemption", "post", PEOPLE),
    ]
    numbers = rows(
        database,
        "SELECT receipt_number FROM redemption WHERE center_id = :center AND status = 'CONFIRMED' ORDER BY 1",
        center_id,
    )
    assert numbers == [(number,) for number in range(1, PEOPLE + 1)]
    with database.snapshot() as session:
        lines = trial_balance(session, center_id)
    for unit in {line.unit for line in lines}:
        assert sum(line.debits - line.credits for line in lines if line.unit == unit) == 0


def rows(database: Database, statement: str, center_id: int) -> list[Any]:
    """The rows of a statement, from its own snapshot."""
    with database.snapshot() as session:
        return [tuple(row) for row in session.execute(sa.text(statement), {"center": center_id})]
