"""What a client sends, as the loop takes it: the head as a WSGI environment, the body within its limits.

No thread is taken for it. A body has so many bytes as its sender may send, and so many pieces and seconds for it all.
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from io import BytesIO
from tempfile import SpooledTemporaryFile
from typing import IO, Any
from urllib.parse import unquote_to_bytes
from wsgiref.types import WSGIEnvironment

from ledger.web.stopping import Stopping

Receive = Callable[[], Awaitable[dict[str, Any]]]
# Asked about a body that is larger than anybody may send: how many bytes its sender may.
Ask = Callable[[], Awaitable[int]]


@dataclass(frozen=True, slots=True)
class Limits:
    """Of bodies: bytes that anybody may send, which are kept in memory; bytes of a form; seconds for a form and a file.

    `drained` is how many bytes of a refused body are read and thrown away, so that its sender reads the answer.
    A body may come in so many `pieces`, and in one more for each `piece_bytes` that it has brought: each of them
    costs a turn of the loop, however small it is.
    """

    for_strangers: int
    for_people: int
    seconds: float
    seconds_for_files: float
    drained: int
    pieces: int
    piece_bytes: int


class Gone(Exception):
    """No more of the body comes: the client has left, or what it sends is none. The server tells us no difference."""


class Cut(Exception):
    """The service stops before the client had sent everything."""


class Refused(Exception):
    """The body is not taken. `code` says why; a connection that still has some of it in it can't be kept."""

    def __init__(self, code: str, *, emptied: bool) -> None:
        super().__init__(code)
        self.code = code
        self.emptied = emptied


def environ_of(scope: dict[str, Any]) -> WSGIEnvironment:
    """The head of a request, without a body.

    A header whose name has an underscore is left out: it would pass for the one with a hyphen.
    """
    received: WSGIEnvironment = {
        "GATEWAY_INTERFACE": "CGI/1.1",
        "REMOTE_ADDR": scope["client"][0],
        "REMOTE_PORT": scope["client"][1],
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(scope["raw_path"]).decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_NAME": scope["server"][0],
        "SERVER_PORT": scope["server"][1],
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope["scheme"],
        "wsgi.input": BytesIO(),
        "wsgi.input_terminated": True,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for raw_name, raw_value in scope["headers"]:
        if b"_" not in raw_name:
            _add(received, raw_name.decode("latin-1").upper().replace("-", "_"), raw_value.decode("latin-1"))
    return received


def _add(received: WSGIEnvironment, name: str, value: str) -> None:
    key = name if name in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{name}"
    if key in received:
        value = f"{received[key]}{'; ' if key == 'HTTP_COOKIE' else ','}{value}"
    received[key] = value


async def read_body(received: WSGIEnvironment, receive: Receive, limits: Limits, ask: Ask, stopping: Stopping) -> None:
    """Put the whole body into the environment.

    Raises Gone, Cut if the service stops meanwhile, and
    Refused("request.too_large", "request.too_slow", "request.too_scattered").
    """
    is_chunked = received.pop("HTTP_TRANSFER_ENCODING", None) is not None
    length = None if is_chunked else int(received.get("CONTENT_LENGTH") or 0)
    if length == 0:
        return
    body = _Body(receive, length, limits, ask, invited="HTTP_EXPECT" in received)
    received["CONTENT_LENGTH"] = "0"
    try:
        async with asyncio.timeout(limits.seconds) as timer:
            with stopping.ends(timer):
                received["wsgi.input"] = await body.read(timer)
    except TimeoutError as late:
        if stopping.is_told:
            raise Cut from late
        raise Refused("request.too_large" if body.is_too_large else "request.too_slow", emptied=False) from late
    received["CONTENT_LENGTH"] = str(body.size)


class _Body:
    """A body of `length` bytes, None if only its end will tell, of which `size` have come."""

    def __init__(self, receive: Receive, length: int | None, limits: Limits, ask: Ask, *, invited: bool) -> None:
        self.size = 0
        self.is_too_large = False
        self._receive = receive
        self._length = length
        self._limits = limits
        self._ask = ask
        self._invited = invited
        self._most = limits.for_strangers
        self._has_asked = False

    async def read(self, timer: asyncio.Timeout) -> IO[bytes]:
        """All of it, from its start."""
        if self._length is not None and not await self._may_have(self._length, timer):
            raise await self._too_large(self._pieces())
        file: IO[bytes] = SpooledTemporaryFile(self._limits.for_strangers)  # noqa: SIM115 - closed with the request
        pieces = self._pieces()
        async for piece in pieces:
            if not await self._may_have(self.size, timer):
                raise await self._too_large(pieces)
            file.write(piece)
        file.seek(0)
        return file

    async def _may_have(self, size: int, timer: asyncio.Timeout) -> bool:
        if size > self._most and not self._has_asked:
            self._has_asked = True
            self._most = await self._ask()
            if self._most > self._limits.for_people:
                timer.reschedule(asyncio.get_running_loop().time() + self._limits.seconds_for_files)
        return size <= self._most

    async def _pieces(self) -> AsyncIterator[bytes]:
        is_more, spare = True, self._limits.pieces * self._limits.piece_bytes
        while is_more and self.size != self._length:
            message = await self._receive()
            if message["type"] != "http.request":
                raise Gone
            self.size += len(message["body"])
            spare += len(message["body"]) - self._limits.piece_bytes
            if spare < 0:
                raise Refused("request.too_large" if self.is_too_large else "request.too_scattered", emptied=False)
            is_more = message["more_body"]
            yield message["body"]

    async def _too_large(self, pieces: AsyncIterator[bytes]) -> Refused:
        """The refusal, after what still comes is thrown away: most clients read no answer before they have sent all.

        One that waits to be invited sends nothing if it is not.
        """
        self.is_too_large = True
        most = self._limits.drained
        if self._invited or (self._length or 0) > most:
            return Refused("request.too_large", emptied=False)
        async for _ in pieces:
            if self.size > most:
                return Refused("request.too_large", emptied=False)
        return Refused("request.too_large", emptied=True)
