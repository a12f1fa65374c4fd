"""A bank of 8 accounts with 100 in all; real processes write and read, and one is killed repeatedly.

Every read sums to 100 with nothing below zero, and each confirmed transfer is booked once, despite the kills.
"""

import os
import signal
import time
from collections import Counter
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.kernel.database import Database
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.points.models import Batch
from ledger.points.policy import AccountKey, Movement
from ledger.points.raw import service as raw
from tests.at_once import LONGEST_SECONDS
from tests.points import bank_workers
from tests.points.bank_workers import ACCOUNTS, TOTAL, Bank
from tests.points.books import ISSUANCE, Books, new_books
from tests.points.logs import Log, assert_whole
from tests.points.soundness import assert_sound
from tests.processes import fresh

pytestmark = pytest.mark.crash

# Threads share the one writer of a SQLite file; on PostgreSQL each is a process with its own connections.
PROCESSES_AND_THREADS = {"sqlite": (1, 6), "postgresql": (3, 1)}


def open_bank(database: Database, folder: Path) -> tuple[Bank, Books]:
    """Open eight funded accounts. Returns them as a bank and as a book."""
    books = new_books()
    bank = Bank(database.url, books.center_id, (), folder)
    ids = [in_transaction(raw.open_account, "point", overdraft=False, actor=bank.actor) for _ in range(ACCOUNTS)]
    amounts = [TOTAL // ACCOUNTS + (number < TOTAL % ACCOUNTS) for number in range(ACCOUNTS)]
    books.post(
        *[
            Movement(ISSUANCE, AccountKey("point", "free", account_id), amount, "transfer")
            for account_id, amount in zip(ids, amounts, strict=True)
        ]
    )
    return Bank(database.url, books.center_id, tuple(ids), folder), books


def start(bank: Bank, process: int, threads: int, each: int) -> BaseProcess:
    """Start a writer process."""
    writer = fresh.Process(target=bank_workers.write, args=(bank, process, threads, each), daemon=True)
    writer.start()
    return writer


def kill_in_the_middle(bank: Bank, writer: BaseProcess, answers: int) -> None:
    """kill -9 the first writer after that many answers, while it still has work."""
    until = time.monotonic() + LONGEST_SECONDS
    while sum("name" in line for line in journal_of_first(bank)) < answers:
        assert writer.is_alive(), "the writer ended before it could be killed"
        assert time.monotonic() < until, "the writer has stopped"
        time.sleep(0.005)
    os.kill(writer.pid or 0, signal.SIGKILL)
    writer.join(LONGEST_SECONDS)
    assert writer.exitcode == -signal.SIGKILL, "it was killed when all was done already"


def journal_of_first(bank: Bank) -> list[dict[str, object]]:
    """Answers to the first writer's threads so far."""
    return [line for path in bank.folder.glob("writer-0-*.jsonl") for line in bank_workers.lines_of(path)]


def run_bank(bank: Bank, dialect: str, *, each: int, kills: int) -> None:
    """Run all processes to their end; kill and restart the first writer in between."""
    processes, threads = PROCESSES_AND_THREADS[dialect]
    reader = fresh.Process(target=bank_workers.read, args=(bank,), daemon=True)
    reader.start()
    writers = [start(bank, number, threads, each) for number in range(processes)]
    for number in range(1, kills + 1):
        kill_in_the_middle(bank, writers[0], each * threads * number // (kills + 2))
        writers[0] = start(bank, 0, threads, each)
    for writer in writers:
        writer.join(LONGEST_SECONDS * 3)
    bank.closing.touch()
    reader.join(LONGEST_SECONDS)
    assert {process.exitcode for process in [*writers, reader]} == {0}


@pytest.mark.parametrize(
    ("each", "kills"), [(50, 1), pytest.param(600, 5, marks=pytest.mark.long)], ids=["short", "long"]
)
def test_bank_keeps_its_hundred_whoever_is_killed(
    own_database: Database, tmp_path: Path, each: int, kills: int
) -> None:
    bank, books = open_bank(own_database, tmp_path)
    dialect = own_database.writer.dialect.name

    run_bank(bank, dialect, each=each, kills=kills)

    processes, threads = PROCESSES_AND_THREADS[dialect]
    assert_every_read_is_whole(bank)
    assert_answers_are_kept(bank, expected=processes * threads * each, sent_again=threads * kills)
    assert_sound(books.accounts(), books.transfers())
    log = Log(bank.center_id)
    while log.seal():
        pass
    assert_whole(log)


def assert_every_read_is_whole(bank: Bank) -> None:
    """Every read at any time: 100 in all, nothing below zero."""
    reads = [line["read"] for line in bank.journals() if "read" in line] + [bank.read()]
    assert len({tuple(balances) for balances in reads}) > 10, "nothing happened while they read"
    assert {sum(balances) for balances in reads} == {TOTAL}
    assert min(min(balances) for balances in reads) >= 0


def assert_answers_are_kept(bank: Bank, *, expected: int, sent_again: int) -> None:
    """The book contains each confirmed name once, no refused name, and nothing else."""
    answers = [line for line in bank.journals() if "name" in line]
    codes = Counter(line["code"] for line in answers)
    assert len({line["name"] for line in answers}) == len(answers) == expected
    assert set(codes) <= {"created", "points.exceeds_credits", "points.exists"}
    # Only what was in flight at a kill is resent.
    assert codes["points.exists"] <= sent_again
    booked = [name for line in answers if line["code"] != "points.exceeds_credits" for name in line["names"]]
    assert sorted(booked) == sorted(in_snapshot(_names, bank.center_id))


def _names(session: Session, center_id: int) -> list[str]:
    booked = sa.select(Batch.source_ref).where(Batch.center_id == center_id, Batch.source_type == "raw")
    return list(session.scalars(booked))
