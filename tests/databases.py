"""Databases for tests: a SQLite file, and a PostgreSQL server that runs for the tests and leaves nothing behind.

Both lie in memory if this machine has room, because tests keep the durability options of production, and a sync to
memory costs nothing. Works for root (the server then runs as another user, because PostgreSQL refuses root) and for
any other user.
"""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from tools.test_system import find_postgres_folder

SUPERUSER = "ledger"
START_TIMEOUT_SECONDS = 30
MEMORY = Path("/dev/shm")
ROOM_BYTES = 4 << 30
_FOLDER_PREFIX = "ledger-test-"
_LONGEST_RUN_SECONDS = 6 * 60 * 60
# Nothing here must survive a power cut, so the costly durability options are off.
SERVER_SWITCHES = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "shared_buffers": "64MB",
    "max_wal_size": "128MB",
    "max_connections": "120",
    "listen_addresses": "127.0.0.1",
}
# Dropping a database waits for every other connection of the server, for as long as one is stuck.
LONGEST_SECONDS = 60
_PATIENCE = f"-c statement_timeout={LONGEST_SECONDS}s"
_numbers = count(1)

# For tests that are slow (a browser) or whose statements mean the same to SQLite and PostgreSQL.
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True, scope="session")
# For deep tests of what others show on PostgreSQL: there only in `make test-all`.
SOON_ON_SQLITE = ["sqlite", pytest.param("postgresql", marks=[pytest.mark.postgres, pytest.mark.long])]
soon_on_sqlite = pytest.mark.parametrize("database_url", SOON_ON_SQLITE, indirect=True, scope="session")


@dataclass(frozen=True)
class PostgresServer:
    """A running temporary server on this machine."""

    port: int

    def url(self, database: str) -> str:
        """The SQLAlchemy address of one of its databases."""
        return f"postgresql+psycopg://{SUPERUSER}@127.0.0.1:{self.port}/{database}"

    def execute(self, statement: sql.Composable) -> None:
        """Run a statement outside any transaction, as CREATE DATABASE needs."""
        where = {"host": "127.0.0.1", "port": self.port, "user": SUPERUSER, "dbname": "postgres"}
        with psycopg.connect(
            **where, autocommit=True, connect_timeout=LONGEST_SECONDS, options=_PATIENCE
        ) as connection:
            connection.execute(statement)


def has_room_in_memory() -> bool:
    """Whether a run's databases fit into the machine's file system in memory."""
    return os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free >= ROOM_BYTES


@contextmanager
def fast_folder() -> Iterator[Path]:
    """A folder in memory if there is room, else on disk; removed at the end."""
    parent = MEMORY if has_room_in_memory() else Path("/tmp")
    for left in parent.glob(f"{_FOLDER_PREFIX}*"):
        # Left by a killed run.
        if time.time() - left.stat().st_mtime > _LONGEST_RUN_SECONDS:
            shutil.rmtree(left, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=_FOLDER_PREFIX, dir=parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def sqlite_url(folder: Path) -> str:
    """The SQLAlchemy address of a new SQLite file in `folder`."""
    return f"sqlite:///{folder / f'ledger-{next(_numbers)}.sqlite3'}"


def fresh_postgres_database(server: PostgresServer, *, template: str = "template0") -> str:
    """Make a database and return its address; a copy of `template`, to which nobody may be connected."""
    name = f"ledger_{os.getpid()}_{next(_numbers)}"
    # Copying its files takes less than half of what writing each page to the log does.
    create = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY")
    server.execute(create.format(sql.Identifier(name), sql.Identifier(template)))
    return server.url(name)


def drop_postgres_database(server: PostgresServer, url: str) -> None:
    """Remove a database and cut off remaining connections."""
    name = url.rpartition("/")[2]
    server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@contextmanager
def postgres_server() -> Iterator[PostgresServer]:
    """Start a server with an empty cluster; stop it and remove its files at the end.

    Raises LookupError if this machine has no PostgreSQL, RuntimeError with the server's log if it does not start.
    """
    binaries = find_postgres_folder()
    if binaries is None:
        raise LookupError("no PostgreSQL here: make test-setup")
    with fast_folder() as folder:
        user = _unprivileged_user(folder)
        binaries = _reachable(binaries, folder, user)
        _make_cluster(binaries, folder, user)
        with _running(binaries, folder, user) as server:
            yield server


def _unprivileged_user(folder: Path) -> dict[str, Any]:
    """For root: arguments that run a subprocess as another user, who gets `folder`."""
    if os.geteuid() != 0:
        return {}
    names = {entry.pw_name for entry in pwd.getpwall()}
    user = pwd.getpwnam("postgres" if "postgres" in names else "nobody")
    os.chown(folder, user.pw_uid, user.pw_gid)
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def _reachable(binaries: Path, folder: Path, user: dict[str, Any]) -> Path:
    """`binaries`, or a copy if the other user may not enter their parent folders, as in a private home."""
    test = subprocess.run(["/usr/bin/test", "-x", binaries / "postgres"], cwd="/", **user)
    if test.returncode == 0:
        return binaries
    shutil.copytree(binaries.parent, folder / "install", symlinks=True)
    return folder / "install" / "bin"


def _environment(folder: Path) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "HOME": str(folder)}


def _make_cluster(binaries: Path, folder: Path, user: dict[str, Any]) -> None:
    """Run initdb without data checks and syncs."""
    command = [binaries / "initdb", "-D", folder / "data", "-U", SUPERUSER, "-A", "trust", "-E", "UTF8"]
    options = ["--locale=C.UTF-8", "--no-sync", "--no-instructions"]
    made = subprocess.run(
        [*command, *options], env=_environment(folder), cwd="/", capture_output=True, text=True, **user
    )
    if made.returncode != 0:
        raise RuntimeError(f"initdb failed: {made.stderr}")


@contextmanager
def _running(binaries: Path, folder: Path, user: dict[str, Any]) -> Iterator[PostgresServer]:
    """Start the server and wait until it answers."""
    server = PostgresServer(free_port())
    switches = [part for name, value in SERVER_SWITCHES.items() for part in ("-c", f"{name}={value}")]
    command = [binaries / "postgres", "-D", folder / "data", "-p", str(server.port), "-k", folder, *switches]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            command, env=_environment(folder), cwd="/", stdout=log, stderr=log, stdin=subprocess.DEVNULL, **user
        )
    try:
        _await_answer(server, process, folder / "log")
        yield server
    finally:
        # PostgreSQL's immediate shutdown waits for no client and writes nothing more.
        process.send_signal(signal.SIGQUIT)
        process.wait(START_TIMEOUT_SECONDS)


def free_port() -> int:
    """An unused port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _await_answer(server: PostgresServer, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_TIMEOUT_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            server.execute(sql.SQL("SELECT 1"))
        except psycopg.OperationalError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"PostgreSQL does not answer: {log.read_text()}")
