"""The server of `cores.py`: the product alone, in granian workers with a variant's settings.

`python -m bench.cored PORT OPTIONS`; the options are JSON: `url`, `now`, `threads`, `cores`, `interval`, `workers`,
`writer` (all units on one thread), `gateway` (as the product is served; otherwise granian's own threads answer).
"""

import json
import logging
import os
import sys
import threading
import time
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from granian import Granian
from granian.constants import HTTPModes, Interfaces
from granian.log import LogLevels

from bench.book import settings_on
from ledger.app import create_app
from ledger.kernel import database as database_module
from ledger.kernel.database import Database
from ledger.kernel.group_commit import GroupWriter, _Ticket
from ledger.kernel.unit import Unit
from ledger.web.server import gateway_of


class _StandingClock:
    """A clock that stands still, except for one microsecond per call."""

    def __init__(self, instant: datetime) -> None:
        self._instant = instant

    def now(self) -> datetime:
        return self._instant


class _OneThread(GroupWriter):
    """Runs units in one dedicated thread, instead of the thread that finds the writer free."""

    def __init__(self, engine: Any, *, wait_seconds: float = 30) -> None:
        super().__init__(engine, wait_seconds=wait_seconds)
        self._come_in = threading.Semaphore(0)
        threading.Thread(target=self._write, daemon=True).start()

    def submit(self, unit: Unit) -> None:
        """Run the unit and return once it is durable or has failed."""
        ticket = _Ticket(unit, time.monotonic() + self._wait_seconds)
        with self._mutex:
            self._waiting.append(ticket)
        self._come_in.release()
        ticket.wake.acquire()

    def _write(self) -> None:
        while self._come_in.acquire():
            group: list[_Ticket] = []
            if self._take(group) is not None:
                self._run_group(group)
            for ticket in group:
                ticket.wake.release()


def _load(options: dict[str, Any]) -> Any:
    if options["writer"]:
        database_module.GroupWriter = _OneThread  # type: ignore[misc]
    if options["cores"]:
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[-options["cores"] :])
    if options["interval"]:
        sys.setswitchinterval(options["interval"])
    settings = settings_on(options["url"], Path("unused"))
    clock = _StandingClock(datetime.fromisoformat(options["now"]))
    app = create_app(settings, database=Database(settings.database_url), clock=clock)
    logging.getLogger("ledger.requests").setLevel(logging.ERROR)
    if options["gateway"]:
        return gateway_of(app, options["threads"])
    return app


def main() -> None:
    """Serve until stopped."""
    options = json.loads(sys.argv[2])
    server: Any = Granian(
        "bench",
        address="127.0.0.1",
        port=int(sys.argv[1]),
        interface=Interfaces.ASGINL if options["gateway"] else Interfaces.WSGI,
        workers=options["workers"],
        blocking_threads=1 if options["gateway"] else options["threads"],
        http=HTTPModes.http1,
        websockets=False,
        log_level=LogLevels.error,
    )
    server.serve(target_loader=partial(_load, options), wrap_loader=False)


if __name__ == "__main__":
    main()
