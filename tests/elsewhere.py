"""Another service on the same database: it acts while a unit here is running, and reports how that ended."""

import threading
from collections.abc import Callable
from contextvars import copy_context
from typing import Any

from ledger.kernel.database import Database
from ledger.kernel.errors import LedgerError
from tests.at_once import LONGEST_SECONDS
from tests.runtimes import use_database

# How long a unit waits for the other; one that isn't blocked finishes long before.
CHANCE_SECONDS = 1.0


def outcome(work: Callable[[], Any], database: Database | None = None) -> str:
    """The result, at another service if given: "won", or the code of the refusal."""
    if database is not None:
        use_database(database)
    try:
        work()
    except LedgerError as error:
        return error.code
    return "won"


class Elsewhere:
    """Work that another service starts on `begin`, and its result."""

    def __init__(self, url: str, work: Callable[[], Any]) -> None:
        self.outcome = ""
        self._url, self._work = url, work
        self._thread = threading.Thread(target=copy_context().run, args=(self._run,), daemon=True)

    def begin(self) -> None:
        """Begin, and give it time to finish if nothing blocks it."""
        self._thread.start()
        self._thread.join(CHANCE_SECONDS)

    def end(self) -> str:
        """Wait for its end; "won", or the code of the refusal."""
        self._thread.join(LONGEST_SECONDS)
        return self.outcome

    def _run(self) -> None:
        database = Database(self._url)
        use_database(database)
        self.outcome = outcome(self._work)
        database.close()
