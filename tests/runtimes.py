"""The runtime that tests go by: what an application of their installation runs with, on the database a test names."""

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
    """The machine's clock, unless a test has set an instant, which then holds for the threads of a server as well."""

    def __init__(self) -> None:
        self.instant: datetime | None = None

    def now(self) -> datetime:
        return self.instant or SystemClock().now()


CLOCK = RehearsalClock()
KEYRING = Keyring(TEST_SECRET)
# Whoever has asked for no database learns so from the first question to it.
NO_DATABASE = Database("sqlite:////dev/null/this test has no database")


def runtime_on(database: Database) -> Runtime:
    """The tests' runtime on a database; it sends nothing anywhere."""
    return Runtime(database, clock=CLOCK, keyring=KEYRING, routes={}, host=HOST, zone=ZONE)


def use_database(database: Database) -> None:
    """Go by the tests' runtime on this database from now on, whatever was used before."""
    runtime.use(runtime_on(database))


def use_instead(**parts: Any) -> None:
    """Go on with some parts of the runtime replaced, until a test names its database."""
    runtime.use(replace(runtime.current(), **parts))
