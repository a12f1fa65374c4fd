"""The gateway between event loop and threads takes heads, and bodies within their limits."""

import asyncio
import threading
from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIEnvironment

import pytest

from ledger.web.incoming import environ_of
from ledger.web.stopping import Stopping
from ledger.web.threads import Threads
from tests.web.loop_client import (
    FILES,
    PEOPLE,
    PIECE_BYTES,
    PIECES,
    STRANGERS,
    Client,
    Message,
    ask,
    echo,
    gateway,
    in_a_loop,
    told,
)


def test_a_head_becomes_an_environment() -> None:
    headers = [
        (b"host", b"ledger.example"),
        (b"cookie", b"a=1"),
        (b"cookie", b"b=\xe5\x87\x9d"),
        (b"accept", b"text/html"),
        (b"accept", b"text/plain"),
        (b"content-type", b"text/plain"),
        (b"x_forwarded_for", b"203.0.113.9"),
    ]
    environ = environ_of(Client(headers=headers, path=b"/K/%E5%87%9D%FF").scope)

    assert environ["PATH_INFO"].encode("latin-1") == b"/K/\xe5\x87\x9d\xff"
    assert environ["QUERY_STRING"] == "a=%C3%A9&b"
    assert (environ["REMOTE_ADDR"], environ["wsgi.url_scheme"]) == ("192.0.2.7", "https")
    assert (environ["HTTP_HOST"], environ["SERVER_PORT"]) == ("ledger.example", "8443")
    assert environ["HTTP_COOKIE"].encode("latin-1") == b"a=1; b=\xe5\x87\x9d"
    assert environ["HTTP_ACCEPT"] == "text/html,text/plain"
    assert (environ["CONTENT_TYPE"], "HTTP_X_FORWARDED_FOR" in environ) == ("text/plain", False)


@pytest.mark.parametrize(
    "client",
    [
        Client([b"abc", b"de"], told(5), ends=False),
        Client([b"abcde"], told(5)),
        Client([b"ab", b"", b"cde", b""], [(b"transfer-encoding", b"chunked")]),
        Client([b"abcde"], [(b"transfer-encoding", b"chunked"), *told(3)]),
    ],
    ids=["pieces", "one", "chunks", "chunks-over-length"],
)
def test_a_body_is_handed_over_whole(client: Client) -> None:
    ask(client)

    assert (client.status, client.body, client.is_kept) == (200, b"abcde", True)


@pytest.mark.parametrize("client", [Client(), Client(headers=told(0)), Client([b""], [(b"transfer-encoding", b"x")])])
def test_a_request_without_a_body_waits_for_none(client: Client) -> None:
    assert (ask(client).status, client.body) == (200, b"")


@pytest.mark.parametrize(("most", "status"), [(STRANGERS, 413), (PEOPLE, 200), (FILES, 200)])
def test_more_is_taken_from_those_who_may_send_it(most: int, status: int) -> None:
    for headers in (told(15), [(b"transfer-encoding", b"chunked")]):
        client = ask(Client([b"x" * 8, b"x" * 7], headers), gateway(most=lambda _environ: most))
        assert (client.status, client.is_kept) == (status, True)
        assert client.body == (b"x" * 15 if status == 200 else b"request.too_large")


