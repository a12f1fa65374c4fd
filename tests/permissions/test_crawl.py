"""Every operation, asked by every role at every place: no answer and no operation is outside the table."""

from collections import defaultdict
from collections.abc import Callable

import pytest
from flask import Flask

from ledger.audit.verifying import service as verifying
from ledger.kernel.database import Database
from ledger.kernel.db import in_transaction
from tests.databases import on_sqlite
from tests.permissions.requests import Requests, app_routes
from tests.permissions.rules import RULES
from tests.permissions.table import (
    Cell,
    Choice,
    all_of,
    crawl,
    foreseen,
    may_read_the_person,
    people,
    some_of,
    undo_units,
)
from tests.source import ROOT
from tests.tour import Tour
from tests.world import World
from tools.permissions import render

DONE = 418
# Invented people, for page developers.
SPECIMENS = "preferences.styleguide"
# What the state of the tour refuses to everybody who may. That others are refused before is in the table all the same.
NEVER_DONE: dict[str, str] = {
    **dict.fromkeys(
        ("activities.add_signup", "activities.cancel_mine", "activities.cancel_signup", "activities_api.cancel_signup"),
        "the shift has begun",
    ),
    "activities_api.sign_up": "the volunteer has signed up",
    **dict.fromkeys(("activities.approve", "activities_api.approve_activity"), "the activity is approved"),
    **dict.fromkeys(("approvals_api.withdraw", "checkin_api.annul"), "only who made it may"),
    "organisations.go": "only who uploaded it may",
    "people.print_approved_code": "it is no approved code",
    **dict.fromkeys(
        ("people.send_new_code", "people.send_lost_factor", "people.send_staff_household"), "the person is no staff"
    ),
    "people.confirm_factor": "a ticket comes with the password",
    **dict.fromkeys(("people.end_factor", "people.print_recovery_codes"), "nobody has turned one on"),
    **dict.fromkeys(("audit.prepare_expiry", "lots_api.prepare"), "a run is prepared"),
    **dict.fromkeys(("audit.release_freeze", "closing_api.release_freeze"), "the book is released"),
    "closing_api.reopen_period": "the month is open",
    "checkin.check_in": "without a ticket there is no scan",
    **dict.fromkeys(("checkin.decide", "checkin_api.approve", "checkin_api.reject"), "the visit is confirmed"),
    **dict.fromkeys(("organisations.add_member", "organisations_api.join_team"), "the volunteer is in the team"),
    **dict.fromkeys(
        ("people.log_out", "people.send_center", "people.send_factor", "people_api.log_in"),
        "a device's token is no log-in by form",
    ),
    **dict.fromkeys(("shop_api.cancel", "shop_api.confirm", "shop_api.hold", "shop_api.set_lines"), "it is confirmed"),
}


Ask = Callable[[Choice], list[Cell]]


@pytest.fixture
def ask(app: Flask, database: Database, monkeypatch: pytest.MonkeyPatch) -> Ask:
    """Every answer to those chosen; nothing that is asked for stays done."""
    tour = Tour(World(database), app)
    run = in_transaction(verifying.begin, actor=tour.person("admin").actor)
    tour.keys["verification_id"] = run["id"]
    everybody = people(tour)
    requests = Requests(tour)
    undo_units(monkeypatch)
    return lambda choose: list(crawl(requests, app_routes(app), everybody, choose))


@on_sqlite
def test_no_operation_is_outside_the_table(app: Flask) -> None:
    routes = {route.endpoint for _method, route in app_routes(app)}
    assert routes - RULES.keys() == set(), "Add a line to tests/permissions/rules.py: who may, and where."
    assert RULES.keys() - routes == set(), "These are gone: take them out of tests/permissions/rules.py."


@pytest.mark.long
@on_sqlite
def test_every_answer_is_in_the_table(ask: Ask) -> None:
    assert_in_the_table(ask(all_of))


@on_sqlite
def test_an_answer_of_each_kind_is_in_the_table(ask: Ask) -> None:
    assert_in_the_table(ask(some_of))


def assert_in_the_table(cells: list[Cell]) -> None:
    """Fail unless the table foresees these answers, and somebody gets through with each write."""
    wrong = defaultdict(list)
    for cell in cells:
        said = foreseen(RULES[cell.endpoint], cell.who)
        if (cell.answer != said and RULES[cell.endpoint].where != "anybody") or cell.status >= 500:
            wrong[f"{cell.method} {cell.rule} {cell.endpoint}: {cell.status}, not {said}"].append(cell.who.name)
    assert not wrong, "\n".join(f"{what}: {', '.join(who)}" for what, who in wrong.items())
    told = {
        f"{cell.endpoint}: {cell.who.name}"
        for cell in cells
        if cell.endpoint != SPECIMENS and cell.shows and not may_read_the_person(cell.who)
    }
    assert not told, "They are shown a volunteer's full name or phone:\n" + "\n".join(sorted(told))
    assert any(cell.shows for cell in cells)
    done = {(cell.method, cell.endpoint) for cell in cells if cell.status == DONE}
    writes = {(c.method, c.endpoint) for c in cells if c.method != "GET"}
    undone = {endpoint for _method, endpoint in writes - done}
    lost = sorted(undone - NEVER_DONE.keys())
    assert not lost, f"A body that nobody gets through with shows nothing: mend it. {', '.join(lost)}"
    assert sorted(NEVER_DONE.keys() - undone) == [], "These are done now: take them off NEVER_DONE."


@on_sqlite
def test_the_printed_table_is_the_one_that_holds(app: Flask) -> None:
    printed = (ROOT / "docs" / "PERMISSIONS.md").read_text(encoding="utf-8")
    assert printed == render(app), "Print it anew, and read what has changed: python -m tools.permissions"
