"""Local servers that receive what the outbox sends, and can be told to fail."""

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

HOST = "127.0.0.1"


@dataclass
class Received:
    """Head and body of each received request or mail. `answer` is the reply to the next ones."""

    port: int = 0
    answer: int = 0
    arrived: list[tuple[dict[str, str], bytes]] = field(default_factory=list)


@contextmanager
def http_listener() -> Iterator[Received]:
    """A server that answers a POST with `answer`, by default 204."""
    received = Received(answer=204)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received.arrived.append((dict(self.headers), body))
            self.send_response(received.answer)
            self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def do_GET(self) -> None:
            received.arrived.append(({"method": "GET"}, b""))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_said: Any) -> None:
            """Log nothing into the test's output."""

    with _running(ThreadingHTTPServer((HOST, 0), Handler), received):
        yield received


@contextmanager
def smtp_listener() -> Iterator[Received]:
    """An SMTP server that answers the data of a mail with `answer`, by default 250."""
    received = Received(answer=250)

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            envelope: dict[str, str] = {}
            self._say("220 ready")
            while line := self.rfile.readline().decode().strip():
                word = line.partition(" ")[0].upper()
                if word == "DATA":
                    self._say("354 go on")
                    received.arrived.append((dict(envelope), self._data()))
                    self._say(f"{received.answer} told")
                elif word == "QUIT":
                    self._say("221 bye")
                    return
                else:
                    envelope[word] = line
                    self._say("250-here\r\n250 HELP" if word == "EHLO" else "250 ok")

        def _say(self, words: str) -> None:
            self.wfile.write(words.encode() + b"\r\n")

        def _data(self) -> bytes:
            lines = []
            while (line := self.rfile.readline()) not in (b".\r\n", b""):
                lines.append(line)
            return b"".join(lines)

    with _running(socketserver.ThreadingTCPServer((HOST, 0), Handler), received):
        yield received


@contextmanager
def _running(server: socketserver.BaseServer, received: Received) -> Iterator[None]:
    received.port = server.server_address[1]  # type: ignore[index,assignment]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
