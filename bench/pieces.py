"""Bodies in pieces: the processor time that a few strangers' bodies cost, whole and in chunks of one byte.

`python -m bench.pieces [--connections N] [--bytes N]`. It serves as an operator does and prints seconds and the ratio.
"""

import argparse
import os
import tempfile
from contextlib import suppress
from pathlib import Path

from bench.measuring import aligned
from ledger.kernel.migrations import upgrade
from tests.crash.raw import connected, head_of
from tests.crash.server import Server

_HEAD = head_of("POST", "/api/v1/sessions", "Content-Type: application/json", "Transfer-Encoding: chunked")
_TICKS = os.sysconf("SC_CLK_TCK")


def _spent(group: int) -> float:
    """Seconds of processor time of all processes of a group."""
    seconds = 0.0
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            values = path.read_text().rpartition(")")[2].split()
            if int(values[2]) == group:
                seconds += (int(values[11]) + int(values[12])) / _TICKS
    return seconds


def measure(connections: int, size: int) -> dict[str, float]:
    """Seconds by how the bodies come."""
    kinds = {"one chunk": [b" " * size], "one byte a chunk": [b" "] * size}
    came: dict[str, float] = {}
    with tempfile.TemporaryDirectory(prefix="ledger-bench-") as folder:
        upgrade(f"sqlite:///{folder}/ningxin.sqlite3")
        server = Server(Path(folder))
        server.start()
        assert server.process is not None
        for name, chunks in kinds.items():
            framed = b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks)
            before = _spent(server.process.pid)
            with connected(server.port, connections) as opened:
                for each in opened:
                    with suppress(ConnectionError):  # refused before all of it was sent
                        each.send(_HEAD, framed, b"0\r\n\r\n")
                for each in opened:
                    with suppress(ConnectionError):
                        each.answer()
            came[name] = _spent(server.process.pid) - before
        server.stop()
    return came


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.pieces", description=__doc__)
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument("--bytes", type=int, default=60_000)
    wanted = parser.parse_args()
    came = measure(wanted.connections, wanted.bytes)
    whole = max(came["one chunk"], 1 / _TICKS)
    print(aligned([("body", "seconds", "ratio"), *((k, f"{v:.2f}", f"{v / whole:.0f}") for k, v in came.items())]))


if __name__ == "__main__":
    main()
