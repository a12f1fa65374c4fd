"""Simple transfers against other ledgers in Python, with one client, alternating.

Each has its own environment: one made by `python -m venv` with django-hordak and psycopg, another with
python-accounting, SQLAlchemy, python-dateutil and strenum. django-hordak has no SQLite (its checks are PostgreSQL and
MySQL triggers); python-accounting is measured on SQLite, where it needs no driver. Both take one transfer at a
time; ours is measured the same way, and in requests of a thousand, as a program would send many.
"""

import subprocess
from collections.abc import Iterator
from pathlib import Path

from bench.book import Book, new_book, sqlite_book
from bench.measuring import Figure, in_turns, wall_seconds
from tests.databases import PostgresServer, drop_postgres_database, fresh_postgres_database

# Reads a number of transfers, makes them and prints the seconds, again and again; "0" ends it.
_HORDAK = """
import sys, time
import django
from django.conf import settings
port, name = sys.argv[1:]
settings.configure(
    INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "mptt", "hordak"],
    DATABASES={"default": {"ENGINE": "django.db.backends.postgresql", "NAME": name, "USER": "ledger",
                           "HOST": "127.0.0.1", "PORT": port}},
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField", USE_TZ=True, SECRET_KEY="x",
    DEFAULT_CURRENCY="EUR", CURRENCIES=["EUR"],
)
django.setup()
from django.core.management import call_command
call_command("migrate", verbosity=0)
from hordak.models import Account
from moneyed import Money
one = Account.objects.create(name="one", code="1", type="IN", currencies=["EUR"])
other = Account.objects.create(name="other", code="2", type="AS", currencies=["EUR"])
print("ready", flush=True)
for line in sys.stdin:
    begun = time.perf_counter()
    for _ in range(int(line)):
        one.transfer_to(other, Money(1, "EUR"))
    print(time.perf_counter() - begun, flush=True)
"""
_PYTHON_ACCOUNTING = """
import sys, time
from datetime import datetime
from python_accounting.config import config
config.database["url"] = "sqlite:///" + sys.argv[1]
from sqlalchemy import create_engine
from python_accounting.database.session import get_session
from python_accounting.models import Account, Base, Currency, Entity, LineItem
from python_accounting.transactions import JournalEntry
engine = create_engine(config.database["url"]).execution_options(include_deleted=False, ignore_isolation=False)
Base.metadata.create_all(engine)
session = get_session(engine)
def add(made):
    session.add(made)
    session.commit()
    return made
entity = add(Entity(name="bench"))
currency = add(Currency(name="Euro", code="EUR", entity_id=entity.id))
bank = dict(account_type=Account.AccountType.BANK, currency_id=currency.id, entity_id=entity.id)
one, other = add(Account(name="one", **bank)), add(Account(name="other", **bank))
def transfer():
    entry = JournalEntry(narration="x", transaction_date=datetime.now(), account_id=one.id, entity_id=entity.id)
    session.add(entry)
    session.flush()
    line = LineItem(narration="x", account_id=other.id, amount=1, entity_id=entity.id)
    session.add(line)
    session.flush()
    entry.line_items.add(line)
    session.add(entry)
    entry.post(session)
    session.commit()
print("ready", flush=True)
for line in sys.stdin:
    begun = time.perf_counter()
    for _ in range(int(line)):
        transfer()
    print(time.perf_counter() - begun, flush=True)
"""


class _Peer:
    """The process of another ledger."""

    def __init__(self, python: Path, program: str, *arguments: str) -> None:
        command = [python, "-W", "ignore", "-c", program, *arguments]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True)
        self._line()

    def transfer(self, times: int) -> float:
        """Make `times` transfers; returns the seconds."""
        assert self.process.stdin is not None
        print(times, file=self.process.stdin, flush=True)
        return float(self._line())

    def _line(self) -> str:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError("the other ledger has stopped")
        return line

    def close(self) -> None:
        """End the process."""
        self.process.communicate()


def hordak(python: Path, server: PostgresServer, *, times: int, chain: int, rounds: int) -> Iterator[Figure]:
    """A transfer of django-hordak over one of ours through the raw ledger, on PostgreSQL."""
    url, others = fresh_postgres_database(server), fresh_postgres_database(server)
    book = new_book(url, members=1)
    peer = _Peer(python, _HORDAK, str(server.port), others.rpartition("/")[2])
    yield from _figures("django-hordak, PostgreSQL", book, peer, 5, (times, chain, rounds))
    for address in (url, others):
        drop_postgres_database(server, address)


def python_accounting(python: Path, folder: Path, *, times: int, chain: int, rounds: int) -> Iterator[Figure]:
    """A journal entry of python-accounting over one of our transfers through the raw ledger, on SQLite."""
    with sqlite_book(folder, members=1) as book:
        peer = _Peer(python, _PYTHON_ACCOUNTING, str(folder / "python-accounting.sqlite3"))
        yield from _figures("python-accounting, SQLite", book, peer, 15, (times, chain, rounds))


def _figures(name: str, book: Book, peer: _Peer, at_least: float, how_many: tuple[int, int, int]) -> Iterator[Figure]:
    times, chain, rounds = how_many

    def ours() -> float:
        return wall_seconds(lambda: [book.chain(1) for _ in range(times)])

    def in_one_request() -> float:
        return wall_seconds(lambda: book.chain(chain)) / chain * times

    def theirs() -> float:
        return peer.transfer(times)

    singly = in_turns(ours, theirs, rounds=rounds)
    yield Figure(f"G7 {name}, one by one", "its transfer / ours (clock)", singly, at_least=at_least)
    in_bulk = in_turns(in_one_request, theirs, rounds=rounds)
    what = f"its transfer / one of {chain} in a request (clock)"
    yield Figure(f"G7 {name}, ours in bulk", what, in_bulk, at_least=at_least)
    peer.close()
    book.database.close()
