"""Copies of a PostgreSQL database: its own pg_dump, and back by pg_restore and psql in one transaction."""

import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
import sqlalchemy as sa

from ledger.kernel.append_only import POSTGRES_STRANGE
from ledger.kernel.causes import named
from ledger.kernel.founding import Founded, Installation, refuse_founded
from ledger.kernel.migrations import refuse_newer
from ledger.kernel.postgres_lock import alone_with
from ledger.kernel.private_files import make_file, sync_file
from ledger.kernel.restored import BEFORE, Ending, Restored, can_compare, stamp_of
from ledger.kernel.settings import SettingsError

_TABLES = "SELECT count(*) FROM pg_tables WHERE schemaname = current_schema()"
# Whatever the dump lacks must go too: a table that only a newer version has would stay beside an older book.
_EMPTY = """
DO $$ DECLARE each record; BEGIN
    FOR each IN SELECT tablename FROM pg_tables WHERE schemaname = current_schema() LOOP
        EXECUTE format('DROP TABLE %I CASCADE', each.tablename);
    END LOOP;
    FOR each IN SELECT oid::regprocedure AS name FROM pg_proc WHERE pronamespace = current_schema()::regnamespace
        AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_proc.oid AND deptype = 'e')
    LOOP
        EXECUTE format('DROP ROUTINE %s', each.name);
    END LOOP;
END $$
"""
# Before anything is changed in what the dump brought, which would set its triggers off.
_REFUSE_STRANGE = """
DO $$ DECLARE strange text; BEGIN
    SELECT string_agg(name, ', ' ORDER BY name) INTO strange FROM (STRANGE) AS found;
    IF strange IS NOT NULL THEN
        RAISE EXCEPTION 'it has what is none of ours (%): take another backup', strange;
    END IF;
END $$
""".replace("STRANGE", POSTGRES_STRANGE)
_ROWS = re.compile(r"COPY public\.(alembic_version|founding|identity) \((.+)\) FROM stdin;\n")


def dump(url: str, target: Path) -> None:
    """Write a dump. Raises SettingsError with what pg_dump says, OSError."""
    make_file(target)
    with connection_text(url) as text:
        _run("pg_dump", url, f"--dbname={text}", "--format=custom", "--no-owner", f"--file={target}")
    sync_file(target)


def restore(url: str, source: Path, *, here: Installation, at: datetime, force: bool) -> Restored:
    """Replace the database by a dump in one transaction, after dumping the old one beside it; log-ins end in it.

    Raises SettingsError, psycopg.Error, OSError.
    """
    password = sa.make_url(url).password
    with (
        connection_text(url) as text,
        alone_with(text, password=password) as connection,
        tempfile.TemporaryDirectory() as folder,
    ):
        row = connection.execute(_TABLES).fetchone()
        occupied = row is not None and row[0] > 0
        if occupied and not force:
            raise SettingsError("the database holds tables already; --force dumps them to a file first and goes on")
        script = Path(folder) / "script.sql"
        make_file(script)
        _run("pg_restore", url, "--no-owner", f"--file={script}", str(source))
        revision = _refuse_others(source, script, here)
        compares = can_compare(_revision_of(connection))
        old = source.with_name(f"{source.name}.before-restore-{stamp_of(at)}") if occupied else None
        if old is not None:
            _dump_old(url, old)
        ending = Ending(revision, at, "postgresql", compares=compares)
        options = ("--no-psqlrc", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1", "--output=/dev/null")
        _run("psql", url, f"--dbname={text}", *options, *_steps(ending, script))
        return ending.report(lambda query: connection.execute(query.encode()).fetchall(), here.keyring, old)


def _steps(ending: Ending, script: Path) -> list[str]:
    """What psql does, in one transaction."""
    before = [f"CREATE TEMP TABLE {table.partition(' ')[0]} AS {query}" for table, query in BEFORE.items()]
    after = [_REFUSE_STRANGE, "RESET search_path", *ending.statements()]
    first = [*(before if ending.compares else ()), _EMPTY]
    return [*(f"--command={each}" for each in first), f"--file={script}", *(f"--command={each}" for each in after)]


def _revision_of(connection: "psycopg.Connection[Any]") -> str | None:
    try:
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    except psycopg.Error:
        return None
    return None if row is None else str(row[0])


def _dump_old(url: str, old: Path) -> None:
    try:
        dump(url, old)
    except SettingsError as error:
        old.unlink(missing_ok=True)
        raise SettingsError(
            f"the database can't be dumped, so it is left as it is ({error.message}). Restore into an empty one: "
            "createdb, and LEDGER_DATABASE_URL with its name"
        ) from error


def _refuse_others(source: Path, script: Path, here: Installation) -> str:
    """The revision. Raises SettingsError unless the dump is of this installation and a version that we know."""
    rows: dict[str, dict[str, str]] = {}
    with script.open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            if found := _ROWS.fullmatch(line):
                values = next(lines).rstrip("\n").split("\t")
                rows[found[1]] = dict(zip(found[2].split(", "), values, strict=False))
    version, founded = rows.get("alembic_version"), rows.get("founding", {})
    if version is None:
        raise SettingsError(f"{source} holds a database of something else")
    refuse_newer(version["version_num"])
    names = ("founded_as", "zone", "salt", "check_value")
    there = Founded(*(founded[name] for name in names)) if founded.keys() >= {*names} else None
    # In the form of COPY: two backslashes, x and hexadecimal digits.
    name = rows.get("identity", {}).get("name")
    sealed = None if name is None else bytes.fromhex(name.removeprefix("\\\\x"))
    refuse_founded(there, here, called=source, name=sealed, is_copy=True)
    return version["version_num"]


def _run(tool: str, url: str, *arguments: str) -> None:
    program = shutil.which(tool)
    if program is None:
        raise SettingsError(f"{tool} is not on the PATH: install PostgreSQL's client programs (postgresql-client)")
    # It would overrule the file with the password of the URL.
    bare = ("/usr/bin/env", "-u", "PGPASSWORD") if sa.make_url(url).password else ()
    done = subprocess.run(  # noqa: S603 - the tool that was looked up, with arguments of our own
        [*bare, program, *arguments], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        said = done.stderr.strip().splitlines() or ["it did not say why"]
        # Notices may come before it.
        why = next((each for each in said if "error:" in each.lower()), said[0])
        raise SettingsError(f"{tool} failed on {named(url)}: {why}")


@contextmanager
def connection_text(url: str) -> Iterator[str]:
    """The connection string for libpq, with the password in a private file instead of the arguments."""
    parts = sa.make_url(url)
    words: dict[str, object] = {**parts.query, "host": parts.host, "port": parts.port}
    words |= {"user": parts.username, "dbname": parts.database}
    with tempfile.NamedTemporaryFile("w", encoding="utf-8") as passwords:
        if parts.password:
            secret = str(parts.password).replace("\\", "\\\\").replace(":", "\\:")
            passwords.write(f"*:*:*:*:{secret}\n")
            passwords.flush()
            words["passfile"] = passwords.name
        yield " ".join(f"{name}={_quoted(value)}" for name, value in words.items() if value)


def _quoted(value: object) -> str:
    text = str(value).replace("\\", "\\\\").replace("'", "\\'")
    return f"'{text}'"