def test_a_large_body_lies_in_a_file() -> None:
    kinds = []

    def app(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        kinds.append(environ["wsgi.input"]._rolled)
        return echo(environ, start)

    for length in (STRANGERS, PEOPLE):
        assert (
            ask(Client([b"x" * length], told(length)), gateway(app, most=lambda _environ: FILES)).body == b"x" * length
        )
    assert kinds == [False, True]


@pytest.mark.parametrize(
    ("client", "is_kept"),
    [
        (Client([b"x" * 30, b"x" * 30], told(60)), True),
        (Client([b"x" * 30, b"x" * 30], [(b"transfer-encoding", b"chunked")]), True),
        (Client([], told(101)), False),
        (Client([b"x" * 60, b"x" * 60, b"x"], [(b"transfer-encoding", b"chunked")]), False),
        (Client([], [*told(60), (b"expect", b"100-continue")]), False),
    ],
    ids=["rest", "chunks", "too-much-rest", "too-many-chunks", "not-sent-yet"],
)
def test_a_refused_body_is_taken_out_of_the_connection_or_ends_it(client: Client, is_kept: bool) -> None:
    ask(client)

    assert (client.status, client.body, client.is_kept) == (413, b"request.too_large", is_kept)


@pytest.mark.parametrize(
    ("client", "code"),
    [
        (Client([b"x"], told(5), ends=False), b"request.too_slow"),
        (Client([b"x"], [(b"transfer-encoding", b"chunked")], ends=False), b"request.too_slow"),
        (Client([b"x"], told(60), ends=False), b"request.too_large"),
    ],
    ids=["body", "chunks", "refused"],
)
def test_a_body_has_its_time_and_no_more(client: Client, code: bytes) -> None:
    ask(client, gateway(seconds=0.05))

    assert (client.status, client.body, client.is_kept) == (413, code, False)


def test_time_is_not_gained_by_sending_a_little() -> None:
    class Trickle(Client):
        async def receive(self) -> Message:
            await asyncio.sleep(0.01)
            return {"type": "http.request", "body": b"", "more_body": True}

    client = ask(Trickle(headers=told(5)), gateway(seconds=0.1))

    assert (client.status, client.body) == (413, b"request.too_slow")


@pytest.mark.parametrize("length", [5, 60])
def test_nothing_is_done_for_a_client_that_has_left(length: int) -> None:
    """It is told what the server tells nobody: that its body was none, if it is still there."""
    ran: list[object] = []
    client = ask(Client([b"x"], told(length), ends=False, leaves=True), gateway(lambda *known: ran.append(known)))

    assert (client.status, client.body, client.is_kept, ran) == (400, b"broken", False, [])


@pytest.mark.parametrize(
    ("pieces", "said"),
    [
        ([b""] * (PIECES - 1) + [b"x" * PIECE_BYTES], b"x" * PIECE_BYTES),
        ([b"x"] * (PIECES - 1), b"x" * (PIECES - 1)),
        ([b"x"] * FILES, b"request.too_scattered"),
        ([b""] * FILES, b"request.too_scattered"),
        ([b"x" * (FILES + 1), *[b""] * 2 * FILES], b"request.too_large"),
    ],
    ids=["few", "small", "too-small", "empty", "rest-of-refused"],
)
def test_a_body_comes_in_no_more_pieces_than_its_size_explains(pieces: list[bytes], said: bytes) -> None:
    client = Client(list(pieces), [(b"transfer-encoding", b"chunked")])
    ask(client, gateway(most=lambda _environ: FILES))

    assert (client.body, client.is_kept) == (said, said.startswith(b"x"))
    assert bool(client.pieces) is not client.is_kept


def test_too_much_waiting_is_told_at_once_and_the_urgent_is_answered() -> None:
    free, entered = threading.Event(), threading.Event()

    def app(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        if environ["PATH_INFO"] != "/alive":
            entered.set()
            assert free.wait(20)
        return echo(environ, start)

    async def visit() -> list[int | None]:
        through = gateway(app, threads=Threads(1, most_waiting=2))
        clients = [Client() for _ in range(3)]
        held = [asyncio.ensure_future(through(each.scope, each.receive, each.send)) for each in clients[:1]]
        await asyncio.to_thread(entered.wait, 20)
        held += [asyncio.ensure_future(through(each.scope, each.receive, each.send)) for each in clients[1:]]
        late, large, urgent = Client(), Client([], told(15)), Client(path=b"/alive")
        await asyncio.sleep(0)
        for each in (late, large, urgent):
            await through(each.scope, each.receive, each.send)
        free.set()
        await asyncio.gather(*held)
        assert (late.is_kept, large.is_kept) == (True, False)
        return [each.status for each in (late, large, urgent, *clients)]

    assert in_a_loop(visit()) == [503, 503, 200, 200, 200, 200]


def test_nothing_is_taken_from_somebody_who_can_not_be_known_now() -> None:
    def fails(_environ: WSGIEnvironment) -> int:
        raise OSError("the database is away")

    client = ask(Client([b"x" * 15], told(15)), gateway(most=fails))

    assert (client.status, client.is_kept) == (503, False)


@pytest.mark.parametrize("is_before", [False, True], ids=["meanwhile", "before"])
def test_a_body_is_cut_when_the_service_stops(*, is_before: bool) -> None:
    stopping, client = Stopping(), Client([b"ab"], told(5), ends=False)

    async def answered() -> None:
        if is_before:
            stopping.told()
        asked = asyncio.ensure_future(gateway(stopping=stopping)(client.scope, client.receive, client.send))
        while client.pieces and not is_before:
            await asyncio.sleep(0)
        stopping.told()
        await asked

    in_a_loop(answered())
    assert (client.status, client.body, client.is_kept) == (503, b"busy", False)


def test_what_is_complete_is_answered_although_the_service_stops() -> None:
    stopping, begun, told_to = Stopping(), threading.Event(), threading.Event()

    def app(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        begun.set()
        told_to.wait(10)
        return echo(environ, start)

    async def answered() -> None:
        asked = asyncio.ensure_future(gateway(app, stopping=stopping)(client.scope, client.receive, client.send))
        await asyncio.to_thread(begun.wait, 10)
        stopping.told()
        told_to.set()
        await asked

    client = Client([b"abcde"], told(5))
    in_a_loop(answered())
    assert (client.status, client.body) == (200, b"abcde")
