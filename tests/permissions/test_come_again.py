"""Whatever is too much now says when to come again: every operation is tried while its work is refused so.

A form is shown again by its view, so a page of its own would not be enough.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from ledger.kernel.database import Database
from ledger.kernel.errors import LedgerError, TooMany, Unavailable
from ledger.kernel.unit import Unit
from tests.databases import on_sqlite
from tests.permissions.requests import Requests, app_routes
from tests.shop.counter import new_key
from tests.tour import Tour
from tests.world import World

SECONDS = 77
REFUSALS = {429: TooMany("request.too_many", seconds=SECONDS), 503: Unavailable("service.busy", seconds=SECONDS)}


def refuse_units(monkeypatch: pytest.MonkeyPatch, refusal: LedgerError) -> None:
    """Let every unit be refused instead of doing its work."""
    make = Unit.__init__

    def made(self: Unit, work: Any, once: Any, *, now: Any) -> None:
        def refused(_session: Session) -> None:
            raise refusal

        make(self, refused, once, now=now)

    monkeypatch.setattr(Unit, "__init__", made)


def answers(requests: Requests, status: int) -> Iterator[tuple[str, str | None]]:
    """The operations that answer with this status to one of three people: endpoint, and when to come again."""
    tour = requests.tour
    for method, route in app_routes(tour.app):
        if method == "GET":
            continue
        address = requests.address(route)
        for who in ("admin", "volunteer", None):
            headers = {"Idempotency-Key": new_key()} | (tour.person(who).headers if who else {})
            sent: dict[str, Any] = {"headers": headers}
            body = requests.body(route.endpoint)
            if address.startswith("/api/"):
                sent["json"] = body
            else:
                sent |= {"data": {"idempotency_key": new_key()} | body, "content_type": "multipart/form-data"}
            answer = tour.app.test_client().open(address, method=method, **sent)
            if answer.status_code == status:
                yield route.endpoint, answer.headers.get("Retry-After")
                break


@on_sqlite
@pytest.mark.parametrize("status", REFUSALS)
def test_what_is_too_much_now_says_when_to_come_again(
    app: Flask, database: Database, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    requests = Requests(Tour(World(database), app))
    refuse_units(monkeypatch, REFUSALS[status])
    told = dict(answers(requests, status))

    assert {name: again for name, again in told.items() if again != str(SECONDS)} == {}
    assert len(told) > 60
