"""Answers requests of an event loop with a WSGI application whose threads wait for no client.

A thread gets a request when all of its body is there, and is free again when the answer is made. (A WSGI server that
hands its threads a connection lets whoever sends or reads slowly keep them, known or not.)
"""

import logging
from collections.abc import Callable
from functools import partial
from typing import Any
from wsgiref.types import WSGIApplication, WSGIEnvironment

from ledger.web.bodies import REFUSED
from ledger.web.incoming import Cut, Gone, Limits, Receive, Refused, environ_of, read_body
from ledger.web.outgoing import Answer, Send, answer_of, deliver
from ledger.web.stopping import Stopping
from ledger.web.threads import Full, Threads

_log = logging.getLogger("ledger")


class Gateway:
    """An ASGI application without a lifespan.

    `most` says, in a thread, how many bytes a request's body may have; `busy` answers when too much waits for the
    `threads` or the service stops, `broken` where a body is none. Those `beside` answer the `urgent` paths alone.
    """

    def __init__(
        self,
        app: WSGIApplication,
        *,
        most: Callable[[WSGIEnvironment], int],
        busy: Callable[[WSGIEnvironment], Answer],
        broken: Callable[[WSGIEnvironment], Answer],
        limits: Limits,
        threads: Threads,
        beside: Threads,
        urgent: frozenset[str],
        stopping: Stopping,
    ) -> None:
        self._app = app
        self._most = most
        self._busy = busy
        self._broken = broken
        self._limits = limits
        self._threads = threads
        self._beside = beside
        self._urgent = urgent
        self._stopping = stopping

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """Answer one request."""
        self._stopping.listen()
        received = environ_of(scope)
        try:
            answer = await self._answer(received, receive)
        except Exception:
            _log.exception("no answer made")
            raise
        await deliver(answer, receive, send)

    async def _answer(self, received: WSGIEnvironment, receive: Receive) -> Answer:
        is_empty = False
        try:
            is_empty = await self._take(received, receive)
            threads = self._beside if received["PATH_INFO"] in self._urgent else self._threads
            answer = await threads.do(partial(answer_of, self._app, received))
        except Full:
            answer = self._busy(received)
        except Gone:
            # Without an answer of ours the server makes one, a bare 500. Who has left reads neither.
            answer = self._broken(received)
        if not is_empty:
            answer.headers.append((b"connection", b"close"))
        return answer

    async def _take(self, received: WSGIEnvironment, receive: Receive) -> bool:
        """Take the body, or note why it is refused. Whether nothing of it is left in the connection."""
        try:
            await read_body(received, receive, self._limits, partial(self._ask, received), self._stopping)
        except Cut as cut:
            raise Full from cut
        except Refused as refused:
            received[REFUSED] = refused.code
            return refused.emptied
        return True

    async def _ask(self, received: WSGIEnvironment) -> int:
        try:
            return await self._threads.do(partial(self._most, received))
        except Full:
            raise
        except Exception as error:  # who sends it can't be told now, so it can't be taken now
            _log.warning("body not taken", exc_info=error)
            raise Full from error
