"""Another service on the same database: what it does while a unit here is under way, and how that ended."""

import threading
from collections.abc import Callable
from contextvars import copy_context
from typing import Any

from ledger.kernel.database import Database
from ledger.kernel.errors import LedgerError
from tests.at_once import LONGEST_SECONDS
from tests.runtimes import use_database

# How long a unit gives the other its chance; who is not kept waiting is through long before.
CHANCE_SECONDS = 1.0


def outcome(work: Callable[[], Any], database: Database | None = None) -> str:
    """What came of it, at another service where one is named: "won", or the code of the refusal."""
    if database is not None:
        use_database(database)
    try:
        work()
    except LedgerError as error:
        return error.code
    return "won"


class Elsewhere:
    """Something that another service does once it is begun, and how that ended."""

    def __init__(self, url: str, work: Callable[[], Any]) -> None:
        self.outcome = ""
        self._url, self._work = url, work
        self._thread = threading.Thread(target=copy_context().run, args=(self._run,), daemon=True)

    def begin(self) -> None:
        """Begin, and give it time to get through if nothing keeps it."""
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
