"""A fixed number of threads that do work in order, for a loop that waits for it; too much work is refused."""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from contextvars import Context
from queue import SimpleQueue
from typing import Any, TypeVar

T = TypeVar("T")


class Full(Exception):
    """So much work waits that more would wait too long."""


class Threads:
    """`count` threads; at most `most_waiting` pieces of work wait for one of them."""

    def __init__(self, count: int, *, most_waiting: int) -> None:
        self._most_waiting = most_waiting
        self._waiting: SimpleQueue[Callable[[], None]] = SimpleQueue()
        for _ in range(count):
            threading.Thread(target=self._work, name="request", daemon=True).start()

    async def do(self, work: Callable[[], T]) -> T:
        """What `work` returns, called by one of the threads in a context of its own. Raises Full, or what it raises."""
        if self._waiting.qsize() >= self._most_waiting:
            raise Full
        loop = asyncio.get_running_loop()
        done: asyncio.Future[T] = loop.create_future()

        def told() -> None:
            try:
                settle, value = done.set_result, Context().run(work)
            except BaseException as error:  # whoever waits must hear of it, whatever it is
                settle, value = done.set_exception, error  # type: ignore[assignment]
            with suppress(RuntimeError):  # the loop has ended, and with it whoever waited
                loop.call_soon_threadsafe(_settle, done, settle, value)

        self._waiting.put(told)
        return await done

    def _work(self) -> None:
        while True:
            self._waiting.get()()


def _settle(done: "asyncio.Future[Any]", settle: Callable[[Any], None], value: object) -> None:
    if not done.done():  # nobody waits any more after a time-out
        settle(value)
