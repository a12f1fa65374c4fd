"""Cores, threads and the interpreter's lock: check-ins a second of the whole product, in alternating variants.

`python -m bench.cores [--people N] [--rounds N] [--postgresql]`. Each variant gets a copy of the same database, a
server of its own and the same check-ins from another process. It prints check-ins a second, processor time and
voluntary switches per check-in, and the machine's load, without which a figure by the clock means nothing.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg

from bench.measuring import aligned
from ledger.kernel import clock
from ledger.kernel.database import Database
from ledger.kernel.ids import public_id
from ledger.kernel.migrations import upgrade
from tests.crash.server import send
from tests.databases import PostgresServer, drop_postgres_database, free_port, fresh_postgres_database, postgres_server
from tests.runtimes import use_database
from tests.world import ServedWorld

CONNECTIONS = 32
_START_SECONDS = 60
_TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Variant:
    """The server's settings; 0 for `cores` or `interval` keeps the default."""

    name: str
    threads: int = 48
    cores: int = 0
    interval: float = 0
    workers: int = 1
    writer: bool = False
    gateway: bool = False


SQLITE = (
    Variant("as it was: 48 threads, all cores"),
    Variant("16 threads", threads=16),
    Variant("8 threads", threads=8),
    Variant("4 threads", threads=4),
    Variant("one core, 48 threads", cores=1),
    Variant("one core, 32 threads", threads=32, cores=1),
    Variant("one core, 16 threads", threads=16, cores=1),
    Variant("one core, 8 threads", threads=8, cores=1),
    Variant("as it is: one core, 16 threads behind the gateway", threads=16, cores=1, gateway=True),
    Variant("switches every 50 ms", interval=0.05),
    Variant("switches every 0.5 ms", interval=0.0005),
    Variant("units on one thread", writer=True),
)
POSTGRES = (
    Variant("one process, all cores"),
    Variant("one process, one core", cores=1),
    Variant("as it is: one process behind the gateway", gateway=True),
    Variant("two processes", workers=2),
    Variant("two processes, 16 threads each", workers=2, threads=16),
)


@dataclass(frozen=True)
class Came:
    """The results of a variant."""

    rate: float
    cpu: float
    switches: float
    slowest: float
    load: float


class Station:
    """A station with people signed up for today, and a check-in request for each."""

    def __init__(self, database: Database, people: int) -> None:
        world = ServedWorld(database)
        clerk = world.add_staff("clerk")
        # Later than everything recorded while the book was built.
        self.starts = clock.now().replace(minute=0, second=0, microsecond=0) + timedelta(days=1)
        world.add_shift(self.starts)
        station = public_id(world.station_id)
        self.requests = "\n".join(
            json.dumps(
                ["POST", "/api/v1/checkins", clerk.headers, _check_in(number, station, world.add_volunteer().card)]
            )
            for number in range(people)
        )


def _check_in(number: int, station: str, card: str) -> dict[str, Any]:
    return {
        "client_scan_id": f"bench-scan-{number:06}",
        "card": card,
        "station_id": station,
        "confirmed": ["WALK_IN"],
    }


def measure(variant: Variant, url: str, station: Station, backends: int | None = None) -> Came:
    """Serve a database in this variant and check everybody in; children of `backends` count towards the server."""
    port = free_port()
    options = {
        "url": url,
        "now": station.starts.isoformat(),
        "threads": variant.threads,
        "cores": variant.cores,
        "interval": variant.interval,
        "workers": variant.workers,
        "writer": variant.writer,
        "gateway": variant.gateway,
    }
    people = station.requests.count("\n") + 1
    with _server(port, options) as server:
        own = [server, *([backends] if backends else [])]
        before = [_used(pid) for pid in own]
        told = subprocess.run(
            [sys.executable, "-m", "bench.phones", str(port), str(CONNECTIONS)],
            input=station.requests,
            capture_output=True,
            text=True,
            check=True,
        )
        used = [(now[0] - then[0], now[1] - then[1]) for now, then in zip(map(_used, own), before, strict=True)]
    said = json.loads(told.stdout)
    return Came(
        rate=people / said["seconds"],
        cpu=1000 * sum(seconds for seconds, _ in used) / people,
        switches=used[0][1] / people,
        slowest=statistics.quantiles(said["took"], n=100)[98],
        load=os.getloadavg()[0],
    )


