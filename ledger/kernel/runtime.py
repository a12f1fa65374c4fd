"""The resources of an application. Two applications in one process have separate runtimes.

Code that begins a request, a command, a job or a thread makes a runtime current there; there is no process-wide
default.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from ledger.kernel import founding
from ledger.kernel.clocks import Clock
from ledger.kernel.database import Database
from ledger.kernel.engines import is_sqlite
from ledger.kernel.founding import Installation
from ledger.kernel.keyring import Keyring
from ledger.kernel.routes import Routes
from ledger.kernel.settings import Environment
from ledger.kernel.sqlite_files import file_of


@dataclass(frozen=True, slots=True)
class Runtime:
    """Everything that exists once per application. `host` names the logs of its new centers."""

    database: Database
    clock: Clock
    keyring: Keyring
    routes: Routes
    host: str
    zone: ZoneInfo
    environment: Environment

    @property
    def installation(self) -> Installation:
        """What the database must have been founded as."""
        return Installation(self.keyring, self.environment, self.zone.key)

    def refuse_stranger(self) -> bool:
        """Whether the database is founded. Raises SettingsError if another installation did; makes no SQLite file."""
        if is_sqlite(self.database.url) and not file_of(self.database.url).exists():
            return False
        with self.database.reader.connect() as connection:
            return founding.refuse_stranger(connection, self.installation)


_current: ContextVar[Runtime] = ContextVar("runtime")


def current() -> Runtime:
    """The runtime of this context."""
    try:
        return _current.get()
    except LookupError:
        raise RuntimeError("no runtime in this context: call ledger.kernel.runtime.use first") from None


def use(runtime: Runtime) -> None:
    """Make the runtime current for the rest of this context; every new thread begins with this."""
    _current.set(runtime)


@contextmanager
def within(runtime: Runtime) -> Iterator[None]:
    """Make the runtime current for the block: a request, a command, a job."""
    token = _current.set(runtime)
    try:
        yield
    finally:
        _current.reset(token)
