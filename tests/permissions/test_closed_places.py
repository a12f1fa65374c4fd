"""Nothing begins at a place that is closed: every operation that names something of a station is tried after its end.

The operations come from the application's routes and the bodies of requests.py: a new one is tried without a line here.
"""

from typing import Any

import pytest
from flask import Flask

from ledger.kernel.database import Database
from ledger.kernel.db import in_transaction
from ledger.kernel.ids import public_id
from ledger.organisations import service as organisations
from tests.databases import on_sqlite
from tests.permissions.requests import Requests, app_routes
from tests.permissions.table import undo_units
from tests.permissions.test_crawl import DONE
from tests.shop.counter import new_key
from tests.tour import Tour
from tests.world import World

OF_PLACE = ("station_id", "shop_id", "activity_id", "shift_id", "team_id", "item_id")
# What goes on at a place that is closed, and why.
GOES_ON = {
    "checkin_api.scan": "whoever is inside gets out; the answer says why nobody gets in",
    **dict.fromkeys(("activities.cancel", "activities_api.cancel_activity"), "it ends what was begun"),
    **dict.fromkeys(("activities.cancel_shift", "activities_api.cancel_shift"), "it ends what was begun"),
    "organisations.close_place": "closing it twice changes nothing",
    "organisations.new_code": "printed codes are revoked by it",
    "organisations.remove_member": "it ends what was begun",
    "shop.open_or_close": "it closes a shop",
    **dict.fromkeys(
        (
            *("activities.send_corrected_activity", "activities_api.correct_activity", "shelf_api.correct_item"),
            *("organisations.send_corrected_place", "organisations_api.correct_place", "shelf_api.correct_shop"),
            *("shop.send_corrected_item", "shop.send_corrected_shop"),
        ),
        "it puts the words of what is there right",
    ),
    **dict.fromkeys(("shelf_api.set_price", "shop.change_price"), "it changes an item that is there"),
    **dict.fromkeys(("shelf_api.put_on_shelf", "shop.show_or_hide"), "it changes an item that is there"),
}


class Asking:
    """An administrator who asks for everything that names something of the station."""

    def __init__(self, tour: Tour) -> None:
        self.tour, self.requests = tour, Requests(tour)

    def done(self) -> dict[str, str]:
        """The operations that are done, and the refusals of the others, by endpoint."""
        return {
            route.endpoint: self.send(method, route)
            for method, route in app_routes(self.tour.app)
            if method != "GET" and self.is_of_place(route)
        }

    def is_of_place(self, route: Any) -> bool:
        ids = {public_id(int(self.requests.keys[name])) for name in OF_PLACE}
        body = str(self.requests.body(route.endpoint))
        return not ids.isdisjoint(self.requests.address(route).split("/")) or any(each in body for each in ids)

    def send(self, method: str, route: Any) -> str:
        """The code of the answer, "" if it is done."""
        address, body = self.requests.address(route), self.requests.body(route.endpoint)
        headers = self.tour.person("admin").headers | {"Idempotency-Key": new_key(), "Accept": "application/json"}
        sent: dict[str, Any] = {"headers": headers}
        if address.startswith("/api/"):
            sent["json"] = body
        else:
            sent |= {"data": {"idempotency_key": new_key()} | body, "content_type": "multipart/form-data"}
        answer = self.tour.app.test_client().open(address, method=method, **sent)
        return (
            "" if answer.status_code == DONE else str((answer.get_json(silent=True) or {}).get("code", answer.status))
        )


@on_sqlite
def test_nothing_begins_at_a_closed_place(app: Flask, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    asking = Asking(Tour(World(database), app))
    with monkeypatch.context() as while_open:
        undo_units(while_open)
        before = asking.done()
    in_transaction(organisations.close_place, asking.tour.world.station_id, actor=asking.tour.world.builder)
    undo_units(monkeypatch)
    after = asking.done()
    goes_on = {name for name, code in after.items() if code == ""}

    assert goes_on - GOES_ON.keys() == set(), "Ask organisations.get_open_place, or say in GOES_ON why it goes on."
    assert GOES_ON.keys() - goes_on == set(), "These are refused: take them off GOES_ON."
    refused = {name: after[name] for name, code in before.items() if code == "" and name not in goes_on}
    # A page has no code beside its status.
    assert {code.rpartition("_")[2] for code in refused.values()} == {"closed", "409 CONFLICT"}
    assert len(refused) > 15
