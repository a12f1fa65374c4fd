"""The whole product behind its server, beside bare SQL behind the same one: server processor time per request.

The bare view reads the body and sends the statements that the product sent for that very request; it checks no
log-in, decides nothing, makes no key and shows nothing.
"""

import http.client
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

from bench.book import opened
from bench.measuring import Figure
from ledger.kernel import clock
from ledger.kernel.db import in_transaction
from ledger.kernel.ids import public_id
from ledger.kernel.migrations import upgrade
from ledger.points.book import service
from ledger.points.policy import POINT, AccountKey, Movement, Source
from ledger.points.raw import service as raw
from tests.databases import free_port
from tests.world import Person, World

_START_SECONDS = 60
_LINES = 3
_keys = count(1)


class _Client:
    """One client on one connection."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def send(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Any:
        """Send a request and return its JSON; fails on a refusal."""
        sent = json.dumps(body).encode() if body is not None else None
        key = {"Content-Type": "application/json", "Idempotency-Key": f"bench-key-{next(_keys)}"}
        self._connection.request(method, path, sent, key | (headers or {}))
        answer = self._connection.getresponse()
        text = answer.read()
        if answer.status >= http.client.BAD_REQUEST:
            raise RuntimeError(f"{method} {path}: {answer.status} {text.decode()}")
        return json.loads(text) if text else None

    def cpu(self) -> float:
        """The processor time that the server's worker has used."""
        return float(self.send("GET", "/bench/cpu")["seconds"])


class _Counter:
    """A station and a shop over HTTP: people check in and out, then spend their points."""

    def __init__(self, world: World, people: int) -> None:
        self.world = world
        self.clerk, self.admin = world.add_staff("clerk"), world.add_staff("admin", place_id=world.top_id)
        self.people = [world.add_volunteer() for _ in range(people)]
        self.shop_id = world.add_shop()
        self.items = [
            world.add_item(self.shop_id, name=f"东北大米 {n}", points=100, stock=10**6) for n in range(_LINES)
        ]
        self.free = [in_transaction(raw.open_account, POINT, overdraft=True, actor=world.builder) for _ in range(2)]
        for person in self.people:
            move = Movement(
                AccountKey(POINT, "issuance"), AccountKey(POINT, "member", person.volunteer_id), 10**7, "award"
            )
            source = Source("bench", f"grant-{person.volunteer_id}", "post")
            in_transaction(service.post, [move], source=source, actor=world.builder, reason="award")
        # Later than everything recorded while the book was built.
        self.begins = clock.now().replace(minute=0, second=0, microsecond=0) + timedelta(days=1)
        self.held: list[str] = []
        self._day = count()

    def new_day(self, client: _Client) -> None:
        """Start another shift, to which everybody comes."""
        self.starts = self.begins + timedelta(hours=6 * next(self._day))
        with clock.at(self.starts - timedelta(hours=1)):
            shift_id = self.world.add_shift(self.starts)
            for person in self.people:
                self.world.sign_up(shift_id, person)
        self.at(client, minutes=0)

    def at(self, client: _Client, *, minutes: int) -> None:
        """Set the clock to a time after the shift began."""
        client.send("POST", "/bench/clock", {"now": (self.starts + timedelta(minutes=minutes)).isoformat()})

    def scan(self, client: _Client, person: Person) -> None:
        """Let the clerk scan a card."""
        body = {"client_scan_id": f"bench-scan-{next(_keys)}", "card": person.card}
        body["station_id"] = public_id(self.world.station_id)
        client.send("POST", "/api/v1/checkins", body, self.clerk.headers)

    def hold(self, client: _Client, code: str) -> None:
        """Let the clerk scan a code and put three things into the cart."""
        lines = [{"item_id": public_id(item), "quantity": 1} for item in self.items]
        body = {"shop_id": public_id(self.shop_id), "payer_code": code, "lines": lines}
        self.held.append(client.send("POST", "/api/v1/redemptions", body, self.clerk.headers)["id"])

    def confirm(self, client: _Client) -> None:
        """Let the clerk confirm."""
        client.send("POST", f"/api/v1/redemptions/{self.held.pop()}/confirm", {}, self.clerk.headers)

    def transfer(self, client: _Client) -> None:
        """Send one transfer, as a program does."""
        sides = {"debit_account_id": public_id(self.free[0]), "credit_account_id": public_id(self.free[1])}
        body = [sides | {"amount": 1, "unit": POINT, "code": "bench", "reason": "", "id": f"bench-{next(_keys)}"}]
        client.send("POST", "/api/v1/transfers", body, self.admin.headers)


def behind_the_server(folder: Path, *, people: int, rounds: int) -> Iterator[Figure]:
    """A transfer, a check-out, a hold and its confirmation over HTTP, on SQLite."""
    path = folder / "served.sqlite3"
    url = f"sqlite:///{path}"
    upgrade(url)
    database = opened(url)
    counter = _Counter(World(database), people)
    ratios: dict[str, list[float]] = {}
    with _server(path, folder / "served-copy.sqlite3") as client:
        for round_ in range(rounds + 1):
            for name, requests in _round(counter, client):
                ratio = _ratio(client, requests)
                if round_:
                    ratios.setdefault(name, []).append(ratio)
    database.close()
    for name, found in ratios.items():
        what = "raw SQL / product behind one server (SQLite, CPU)"
        yield Figure(f"G5 {name} over HTTP", what, tuple(found), at_least=0.6)


def _round(counter: _Counter, client: _Client) -> Iterator[tuple[str, list[Callable[[], None]]]]:
    people = counter.people
    counter.new_day(client)
    yield "raw transfer", [lambda: counter.transfer(client)] * len(people)
    yield "check-in", [partial(counter.scan, client, person) for person in people]
    counter.at(client, minutes=60)
    yield "check-out", [partial(counter.scan, client, person) for person in people]
    codes = [client.send("POST", "/api/v1/payer-codes", {}, person.headers)["code"] for person in people]
    yield "hold of 3 lines", [partial(counter.hold, client, code) for code in codes]
    yield "confirm of 3 lines", [lambda: counter.confirm(client)] * len(people)


def _ratio(client: _Client, requests: list[Callable[[], None]]) -> float:
    client.send("POST", "/bench/record", {"requests": 0})
    ours = _cpu_of(client, lambda: [request() for request in requests])
    client.send("POST", "/bench/record", {"requests": len(requests)})
    body = {"card": "x" * 60, "station_id": "y" * 13, "client_scan_id": "z" * 13}
    bare = _cpu_of(client, lambda: [client.send("POST", "/bench/replay", body) for _ in requests])
    return bare / ours


def _cpu_of(client: _Client, work: Callable[[], object]) -> float:
    begun = client.cpu()
    work()
    return client.cpu() - begun


@contextmanager
def _server(path: Path, copy: Path) -> Iterator[_Client]:
    port = free_port()
    command = [sys.executable, "-m", "bench.served", str(path), str(copy), str(port)]
    process = subprocess.Popen(command)
    try:
        yield _answering(process, port)
    finally:
        process.terminate()
        process.wait(_START_SECONDS)


def _answering(process: "subprocess.Popen[bytes]", port: int) -> _Client:
    until = time.monotonic() + _START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        client = _Client(port)
        try:
            client.cpu()
        except OSError:
            time.sleep(0.1)
        else:
            return client
    raise RuntimeError("the server of the bench does not answer")
