"""Run a function in separate processes, like several servers on one database."""

import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from typing import Any

from ledger.kernel.database import Database
from tests.at_once import LONGEST_SECONDS
from tests.runtimes import use_database

# Each process is forked from one that has only loaded the code, so that they share nothing with the tests' process
# and need not load it again.
fresh = multiprocessing.get_context("forkserver")
fresh.set_forkserver_preload(["ledger.app", "tests.world", "tests.conftest"])


def in_processes(work: Callable[..., Any], url: str, *arguments: Any, number: int = 2) -> list[Any]:
    """What `work(process, *arguments)` returned in each process; all start together, with the database at `url` in use.

    `work` must be a module-level function.
    """
    with fresh.Manager() as manager:
        barrier = manager.Barrier(number)
        with ProcessPoolExecutor(number, mp_context=fresh) as pool:
            calls = [pool.submit(_run, work, url, barrier, process, *arguments) for process in range(number)]
            return [call.result(LONGEST_SECONDS) for call in calls]


def _run(work: Callable[..., Any], url: str, barrier: Any, process: int, *arguments: Any) -> Any:
    database = Database(url)
    use_database(database)
    barrier.wait(LONGEST_SECONDS)
    try:
        return work(process, *arguments)
    finally:
        database.close()
