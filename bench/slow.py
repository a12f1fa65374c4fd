"""Slow clients: how long others wait for /healthz and a check-in while many requests never end.

`python -m bench.slow [--slow N] [--asked N]`. It serves a small book as an operator does, asks in turns with and
without the slow ones, from the moment they have begun, and prints medians and the slowest in milliseconds.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from bench.measuring import aligned
from ledger.kernel import clock
from ledger.kernel.database import Database
from ledger.kernel.ids import public_id
from ledger.kernel.migrations import upgrade
from tests.crash.raw import connected, head_of
from tests.crash.server import Call, Server, send
from tests.runtimes import use_database
from tests.world import ServedWorld

_HALF = head_of("POST", "/api/v1/sessions", "Content-Type: application/json", "Content-Length: 1000") + b"{"
_ROUNDS = 3


def _took(ask: Callable[[], int]) -> float:
    begun = time.perf_counter()
    status = ask()
    if status not in (200, 201):
        raise RuntimeError(f"answered {status}")
    return 1000 * (time.perf_counter() - begun)


class _Others:
    """Those who ask while others are slow."""

    def __init__(self, world: ServedWorld, port: int) -> None:
        self._world, self._port = world, port
        self._clerk = world.add_staff("clerk")
        world.add_shift(clock.now())

    def alive(self) -> int:
        """Ask whether the service is alive."""
        return send(self._port, "GET", "/healthz")[0]

    def check_in(self) -> Callable[[], int]:
        """A check-in of somebody new, ready to be sent."""
        volunteer = self._world.add_volunteer()
        scan = {
            "client_scan_id": f"slow-{volunteer.volunteer_id}",
            "card": volunteer.card,
            "station_id": public_id(self._world.station_id),
            "confirmed": ["WALK_IN"],
        }
        call = Call("POST", "/api/v1/checkins", self._clerk.token, scan)
        return lambda: call.send(self._port)[0]


def measure(slow: int, asked: int) -> dict[str, list[float]]:
    """Milliseconds of each request, by what was asked and how many were slow."""
    came: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory(prefix="ledger-bench-") as folder:
        url = f"sqlite:///{folder}/ningxin.sqlite3"
        upgrade(url)
        database = Database(url)
        use_database(database)
        world = ServedWorld(database)
        server = Server(Path(folder))
        server.start()
        others = _Others(world, server.port)
        for count in (0, slow) * _ROUNDS:
            waiting = [others.check_in() for _ in range(asked)]
            with connected(server.port, count) as held:
                for each in held:
                    each.send(_HALF)
                came.setdefault(f"/healthz beside {count}", []).extend(_took(others.alive) for _ in range(asked))
                came.setdefault(f"check-in beside {count}", []).extend(_took(each) for each in waiting)
        server.stop()
        database.close()
    return came


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.slow", description=__doc__)
    parser.add_argument("--slow", type=int, default=500)
    parser.add_argument("--asked", type=int, default=50)
    wanted = parser.parse_args()
    lines = [("asked", "median ms", "slowest ms")]
    for name, took in measure(wanted.slow, wanted.asked).items():
        lines.append((name, f"{statistics.median(took):.1f}", f"{max(took):.1f}"))
    print(aligned(lines))


if __name__ == "__main__":
    main()
