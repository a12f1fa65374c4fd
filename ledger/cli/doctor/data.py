"""The database: whether it can be read and is whole, whose it is, and what its newest moments say of clock and jobs."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from ledger.cli.doctor.finding import Finding, ok, warning, wrong
from ledger.kernel import founding
from ledger.kernel.causes import missing, named
from ledger.kernel.engines import is_sqlite
from ledger.kernel.job_runs import JobRun
from ledger.kernel.migrations import refuse_unmigrated
from ledger.kernel.runtime import Runtime
from ledger.kernel.settings import SettingsError
from ledger.kernel.sqlite_files import file_of
from ledger.places.models import Center
from ledger.points.models import Batch
from ledger.points.sealing.models import Block

# Another machine's clock may be ahead by this much.
_AHEAD = timedelta(minutes=1)
# Some jobs run every 15 seconds; at a start the first waits for its slot.
_JOBS_LATE = timedelta(minutes=10)
# A larger file takes longer to read through than anybody waits for.
_MOST_READ_THROUGH = 2_000_000_000
_BRING_BACK = "type ningxin restore FILE --force with the newest backup; it keeps what is here under another name"
# What a setting must not be, and what it costs.
_POSTGRES = {
    "fsync": ("off", "a power cut can destroy the whole database"),
    "full_page_writes": ("off", "a power cut can destroy the whole database"),
    "synchronous_commit": ("off", "a power cut takes postings that people were told of"),
}
# Older ones get no corrections any more.
_OLDEST_POSTGRES = 15


@dataclass(frozen=True, slots=True)
class Moments:
    """The newest moments that a database knows; None where there is none."""

    recorded: datetime | None = None
    sealed: datetime | None = None
    job: datetime | None = None


def health(here: Runtime, sentence: Callable[[Exception], str]) -> Finding:
    """Judge whether the database answers and is whole; `sentence` says what is wrong with it."""
    url = here.database.url
    if is_sqlite(url) and not file_of(url).exists():
        return wrong("database", missing(file_of(url)), "type ningxin init for a new center, or restore a backup")
    try:
        with here.database.reader.connect() as connection:
            damage = _damage(connection)
    except (sa.exc.SQLAlchemyError, OSError) as error:
        return wrong("database", sentence(error), _BRING_BACK if is_sqlite(url) else "start PostgreSQL, or correct it")
    if damage is not None:
        return wrong("database", f"{file_of(url)} is damaged: {damage}", _BRING_BACK)
    return ok("database", f"{named(url)} can be read")


def _damage(connection: sa.Connection) -> str | None:
    if connection.dialect.name == "sqlite":
        pages, size = (connection.exec_driver_sql(f"PRAGMA page_{each}").scalar_one() for each in ("count", "size"))
        if pages * size <= _MOST_READ_THROUGH:
            verdict = str(connection.exec_driver_sql("PRAGMA quick_check(1)").scalar_one())
            return None if verdict == "ok" else verdict
    connection.exec_driver_sql("SELECT 1")
    return None


def secret(here: Runtime) -> Finding:
    """Judge whether secret, environment and time zone are those that founded the database."""
    with here.database.reader.connect() as connection:
        there = founding.read(connection)
    if there is None:
        return warning(
            "secret",
            "nothing tells yet whether it is the right one: there is no center",
            "type ningxin init for a new center",
        )
    reason = there.why_not(here.installation)
    if reason is not None:
        return wrong("secret", reason, "nothing is read or written until the settings are those of this database")
    return ok("secret", f"is the one of this {there.founded_as} database, and so is its time zone, {there.zone}")


def schema(here: Runtime, refuse_unready: Callable[[Runtime], None]) -> Finding:
    """Judge whether the database has the newest schema, all guards of its facts and its sizes."""
    try:
        refuse_unmigrated(here.database.reader)
    except SettingsError as error:
        return wrong("schema", error.message, "back up, then type ningxin migrate")
    try:
        refuse_unready(here)
    except SettingsError as error:
        return wrong("schema", error.message, "type ningxin migrate, then ningxin verify")
    return ok("schema", "is the newest, with all guards of what must not change")


def read_moments(here: Runtime) -> Moments:
    """The newest moments of all centers. Raises sa.exc.SQLAlchemyError, also for an old schema."""
    with here.database.reader.connect() as connection:
        centers = list(connection.execute(sa.select(Center.id)).scalars())
        return Moments(
            recorded=_newest(connection, centers, Batch.recorded_at, Batch.center_id),
            sealed=_newest(connection, centers, Block.closed_at, Block.center_id),
            job=connection.execute(sa.select(sa.func.max(JobRun.ran_at))).scalar_one(),
        )


def _newest(
    connection: sa.Connection,
    centers: list[int],
    moment: sa.orm.InstrumentedAttribute[datetime],
    center_id: sa.orm.InstrumentedAttribute[int],
) -> datetime | None:
    """The newest of a center is found by key, the newest of all would be a walk through the whole book."""
    queries = (sa.select(sa.func.max(moment)).where(center_id == each) for each in centers)
    found = [connection.execute(query).scalar_one() for query in queries]
    return max((each for each in found if each is not None), default=None)


def judge_clock(moments: Moments, now: datetime, *, local: datetime, rehearsal: bool) -> Finding:
    """Judge the present moment by what is recorded; `local` is it in the people's zone."""
    shown = f"{local:%Y-%m-%d %H:%M} in {local.tzinfo}"
    todo = "set this PC's clock (timedatectl set-ntp true) before anybody scans"
    if moments.sealed is not None and now < moments.sealed - _AHEAD:
        return wrong("clock", f"{shown} is before the last sealed block, of {moments.sealed:%Y-%m-%d %H:%M} UTC", todo)
    newest = max((each for each in (moments.recorded, moments.job) if each is not None), default=None)
    if newest is not None and now < newest - _AHEAD:
        return wrong("clock", f"{shown} is before the newest record, of {newest:%Y-%m-%d %H:%M} UTC", todo)
    if rehearsal:
        return warning("clock", f"stands at {shown} by LEDGER_CLOCK_FILE", "take that setting out after the rehearsal")
    return ok("clock", f"it is {shown}; compare it with a phone")


