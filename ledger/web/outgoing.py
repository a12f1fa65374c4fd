"""What an application answers, made by a thread and sent by the loop at the client's pace."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from itertools import chain
from os import SEEK_END
from tempfile import TemporaryFile
from typing import IO, Any
from wsgiref.types import WSGIApplication, WSGIEnvironment

from werkzeug.wsgi import FileWrapper

from ledger.web.incoming import Receive

Send = Callable[[dict[str, Any]], Awaitable[None]]
_IN_MEMORY_BYTES = 1_048_576
_PIECE_BYTES = 65_536
# Whoever takes no piece for so long is not waited for.
_PIECE_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer that is ready to be sent."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes | IO[bytes]


class _SentFile(FileWrapper):
    """A file that the application answers with as it is."""


def answer_of(app: WSGIApplication, received: WSGIEnvironment) -> Answer:
    """Have the application make its whole answer."""
    head: list[tuple[str, list[tuple[str, str]]]] = []
    written: list[bytes] = []

    def start(status: str, headers: list[tuple[str, str]], _error: Any = None) -> Callable[[bytes], object]:
        head[:] = [(status, headers)]
        return written.append

    received["wsgi.file_wrapper"] = _SentFile
    with received["wsgi.input"]:
        result = app(received, start)
        body = result.file if isinstance(result, _SentFile) else _gathered(result, written)
    [(status, headers)] = head
    sent = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
    if not isinstance(body, bytes) and not any(name.lower() == b"content-length" for name, _ in sent):
        sent.append((b"content-length", str(_rest_of(body)).encode()))
    return Answer(int(status[:3]), sent, body)


async def deliver(answer: Answer, receive: Receive, send: Send) -> None:
    """Send it, unless the client leaves or takes nothing of it for too long. Closes the file."""
    await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
    if isinstance(answer.body, bytes):
        await send({"type": "http.response.body", "body": answer.body})
        return
    gone = asyncio.ensure_future(_left(receive))
    try:
        with answer.body as file:
            while not gone.done() and (piece := file.read(_PIECE_BYTES)):
                async with asyncio.timeout(_PIECE_SECONDS):
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
                await asyncio.sleep(0)  # the others' turn, even if nothing had to be waited for
        await send({"type": "http.response.body", "body": b""})
    except TimeoutError:
        return
    finally:
        gone.cancel()


def _gathered(pieces: Iterable[bytes], written: list[bytes]) -> bytes | IO[bytes]:
    """All pieces together, in a temporary file if they are many; those `written` come first."""
    try:
        size, rest = 0, iter(pieces)
        for piece in rest:
            written.append(piece)
            size += len(piece)
            if size > _IN_MEMORY_BYTES:
                return _filed(chain(written, rest))
        return b"".join(written)
    finally:
        getattr(pieces, "close", bool)()


def _filed(pieces: Iterable[bytes]) -> IO[bytes]:
    file: IO[bytes] = TemporaryFile()  # noqa: SIM115 - closed when it is sent
    file.writelines(pieces)
    file.seek(0)
    return file


def _rest_of(file: IO[bytes]) -> int:
    """How many bytes are left to read."""
    start = file.tell()
    end = file.seek(0, SEEK_END)
    file.seek(start)
    return end - start


async def _left(receive: Receive) -> None:
    """Return when the client has left."""
    while (await receive())["type"] != "http.disconnect":
        pass
