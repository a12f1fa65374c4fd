"""The server of `serving.py`: the product, and beside it a bare view that replays recorded SQL, in one granian worker.

`python -m bench.served DATABASE COPY PORT`. Under /bench: `clock`, `record`, `replay` and `cpu`.
"""

import logging
import sqlite3
import sys
import threading
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from flask import Flask, jsonify, request
from flask.typing import ResponseReturnValue
from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from bench.book import settings_on
from bench.recording import Recorder, replay_unit, sqlite_driver
from ledger.app import create_app
from ledger.kernel import clock
from ledger.kernel.clocks import SystemClock
from ledger.kernel.database import Database


class _SetClock:
    """A clock that shows the time it was set to."""

    instant: datetime

    def now(self) -> datetime:
        return self.instant


class _Bench:
    """What the bare view replays: the units of each request of the product, in order."""

    def __init__(self, database: Database, path: Path, copy: Path) -> None:
        self.recorder = Recorder(database.writer)
        self._path, self._copy = path, copy
        self._lock = threading.Lock()
        self._units: Iterator[Any] = iter(())
        self._driver: sqlite3.Connection | None = None

    def start(self) -> None:
        """Copy the database as it is, then start recording."""
        if self._driver is not None:
            self._driver.close()
        for suffix in ("", "-wal", "-shm"):
            Path(f"{self._copy}{suffix}").unlink(missing_ok=True)
        with sqlite3.connect(self._path) as now, sqlite3.connect(self._copy) as copy:
            now.backup(copy)
        self._driver = sqlite_driver(self._copy)
        self.recorder.start()

    def stop(self, requests: int) -> int:
        """Stop recording. Returns the number of units, which must be the same for each request."""
        self.recorder.stop()
        units = self.recorder.units
        each, left = divmod(len(units), requests)
        if left or not each:
            raise RuntimeError(f"{len(units)} units for {requests} requests")
        self._units = iter([units[n * each : (n + 1) * each] for n in range(requests)])
        return len(units)

    def replay(self) -> None:
        """Replay the units of the next request."""
        with self._lock:
            assert self._driver is not None
            for unit in next(self._units):
                replay_unit(self._driver, unit)


def _bare(bench: _Bench, settable: _SetClock) -> Flask:
    app = Flask("bare")

    @app.post("/clock")
    def _clock() -> ResponseReturnValue:
        settable.instant = datetime.fromisoformat(request.get_json()["now"])
        return "", 204

    @app.post("/record")
    def _record() -> ResponseReturnValue:
        requests = request.get_json()["requests"]
        if requests:
            return jsonify(units=bench.stop(requests))
        bench.start()
        return "", 204

    @app.post("/replay")
    def _replay() -> ResponseReturnValue:
        # Reads the body as the product does; it skips only the product's decisions, checks and records.
        request.get_json()
        bench.replay()
        return jsonify(done=True)

    @app.get("/cpu")
    def _cpu() -> ResponseReturnValue:
        return jsonify(seconds=time.process_time())

    return app


def _load(path: Path, copy: Path) -> Any:
    # The log-ins of the tests' world are dated ahead, because the clock is moved by days.
    clock.MAY_DIFFER = timedelta(days=36_500)
    settings = settings_on(f"sqlite:///{path}", path.parent)
    database = Database(settings.database_url)
    settable = _SetClock()
    settable.instant = SystemClock().now()
    app = create_app(settings, database=database, clock=settable)
    logging.getLogger("ledger.requests").setLevel(logging.ERROR)
    return DispatcherMiddleware(app, {"/bench": _bare(_Bench(database, path, copy), settable)})


def main() -> None:
    """Serve until killed."""
    path, copy, port = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    server: Any = Granian(
        "bench",
        address="127.0.0.1",
        port=port,
        interface=Interfaces.WSGI,
        workers=1,
        blocking_threads=4,
        log_level=LogLevels.error,
    )
    server.serve(target_loader=partial(_load, path, copy), wrap_loader=False)


if __name__ == "__main__":
    main()