@contextmanager
def _server(port: int, options: dict[str, Any]) -> Iterator[int]:
    process = subprocess.Popen([sys.executable, "-m", "bench.cored", str(port), json.dumps(options)])
    try:
        until = time.monotonic() + _START_SECONDS
        while not _answers(port):
            if time.monotonic() > until or process.poll() is not None:
                raise RuntimeError("the server of the bench does not answer")
            time.sleep(0.1)
        yield process.pid
    finally:
        process.terminate()
        process.wait(_START_SECONDS)


def _answers(port: int) -> bool:
    try:
        return send(port, "GET", "/healthz")[0] == 200
    except OSError:
        return False


def _used(pid: int) -> tuple[float, int]:
    """Seconds of processor time and voluntary switches of a process and its children."""
    seconds, switches = 0.0, 0
    for own in [pid, *_children(pid)]:
        fields = Path(f"/proc/{own}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        seconds += (int(fields[11]) + int(fields[12])) / _TICK
        for status in Path(f"/proc/{own}/task").glob("*/status"):
            lines = status.read_text(encoding="utf-8").splitlines()
            switches += next(int(line.split()[1]) for line in lines if line.startswith("voluntary_ctxt"))
    return seconds, switches


def _children(pid: int) -> list[int]:
    found = []
    for listed in Path(f"/proc/{pid}/task").glob("*/children"):
        found += [int(each) for each in listed.read_text(encoding="ascii").split()]
    return found


def on_sqlite(people: int, rounds: int, chosen: str) -> dict[Variant, list[Came]]:
    """All variants, alternating, each time on a copy of one file."""
    came: dict[Variant, list[Came]] = {}
    with tempfile.TemporaryDirectory(prefix="ledger-bench-") as folder:
        source, copy = Path(folder) / "source.sqlite3", Path(folder) / "copy.sqlite3"
        station = _made(f"sqlite:///{source}", people)
        for _ in range(rounds):
            for variant in (each for each in SQLITE if chosen in each.name):
                for suffix in ("", "-wal", "-shm"):
                    Path(f"{copy}{suffix}").unlink(missing_ok=True)
                shutil.copyfile(source, copy)
                came.setdefault(variant, []).append(_told(variant, measure(variant, f"sqlite:///{copy}", station)))
    return came


def on_postgres(server: PostgresServer, people: int, rounds: int, chosen: str) -> dict[Variant, list[Came]]:
    """The same on PostgreSQL, including the server's own processor time."""
    came: dict[Variant, list[Came]] = {}
    source = fresh_postgres_database(server)
    station = _made(source, people)
    with psycopg.connect(server.url("postgres").replace("+psycopg", "")) as driver:
        backend = driver.info.backend_pid
        postmaster = int(Path(f"/proc/{backend}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[1])
        for _ in range(rounds):
            for variant in (each for each in POSTGRES if chosen in each.name):
                url = fresh_postgres_database(server, template=source.rpartition("/")[2])
                came.setdefault(variant, []).append(_told(variant, measure(variant, url, station, postmaster)))
                drop_postgres_database(server, url)
    return came


def _made(url: str, people: int) -> Station:
    upgrade(url)
    database = Database(url)
    use_database(database)
    station = Station(database, people)
    database.close()
    return station


def _told(variant: Variant, came: Came) -> Came:
    print(f"{variant.name}: {came.rate:.0f}/s at load {came.load:.1f}", file=sys.stderr, flush=True)
    return came


def shown(came: dict[Variant, list[Came]]) -> str:
    """A line per variant: the median, and the range of noisy figures."""
    lines = [("variant", "check-ins/s", "range", "CPU ms", "switches", "p99 ms", "load")]
    for variant, rounds in came.items():
        rates = [each.rate for each in rounds]
        middle = {
            name: statistics.median(getattr(each, name) for each in rounds) for name in ("cpu", "switches", "slowest")
        }
        loads = [each.load for each in rounds]
        lines.append(
            (
                variant.name,
                f"{statistics.median(rates):.0f}",
                f"{min(rates):.0f} .. {max(rates):.0f}",
                f"{middle['cpu']:.1f}",
                f"{middle['switches']:.0f}",
                f"{middle['slowest']:.0f}",
                f"{min(loads):.1f} .. {max(loads):.1f}",
            )
        )
    return aligned(lines)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.cores", description=__doc__)
    parser.add_argument("--people", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default="", help="only variants whose name has this")
    parser.add_argument("--postgresql", action="store_true", help="on PostgreSQL and not on SQLite")
    wanted = parser.parse_args()
    asked = (wanted.people, wanted.rounds, wanted.only)
    if not wanted.postgresql:
        print(shown(on_sqlite(*asked)))
        return
    with postgres_server() as server:
        print(shown(on_postgres(server, *asked)))


if __name__ == "__main__":
    main()
