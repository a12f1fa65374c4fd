"""The tests' runtime: that of an application of their installation, on the database that a test names."""

from dataclasses import replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from ledger.kernel import runtime
from ledger.kernel.clocks import SystemClock
from ledger.kernel.database import Database
from ledger.kernel.keyring import Keyring
from ledger.kernel.runtime import Runtime

TEST_SECRET = "a secret for tests alone, of no use anywhere"
HOST = "jf.example.org"
ZONE = ZoneInfo("Asia/Shanghai")


class RehearsalClock:
    """The machine's clock, unless a test sets an instant, which applies to server threads too."""

    def __init__(self) -> None:
        self.instant: datetime | None = None

    def now(self) -> datetime:
        return self.instant or SystemClock().now()


CLOCK = RehearsalClock()
KEYRING = Keyring(TEST_SECRET)
# A test that named no database fails at its first query.
NO_DATABASE = Database("sqlite:////dev/null/this test has no database")


def runtime_on(database: Database) -> Runtime:
    """The tests' runtime on a database; it has no channels to send to."""
    return Runtime(database, clock=CLOCK, keyring=KEYRING, routes={}, host=HOST, zone=ZONE, environment="development")


def use_database(database: Database) -> None:
    """Use the tests' runtime on this database from now on."""
    runtime.use(runtime_on(database))


def use_instead(**parts: Any) -> None:
    """Replace some parts of the runtime, until a test names its database."""
    runtime.use(replace(runtime.current(), **parts))
