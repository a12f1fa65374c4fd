"""Answers are made by threads, each request in a context of its own, and sent by the loop while clients take them."""

import asyncio
import sys
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from tempfile import TemporaryFile
from typing import IO, Any
from wsgiref.types import StartResponse, WSGIEnvironment

import pytest
from werkzeug.wsgi import wrap_file

from ledger.web import outgoing
from ledger.web.threads import Full, Threads
from tests.web.loop_client import Client, Message, ask, echo, gateway, in_a_loop


class Pieces:
    """An application's answer in pieces, which knows whether it was closed."""

    def __init__(self, *pieces: bytes) -> None:
        self._pieces = iter(pieces)
        self.closed = 0

    def __iter__(self) -> "Pieces":
        return self

    def __next__(self) -> bytes:
        return next(self._pieces)

    def close(self) -> None:
        """Note it."""
        self.closed += 1


def answering(result: object, *headers: tuple[str, str]) -> Callable[..., Any]:
    """An application with this result."""

    def app(_environ: WSGIEnvironment, start: StartResponse) -> Any:
        start("200 OK", list(headers))
        return result

    return app


def test_an_answer_in_pieces_is_sent_whole_and_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outgoing, "_IN_MEMORY_BYTES", 10)
    for pieces, sent_in in (((b"abc", b"de"), 2), ((b"x" * 8, b"y" * 8, b"z"), 3)):
        result = Pieces(*pieces)
        client = ask(Client(), gateway(answering(result)))

        assert (client.body, len(client.told), result.closed) == (b"".join(pieces), sent_in, 1)
    assert (b"content-length", b"17") in client.told[0]["headers"]


def test_an_answer_that_breaks_off_is_closed_and_not_sent() -> None:
    class Broken(Pieces):
        def __next__(self) -> bytes:
            raise OSError("no space is left")

    result, client = Broken(), Client()
    with pytest.raises(OSError, match="no space"):
        ask(client, gateway(answering(result)))

    assert (client.told, result.closed) == ([], 1)


def filed(size: int) -> tuple[IO[bytes], Callable[..., Any]]:
    """A file of which the first byte was read, and an application that answers with the rest as servers can."""
    file: IO[bytes] = TemporaryFile()  # noqa: SIM115 - closed by the answer, as the tests check
    file.write(b"x" * (size + 1))
    file.seek(1)

    def app(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        start("200 OK", [])
        return wrap_file(environ, file)

    return file, app


def test_a_file_is_sent_by_the_loop_and_closed() -> None:
    file, app = filed(200_000)
    client = ask(Client(), gateway(app))

    assert (client.body, file.closed) == (b"x" * 200_000, True)
    assert client.told[0]["headers"] == [(b"content-length", b"200000")]
    assert max(len(each["body"]) for each in client.told[1:]) <= 65_536


def test_a_file_is_not_sent_on_to_whoever_has_left() -> None:
    file, app = filed(1_000_000)
    client = ask(Client([b""], leaves=True), gateway(app))

    assert len(client.body) < 1_000_000
    assert file.closed


def test_whoever_takes_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    class Deaf(Client):
        async def send(self, message: Message) -> None:
            if self.body:
                await asyncio.Event().wait()
            await super().send(message)

    monkeypatch.setattr(outgoing, "_PIECE_SECONDS", 0.05)
    file, app = filed(1_000_000)
    client = ask(Deaf(), gateway(app))

    assert client.told[-1]["more_body"] is True
    assert file.closed


def test_a_thread_is_free_while_its_file_is_sent() -> None:
    class Slow(Client):
        async def send(self, message: Message) -> None:
            await super().send(message)
            if message["type"] == "http.response.body":
                await other_answered.wait()

    async def visit() -> None:
        _file, app = filed(1_000_000)
        threads = Threads(1, most_waiting=1)
        slow, other = Slow(), Client()
        sending = asyncio.ensure_future(gateway(app, threads=threads)(slow.scope, slow.receive, slow.send))
        while not slow.body:
            await asyncio.sleep(0.01)
        await gateway(threads=threads)(other.scope, other.receive, other.send)
        assert other.status == 200
        other_answered.set()
        await sending
        assert len(slow.body) == 1_000_000

    other_answered = asyncio.Event()
    in_a_loop(visit())


def test_each_request_has_a_context_of_its_own() -> None:
    left: ContextVar[int] = ContextVar("left")
    seen = []

    def app(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        seen.append(left.get(0))
        left.set(1)
        return echo(environ, start)

    through = gateway(app, threads=Threads(1, most_waiting=1))
    for _ in range(2):
        ask(Client(), through)

    assert seen == [0, 0]


def test_a_full_queue_refuses_and_a_failure_is_told() -> None:
    async def visit() -> None:
        with pytest.raises(Full):
            await Threads(0, most_waiting=0).do(list)
        with pytest.raises(SystemExit):
            await threads.do(sys.exit)
        assert await threads.do(lambda: 5) == 5

    threads = Threads(1, most_waiting=1)
    in_a_loop(visit())
