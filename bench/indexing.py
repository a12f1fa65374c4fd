"""What indexes cost a write: visits, awards and sales with the indexes of a migration and without them."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from functools import partial
from itertools import count
from pathlib import Path

import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory

from bench.book import Book, opened, settings_on
from bench.measuring import Figure, Timed, bytes_of, cpu_seconds, in_turns, wall_seconds
from ledger.app import create_app
from ledger.kernel import clock
from ledger.kernel.engines import is_sqlite
from ledger.kernel.ids import public_id
from ledger.kernel.migrations import alembic_config, upgrade
from ledger.kernel.planning import tell_sizes
from ledger.tables import SHARED, STEADY
from tests.databases import PostgresServer, drop_postgres_database, fresh_postgres_database
from tests.runtimes import use_database
from tests.world import World

REVISION = "0009"
_keys = count(1)
Measure = Callable[[Callable[[], object]], float]


class _Built:
    """A station whose volunteers have points, in a database that is then copied."""

    def __init__(self, url: str, people: int) -> None:
        upgrade(url)
        with closing(opened(url)) as database:
            self.world = World(database)
            self.clerk = self.world.add_staff("clerk")
            self.people = [self.world.add_volunteer() for _ in range(people)]
            book = Book(database, self.world.center_id, people)
            book.prepare()
            for _ in range(people):
                book.award(points=10**6)


class _Writer:
    """The writes of one copy, all through the product."""

    def __init__(self, url: str, built: _Built, folder: Path) -> None:
        self.database = opened(url)
        self._built = built
        self._book = Book(self.database, built.world.center_id, len(built.people))
        self._client = create_app(settings_on(url, folder), database=self.database).test_client()
        # Later than everything recorded while the book was built.
        self._hours = count(24, 6)

    def visits(self, measure: Measure) -> float:
        """Check-ins at a new shift without having signed up, and check-outs an hour later, as whole requests."""
        use_database(self.database)
        starts = clock.now().replace(minute=0, second=0, microsecond=0) + timedelta(hours=next(self._hours))
        cost = 0.0
        with clock.at(starts):
            self._built.world.add_shift(starts)
        for minutes, expected in ((0, "OK_IN"), (60, "OK_OUT")):
            with clock.at(starts + timedelta(minutes=minutes)):
                cost += measure(partial(self._scan_all, expected))
        return cost

    def awards(self, measure: Measure) -> float:
        """Hours and points of visits."""
        return measure(lambda: [self._book.award() for _ in self._built.people])

    def sales(self, measure: Measure) -> float:
        """Holds of three lines and their confirmations."""
        return measure(lambda: [(self._book.hold(), self._book.confirm()) for _ in self._built.people])

    def _scan_all(self, expected: str) -> None:
        for person in self._built.people:
            body = {"client_scan_id": f"bench-scan-{next(_keys)}", "card": person.card, "confirmed": ["WALK_IN"]}
            body["station_id"] = public_id(self._built.world.station_id)
            headers = self._built.clerk.headers | {"Idempotency-Key": f"bench-key-{next(_keys)}"}
            answer = self._client.post("/api/v1/checkins", json=body, headers=headers)
            if (answer.get_json() or {}).get("reason") != expected:
                raise RuntimeError(answer.text)


def cost_on_sqlite(folder: Path, *, people: int, rounds: int) -> Iterator[Figure]:
    """What a write costs without the indexes over with them: processor time, and bytes handed to the system."""
    source, copy = folder / "indexed.sqlite3", folder / "unindexed.sqlite3"
    built = _Built(f"sqlite:///{source}", people)
    shutil.copyfile(source, copy)
    yield from _figures(f"sqlite:///{source}", f"sqlite:///{copy}", built, folder, rounds)


def cost_on_postgres(server: PostgresServer, folder: Path, *, people: int, rounds: int) -> Iterator[Figure]:
    """The same by the clock: another process does most of the work."""
    source = fresh_postgres_database(server)
    built = _Built(source, people)
    copy = fresh_postgres_database(server, template=source.rpartition("/")[2])
    yield from _figures(source, copy, built, folder, rounds)
    for url in (source, copy):
        drop_postgres_database(server, url)


def _figures(url: str, copy: str, built: _Built, folder: Path, rounds: int) -> Iterator[Figure]:
    _drop_indexes(copy)
    indexed, plain = (_Writer(each, built, folder) for each in (url, copy))
    units = {"CPU": cpu_seconds, "bytes": bytes_of} if is_sqlite(url) else {"PostgreSQL, clock": wall_seconds}
    for name, work in (("visits", _Writer.visits), ("awards", _Writer.awards), ("sales", _Writer.sales)):
        for unit, measure in units.items():
            ratios = in_turns(_timed(indexed, work, measure), _timed(plain, work, measure), rounds=rounds)
            yield Figure(f"indexes {name}, {unit}", f"without / with the indexes of {REVISION}", ratios)
    for writer in (indexed, plain):
        writer.database.close()


def _timed(writer: _Writer, work: Callable[[_Writer, Measure], float], measure: Measure) -> Timed:
    return lambda: work(writer, measure)


def _drop_indexes(url: str) -> None:
    """Put back the indexes that were there before the migration, and only them."""
    revision = ScriptDirectory.from_config(alembic_config(url)).get_revision(REVISION)
    engine = sa.create_engine(url, poolclass=sa.pool.NullPool)
    with engine.begin() as connection, Operations.context(MigrationContext.configure(connection)):
        for table, columns in revision.module.INDEXES:
            # A later migration may have made the table anew without it; taking it away again needs it there.
            name = f"ix_{table}_{'_'.join(columns)}"
            connection.exec_driver_sql(f"CREATE INDEX IF NOT EXISTS {name} ON {table} ({', '.join(columns)})")
        revision.module.downgrade()
        if is_sqlite(url):
            tell_sizes(connection, steady=STEADY, shared=SHARED)
