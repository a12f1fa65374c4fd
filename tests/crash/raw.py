"""Connections to the service that are written and read byte by byte, as no client library would."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field

_WAIT_SECONDS = 60


def head_of(method: str, path: str, *fields: str) -> bytes:
    """The head of a request with these header lines."""
    return "\r\n".join((f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", *fields, "", "")).encode()


@dataclass
class Raw:
    """One connection."""

    port: int
    connection: socket.socket = field(init=False)
    _left: bytes = b""

    def __post_init__(self) -> None:
        self.connection = socket.create_connection(("127.0.0.1", self.port), timeout=_WAIT_SECONDS)

    def send(self, *sent: bytes) -> None:
        """Send these bytes."""
        self.connection.sendall(b"".join(sent))

    def answer(self, *, has_body: bool = True) -> tuple[int, dict[str, str], bytes]:
        """The next answer: status, headers in lower case, body by its Content-Length. Raises ConnectionError."""
        while b"\r\n\r\n" not in self._left:
            self._more()
        head, _, self._left = self._left.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        length = int(headers.get("content-length", "0")) if has_body else 0
        while len(self._left) < length:
            self._more()
        body, self._left = self._left[:length], self._left[length:]
        return int(first.split()[1]), headers, body

    def close(self) -> None:
        """Hang up."""
        self.connection.close()

    def is_waiting(self) -> bool:
        """Whether the server has neither answered nor hung up yet."""
        self.connection.setblocking(False)
        try:
            self.connection.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return True
        except ConnectionError:
            return False
        else:
            return False
        finally:
            self.connection.settimeout(_WAIT_SECONDS)

    def is_closed(self) -> bool:
        """Whether the server hangs up; waits for it, and skips what it says before."""
        try:
            while self.connection.recv(65_536):
                pass
        except ConnectionError:
            pass
        return True

    def _more(self) -> None:
        came = self.connection.recv(65_536)
        if not came:
            raise ConnectionError("the server has hung up")
        self._left += came


@contextmanager
def connected(port: int, count: int = 1) -> Iterator[list[Raw]]:
    """So many connections, closed at the end."""
    with ExitStack() as opened:
        yield [opened.enter_context(closing(Raw(port))) for _ in range(count)]
