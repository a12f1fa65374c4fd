"""Writers and readers for the bank of 8 accounts with 100 in all; each process keeps its own journal.

A journal gets a line after each answer and survives kill -9. A restarted writer continues after its journal's last
line, so it resends what was in flight under the same name.
"""

import json
import os
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ledger.kernel.actor import Actor, Grant
from ledger.kernel.database import Database
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.permissions import Permission
from ledger.points.book import queries
from ledger.points.raw import service as raw
from ledger.points.raw.service import WantedTransfer
from tests.at_once import at_once, failures
from tests.runtimes import use_database

ACCOUNTS, TOTAL = 8, 100
# Leaves CPU to the writers.
PAUSE_SECONDS = 0.003


@dataclass(frozen=True)
class Bank:
    """The bank's database and the folder of its journals."""

    url: str
    center_id: int
    accounts: tuple[int, ...]
    folder: Path

    @property
    def actor(self) -> Actor:
        """An actor who may move between free accounts."""
        return Actor(1, self.center_id, frozenset({Grant(Permission.RAW_LEDGER, "/")}))

    @property
    def closing(self) -> Path:
        """Readers stop once this file exists."""
        return self.folder / "closing"

    def journal(self, name: str) -> Path:
        """The journal of a writer or reader."""
        return self.folder / f"{name}.jsonl"

    def journals(self) -> list[dict[str, Any]]:
        """Lines of all journals."""
        return [line for path in sorted(self.folder.glob("*.jsonl")) for line in lines_of(path)]

    def read(self) -> list[int]:
        """The balances from one snapshot, one query each."""
        return in_snapshot(
            lambda session: [queries.get_account(session, one, self.center_id).balance for one in self.accounts]
        )


def lines_of(path: Path) -> list[dict[str, Any]]:
    """Lines of a journal so far."""
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def write(bank: Bank, process: int, threads: int, each: int) -> None:
    """A writer process: every thread makes its `each` transfers and reads now and then."""
    database = Database(bank.url)

    def work(thread: int) -> None:
        use_database(database)
        name = f"writer-{process}-{thread}"
        done = sum("name" in line for line in lines_of(bank.journal(name)))
        with _Journal(bank.journal(name)) as journal:
            for number, wanted in enumerate(plan(bank, name, each)):
                if number >= done:
                    _transfer(bank, wanted, journal)
                    if number % 3 == 0:
                        journal.add(read=bank.read())

    outcomes = at_once([lambda thread=thread: work(thread) for thread in range(threads)])
    database.close()
    for error in failures(outcomes):
        raise error


def read(bank: Bank) -> None:
    """A reader process: it reads until the bank closes."""
    database = Database(bank.url)
    use_database(database)
    with _Journal(bank.journal("reader")) as journal:
        while not bank.closing.exists():
            journal.add(read=bank.read())
            time.sleep(PAUSE_SECONDS)
    database.close()


def plan(bank: Bank, name: str, each: int) -> Iterator[list[WantedTransfer]]:
    """The requests of a thread, the same on every call: transfers of 1 to 5, every fourth a chain of three."""
    chance = random.Random(name)
    for number in range(each):
        way = chance.sample(bank.accounts, 3 if number % 4 == 0 else 2)
        yield [
            WantedTransfer(
                id=f"{name}-{number}-{step}",
                debit_account_id=way[step],
                credit_account_id=way[step + 1],
                amount=chance.randint(1, 5),
                unit="point",
                linked=step + 2 < len(way),
            )
            for step in range(len(way) - 1)
        ]


def _transfer(bank: Bank, wanted: list[WantedTransfer], journal: "_Journal") -> None:
    results = in_transaction(raw.transfer_all, wanted, actor=bank.actor)["results"]
    codes = {result.get("code", "created") for result in results} - {"points.linked_event_failed"}
    journal.add(name=wanted[0].id, names=[each.id for each in wanted], code=codes.pop())


class _Journal:
    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_CREAT | os.O_APPEND | os.O_WRONLY)

    def __enter__(self) -> "_Journal":
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._file)

    def add(self, **line: Any) -> None:
        """Append a line in one write, before returning."""
        os.write(self._file, json.dumps(line).encode() + b"\n")
