"""Simple transfers against django-hordak on the same PostgreSQL, one client, in turns.

The other one lives in an environment of its own: `python -m venv PEERS; PEERS/bin/pip install django-hordak psycopg`.
django-hordak has no SQLite (its checks are triggers of PostgreSQL and MySQL), so this is PostgreSQL alone. It takes one
transfer at a time; ours is measured so too, and as a program would send many: a request of a thousand.
"""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.book import new_book
from bench.measuring import Figure, in_turns, wall_seconds
from tests.databases import PostgresServer, drop_postgres_database, fresh_postgres_database

# Answers each number of transfers it is asked for with the seconds they took; "0" ends it.
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


class _Peer:
    """The process of the other ledger."""

    def __init__(self, python: Path, server: PostgresServer, database: str) -> None:
        command = [python, "-W", "ignore", "-c", _HORDAK, str(server.port), database]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True)
        self._line()

    def transfer(self, times: int) -> float:
        """Let it make so many transfers; the seconds."""
        assert self.process.stdin is not None
        print(times, file=self.process.stdin, flush=True)
        return float(self._line())

    def _line(self) -> str:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError("the other ledger has stopped")
        return line


@contextmanager
def _peer(python: Path, server: PostgresServer) -> Iterator[_Peer]:
    url = fresh_postgres_database(server)
    peer = _Peer(python, server, url.rpartition("/")[2])
    yield peer
    peer.process.communicate()
    drop_postgres_database(server, url)


def hordak(python: Path, server: PostgresServer, *, times: int, chain: int, rounds: int) -> Iterator[Figure]:
    """A transfer of django-hordak over one of ours through the raw ledger, by the clock."""
    url = fresh_postgres_database(server)
    book = new_book(url, members=1)
    with _peer(python, server) as peer:

        def ours() -> float:
            return wall_seconds(lambda: [book.chain(1) for _ in range(times)])

        def in_one_request() -> float:
            return wall_seconds(lambda: book.chain(chain)) / chain * times

        def theirs() -> float:
            return peer.transfer(times)

        singly = in_turns(ours, theirs, rounds=rounds)
        yield Figure("G7 django-hordak, one by one", "its transfer / ours (PostgreSQL, clock)", singly, at_least=5)
        in_bulk = in_turns(in_one_request, theirs, rounds=rounds)
        what = f"its transfer / one of {chain} in a request (PostgreSQL, clock)"
        yield Figure("G7 django-hordak, ours in bulk", what, in_bulk, at_least=5)
    book.database.close()
    drop_postgres_database(server, url)
