"""Run a function in processes of their own, as several servers on one database would."""

import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from typing import Any

from ledger.kernel import db
from ledger.kernel.db import Database
from tests.at_once import LONGEST_SECONDS


def in_processes(work: Callable[..., Any], url: str, *arguments: Any, number: int = 2) -> list[Any]:
    """What `work(process, *arguments)` returned in each process, the database at `url` in use and all started together.

    `work` must be a function of a module; its processes are started anew, so that they share nothing.
    """
    spawn = multiprocessing.get_context("spawn")
    with spawn.Manager() as manager:
        barrier = manager.Barrier(number)
        with ProcessPoolExecutor(number, mp_context=spawn) as pool:
            calls = [pool.submit(_run, work, url, barrier, process, *arguments) for process in range(number)]
            return [call.result(LONGEST_SECONDS) for call in calls]


def _run(work: Callable[..., Any], url: str, barrier: Any, process: int, *arguments: Any) -> Any:
    database = Database(url)
    db.use(database)
    barrier.wait(LONGEST_SECONDS)
    try:
        return work(process, *arguments)
    finally:
        database.close()