def judge_jobs(moments: Moments, now: datetime) -> Finding:
    """Judge whether the jobs run, by the machine's time."""
    todo = "start ningxin serve, or ningxin scheduler beside servers that run no jobs"
    costs = "nothing is sealed, released or sent meanwhile"
    if moments.job is None:
        return warning("jobs", f"have not run yet; {costs}", todo)
    age = now - moments.job
    if age > _JOBS_LATE:
        return wrong("jobs", f"ran last at {moments.job:%Y-%m-%d %H:%M} UTC; {costs}", todo)
    return ok("jobs", f"ran {max(0, round(age.total_seconds()))} seconds ago")


def postgres(here: Runtime) -> Iterator[Finding]:
    """Judge PostgreSQL's version and settings; nothing for SQLite, whose settings each connection sets and checks."""
    if not is_sqlite(here.database.url):
        with here.database.reader.connect() as connection:
            asked = ("server_version", "server_version_num", *_POSTGRES)
            found = {name: str(connection.exec_driver_sql(f"SHOW {name}").scalar_one()) for name in asked}
        yield from judge_postgres(found)


def judge_postgres(found: dict[str, str]) -> Iterator[Finding]:
    """Judge settings as SHOW prints them, by name."""
    said = f"PostgreSQL {found['server_version']}"
    if int(found["server_version_num"]) < _OLDEST_POSTGRES * 10_000:
        yield warning("PostgreSQL", f"{said} gets no corrections any more", f"move to {_OLDEST_POSTGRES} or newer")
    bad = [name for name, (value, _costs) in _POSTGRES.items() if found[name] == value]
    for name in bad:
        yield wrong("PostgreSQL", f"{said} has {name} = off: {_POSTGRES[name][1]}", f"set {name} = on and reload it")
    if not bad:
        yield ok("PostgreSQL", f"{said} keeps what it has confirmed")
