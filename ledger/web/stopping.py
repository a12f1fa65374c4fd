"""The stop of the service: bodies on their way are cut, requests that are complete get their answer.

Nothing was begun for a body that is not there, so its sender loses nothing and may send it again.
"""

import asyncio
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Stopping:
    """Whether the service has been told to stop, and the time limits of the bodies that end then."""

    def __init__(self) -> None:
        self.is_told = False
        self._limits: set[asyncio.Timeout] = set()
        self._listens = False

    @contextmanager
    def ends(self, limit: asyncio.Timeout) -> Iterator[None]:
        """End what has this time limit as soon as the service is told to stop."""
        self._limits.add(limit)
        try:
            if self.is_told:
                _end(limit)
            yield
        finally:
            self._limits.discard(limit)

    def told(self) -> None:
        """Cut what is on its way."""
        self.is_told = True
        for limit in self._limits:
            _end(limit)

    def listen(self) -> None:
        """Hear the signal before granian does. Call it in its loop; a loop outside the main thread hears nothing.

        Granian has one handler for both signals, and the worker blocks SIGINT: so that one passes the word on.
        """
        if not self._listens and threading.current_thread() is threading.main_thread():
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, self._heard)
        self._listens = True

    def _heard(self) -> None:
        self.told()
        signal.raise_signal(signal.SIGINT)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


def _end(limit: asyncio.Timeout) -> None:
    if not limit.expired():
        limit.reschedule(asyncio.get_running_loop().time())
