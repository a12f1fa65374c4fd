"""What the screens of a district cost the server: processor time over time by the clock, from the cost of each request.

Each screen asks every second how many came and twice a minute for its codes, while people check in by some of them. The
requests go to the application without a server before it, so a server's own share comes on top.
"""

import logging
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

from werkzeug.test import EnvironBuilder, run_wsgi_app

from bench.book import settings_on
from bench.measuring import Figure, cpu_seconds
from ledger.app import create_app
from ledger.checkin import codes
from ledger.kernel import clock
from ledger.kernel.database import Database
from ledger.kernel.ids import public_id
from ledger.kernel.migrations import upgrade
from tests.runtimes import CLOCK, use_database
from tests.world import Person, ServedWorld

SCREENS, CHECK_INS_PER_MINUTE, GOAL = 700, 100, 0.05
_CODES_PER_SECOND = SCREENS / 30  # station-screen.js: POLL_MS
_keys = count(1)


def of_a_district(folder: Path, *, times: int, rounds: int) -> Iterator[Figure]:
    """Seconds of one core per second, for 700 screens and 100 check-ins a minute."""
    database = Database(f"sqlite:///{folder / 'screens.sqlite3'}")
    upgrade(database.url)
    use_database(database)
    world = ServedWorld(database)
    app = create_app(settings_on(database.url, folder), database=database, clock=CLOCK)
    logging.getLogger("ledger.requests").setLevel(logging.ERROR)
    station, clerk = public_id(world.station_id), world.add_staff("clerk")
    world.add_shift(clock.now())

    def ask(path: str, person: Person, **how: Any) -> None:
        environ = EnvironBuilder(f"/api/v1{path}", headers=person.headers | how.pop("headers", {}), **how).get_environ()
        body, status, _headers = run_wsgi_app(app.wsgi_app, environ)
        answer = b"".join(body)
        if not status.startswith("2"):
            raise RuntimeError(f"{path}: {status} {answer[:300]!r}")

    def check_in(person: Person) -> None:
        serial = count_serial()
        shown = codes.screen_code(world.center_id, world.station_id, 1, clock.now(), serial=serial).code
        sent = {"client_scan_id": f"bench-{next(_keys):08}", "code": shown, "confirmed": ["WALK_IN"]}
        ask("/checkins", person, method="POST", json=sent)

    counted = count()

    def count_serial() -> int:
        return next(counted) // 3

    ratios = []
    for round_ in range(rounds):
        people = [world.add_volunteer(f"王{number}") for number in range(times)]
        with clock.at(clock.now() + timedelta(minutes=round_)):
            counted = count()
            each = {
                "arrivals": _each(times, lambda _: ask(f"/stations/{station}/arrivals", clerk)),
                "code": _each(times, lambda _: ask(f"/stations/{station}/code", clerk)),
                "check-in": _each(times, lambda number, who=tuple(people): check_in(who[number])),
            }
        came = CHECK_INS_PER_MINUTE / 60
        # Whoever comes makes the screen ask for everything once more.
        print(", ".join(f"{name} {1_000 * cost:.2f} ms" for name, cost in each.items()), file=sys.stderr)
        ratios.append(SCREENS * each["arrivals"] + (_CODES_PER_SECOND + came) * each["code"] + came * each["check-in"])
    database.close()
    yield Figure("screens", "CPU of 700 screens and 100 check-ins a minute / time", tuple(ratios), at_most=GOAL)


def _each(times: int, work: Callable[[int], None]) -> float:
    """Processor seconds of each of so many."""
    return cpu_seconds(lambda: [work(number) for number in range(times)]) / times
