"""Phones: several connections, each of which sends its next request once the last one is answered.

`python -m bench.phones PORT CONNECTIONS < REQUESTS`, one JSON line a request: [method, path, headers, body]. It writes
the total seconds and the milliseconds of each as JSON. A separate process, so that its time doesn't count as the
server's.
"""

import asyncio
import json
import sys
import time
from collections.abc import Iterator

_LENGTH = b"content-length:"


def _packed(line: str) -> bytes:
    method, path, headers, body = json.loads(line)
    text = json.dumps(body).encode()
    own = {"Host": "127.0.0.1", "Content-Type": "application/json", "Content-Length": str(len(text)), **headers}
    head = "".join(f"{name}: {value}\r\n" for name, value in own.items())
    return f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + text


async def _phone(port: int, requests: Iterator[bytes], took: list[float]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for request in requests:
        begun = time.perf_counter()
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(int(line[len(_LENGTH) :]) for line in head.lower().split(b"\r\n") if line.startswith(_LENGTH))
        body = await reader.readexactly(length)
        took.append(1000 * (time.perf_counter() - begun))
        if not head.startswith(b"HTTP/1.1 2"):
            raise RuntimeError(f"{head.splitlines()[0].decode()}: {body.decode()[:300]}")
    writer.close()


async def _all(port: int, connections: int, requests: list[bytes]) -> tuple[float, list[float]]:
    waiting, took = iter(requests), []  # type: ignore[var-annotated]
    begun = time.perf_counter()
    await asyncio.gather(*(_phone(port, waiting, took) for _ in range(connections)))
    return time.perf_counter() - begun, took


def main() -> None:
    """Send all requests and print how long they took."""
    requests = [_packed(line) for line in sys.stdin]
    seconds, took = asyncio.run(_all(int(sys.argv[1]), int(sys.argv[2]), requests))
    print(json.dumps({"seconds": seconds, "took": took}))


if __name__ == "__main__":
    main()
