"""A book to measure in: a center with members who have points, a shop with goods, and the paths of a posting."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from ledger.kernel import clock
from ledger.kernel.actor import Actor, Grant
from ledger.kernel.database import Database
from ledger.kernel.db import in_snapshot, in_transaction, in_transaction_once
from ledger.kernel.idempotency import Once
from ledger.kernel.ids import new_id, public_id
from ledger.kernel.migrations import upgrade
from ledger.kernel.permissions import Permission
from ledger.kernel.settings import Settings
from ledger.kernel.unit import Unit
from ledger.organisations import queries as organisations
from ledger.organisations.service import create_center
from ledger.points.book import opening, service
from ledger.points.corrections import clawback
from ledger.points.policy import MINUTE, POINT, AccountKey, Movement, Source
from ledger.points.raw import service as raw
from ledger.points.raw.service import WantedTransfer
from tests.runtimes import TEST_SECRET, ZONE, use_database

ITEM = "item-bench"
LINES = 3
_keys = count(1)


class Book:
    """One center of a database, and the paths of a posting through it, each as its own unit with its own key."""

    def __init__(self, database: Database, center_id: int, members: int) -> None:
        self.database, self.center_id, self.members = database, center_id, members
        self.actor = Actor(1, center_id, frozenset({Grant(Permission.RAW_LEDGER, "/")}))
        self._turn = count()
        self.held: list[list[int]] = []
        self.free: tuple[int, int] = (0, 0)
        # One COMMIT per unit, in the caller's thread: the baseline for group commit.
        self.plainly = False

    def prepare(self) -> None:
        """Put goods on the shelf and open two free accounts, one of which may go below zero."""
        self.run(opening.add_unit, ITEM, scale=0, actor=self.actor)
        self.run(self._stock)
        ids = [self.run(raw.open_account, POINT, overdraft=True, actor=self.actor) for _ in range(2)]
        self.free = (ids[0], ids[1])

    def run(self, work: Callable[..., Any], *args: Any, once: Once | None = None, **kwargs: Any) -> Any:
        """Run a unit on this book's database."""
        use_database(self.database)
        if not self.plainly:
            return in_transaction_once(once, work, *args, **kwargs)
        unit = Unit(lambda session: work(session, *args, **kwargs), once, now=clock.now())
        with self.database.writer.begin() as connection:
            unit.run(connection)
        return unit.value

    def award(self, *, minutes: int = 120, points: int = 200) -> None:
        """Post what a check-out does: hours and points of one visit, after paying any debt."""
        self.run(self._award, self._visit(minutes, points), once=self._once())

    def awards(self, times: int) -> None:
        """Post `times` awards in one unit."""
        self.run(self._award_all, [self._visit(120, 200) for _ in range(times)])

    def hold(self) -> None:
        """Post the first step at the till: three lines, each holding points and goods."""
        self.held.append(self.run(self._hold, self._member(), once=self._once()))

    def confirm(self) -> None:
        """Post the second step at the till: all of a hold."""
        self.run(self._confirm, self.held.pop(), once=self._once())

    def chain(self, length: int, *, sides: tuple[int, int] | None = None) -> None:
        """Post one raw request with all transfers linked."""
        debit, credit = sides or self.free
        wanted = [
            WantedTransfer(str(new_id()), debit, credit, 1, POINT, linked=number + 1 < length)
            for number in range(length)
        ]
        self.run(self._chain, wanted, once=self._once())

    def _member(self) -> int:
        # Not next to the previous member in the indexes, like real visits.
        return 1 + next(self._turn) * 7919 % self.members

    def _once(self) -> Once:
        return Once(self.center_id, "bench", public_id(new_id()), "hash")

    def _stock(self, session: Session) -> None:
        movement = Movement(AccountKey(ITEM, "bought"), AccountKey(ITEM, "stock", 1), 10**9, "goods_in")
        self._post(session, [movement], "bench")

    def _visit(self, minutes: int, points: int) -> list[Movement]:
        number = self._member()
        return [
            Movement(AccountKey(MINUTE, "service"), AccountKey(MINUTE, "member", number), minutes, "hours"),
            Movement(
                AccountKey(POINT, "issuance"),
                AccountKey(POINT, "member", number),
                points,
                "award",
                good_until=clock.today(),
            ),
        ]

    def _award_all(self, session: Session, visits: list[list[Movement]]) -> None:
        for movements in visits:
            self._award(session, movements)

    def _award(self, session: Session, movements: list[Movement]) -> None:
        self._post(session, clawback.pay_debt_first(session, movements, actor=self.actor), "award:1")

    def _hold(self, session: Session, member: int) -> list[int]:
        until = clock.now() + timedelta(minutes=10)
        sides = [
            (AccountKey(POINT, "member", member), AccountKey(POINT, "redeemed", 1), "redeem"),
            (AccountKey(ITEM, "stock", 1), AccountKey(ITEM, "handed_out", 1), "goods"),
        ]
        movements = [Movement(*side[:2], 1, side[2], until) for _ in range(LINES) for side in sides]
        return self._post(session, movements, "hold").transfer_ids

    def _confirm(self, session: Session, held: list[int]) -> int:
        source = Source("bench", str(new_id()), "post")
        evidence = {"lines": held}
        return service.resolve(
            session, held, "post", source=source, actor=self.actor, reason="redemption", evidence=evidence
        ).batch_id

    def _chain(self, session: Session, wanted: list[WantedTransfer]) -> int:
        results = raw.transfer_all(session, wanted, actor=self.actor)["results"]
        if results[0]["status"] != "created":
            raise RuntimeError(f"the chain was refused: {results[0]}")
        return len(results)

    def _post(self, session: Session, movements: list[Movement], step: str) -> service.Posted:
        source = Source("bench", str(new_id()), step)
        evidence = {"visit": 1, "rule": 1, "minutes_present": 120}
        return service.post(session, movements, source=source, actor=self.actor, reason="bench", evidence=evidence)


def new_book(url: str, *, members: int) -> Book:
    """A new book in a new database; its members have enough points for every measurement."""
    upgrade(url)
    database = opened(url)
    book = Book(database, in_transaction(create_center, name="bench"), members)
    if members:
        book.prepare()
    for _ in range(members):
        book.award(points=10**6)
    return book


def open_book(url: str, *, members: int) -> Book:
    """An existing book."""
    database = opened(url)
    return Book(database, in_snapshot(organisations.only_center).id, members)


def opened(url: str) -> Database:
    """Use the database within the block."""
    database = Database(url)
    use_database(database)
    return database


def settings_on(url: str, folder: Path) -> Settings:
    """The settings of an application on a book."""
    return Settings(
        environment="development",
        database_url=url,
        secret_key=TEST_SECRET,
        base_url="http://127.0.0.1",
        host="127.0.0.1",
        port=0,
        timezone=ZONE,
        data_folder=folder,
    )


@contextmanager
def sqlite_book(folder: Path, *, members: int) -> Iterator[Book]:
    """A new book in a SQLite file."""
    book = new_book(f"sqlite:///{folder / f'bench-{next(_keys)}.sqlite3'}", members=members)
    yield book
    book.database.close()
