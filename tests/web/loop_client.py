"""A client of the gateway as the event loop sees it, and an application behind the gateway that says what it got."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, TypeVar
from wsgiref.types import StartResponse, WSGIEnvironment

from ledger.web.bodies import REFUSED
from ledger.web.gateway import Gateway
from ledger.web.incoming import Limits
from ledger.web.outgoing import Answer
from ledger.web.stopping import Stopping
from ledger.web.threads import Threads

STRANGERS, PEOPLE, FILES = 10, 20, 40
PIECES, PIECE_BYTES = 20, 4
Message = dict[str, Any]
T = TypeVar("T")


@dataclass
class Client:
    """A client that sends these pieces of a body and then is silent, or has left, and keeps the answer."""

    pieces: list[bytes] = field(default_factory=list)
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    ends: bool = True
    leaves: bool = False
    method: str = "POST"
    path: bytes = b"/x"
    told: list[Message] = field(default_factory=list)

    @property
    def scope(self) -> Message:
        """The head."""
        return {
            "type": "http",
            "http_version": "1.1",
            "method": self.method,
            "scheme": "https",
            "path": "unused",
            "raw_path": self.path,
            "query_string": b"a=%C3%A9&b",
            "client": ("192.0.2.7", "4711"),
            "server": ("192.0.2.1", "8443"),
            "headers": self.headers,
        }

    async def receive(self) -> Message:
        """The next piece."""
        if self.pieces:
            piece = self.pieces.pop(0)
            return {"type": "http.request", "body": piece, "more_body": bool(self.pieces) or not self.ends}
        if self.leaves:
            return {"type": "http.disconnect"}
        await asyncio.Event().wait()
        raise AssertionError

    async def send(self, message: Message) -> None:
        """Take a part of the answer."""
        self.told.append(message)

    @property
    def status(self) -> int | None:
        """The answer's status, None without one."""
        return self.told[0]["status"] if self.told else None

    @property
    def body(self) -> bytes:
        """The answer's body."""
        return b"".join(each["body"] for each in self.told[1:])

    @property
    def is_kept(self) -> bool:
        """Whether the answer lets the connection go on."""
        return (b"connection", b"close") not in self.told[0]["headers"]


def echo(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
    """Answer the body, or the code of its refusal."""
    start(f"{200 if REFUSED not in environ else 413} Said", [("Content-Type", "text/plain")])
    return [environ.get(REFUSED, "").encode() + environ["wsgi.input"].read()]


def gateway(
    app: Any = echo,
    *,
    threads: Threads | None = None,
    most: Callable[[WSGIEnvironment], int] = lambda _environ: PEOPLE,
    seconds: float = 30,
    stopping: Stopping | None = None,
) -> Gateway:
    """A gateway with small limits."""
    return Gateway(
        app,
        most=most,
        busy=lambda _environ: Answer(503, [], b"busy"),
        broken=lambda _environ: Answer(400, [], b"broken"),
        limits=Limits(STRANGERS, PEOPLE, seconds, 2 * seconds, 100, PIECES, PIECE_BYTES),
        threads=threads or Threads(1, most_waiting=5),
        beside=Threads(1, most_waiting=5),
        urgent=frozenset({"/alive"}),
        stopping=stopping or Stopping(),
    )


def told(length: int) -> list[tuple[bytes, bytes]]:
    """The header for a body of so many bytes."""
    return [(b"content-length", str(length).encode())]


def ask(client: Client, through: Gateway | None = None) -> Client:
    """Have the client's request answered."""

    async def answered() -> None:
        await (through or gateway())(client.scope, client.receive, client.send)

    in_a_loop(answered())
    return client


def in_a_loop(work: Coroutine[Any, Any, T]) -> T:
    """What the work returns, done by a loop of its own thread: a test's thread may have a browser's loop."""
    with ThreadPoolExecutor(1) as alone:
        return alone.submit(asyncio.run, asyncio.wait_for(work, 20)).result()
