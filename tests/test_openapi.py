"""The service against its OpenAPI document: every request that it allows or forbids is answered as it says."""

import re
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from flask import Flask
from hypothesis import settings
from schemathesis import Case, GenerationMode
from schemathesis.config import SchemathesisConfig

from ledger.app import APPROVALS, create_app
from ledger.approvals import service as approvals
from ledger.kernel import clock
from ledger.kernel.database import Database
from ledger.kernel.db import in_transaction
from ledger.kernel.ids import public_id
from ledger.points.closing import freezing
from tests.conftest import settings_on
from tests.databases import on_sqlite
from tests.machines import is_long
from tests.world import Person, World

# Business rules refuse with 422, like invalid fields: whether a posting is valid depends on more than its schema.
ACCEPTANCE = {"expected-statuses": ["2xx", "3xx", "401", "403", "404", "409", "422", "429", "5xx"]}
CONFIG: dict[str, Any] = {
    "generation": {"deterministic": settings.default.derandomize, "database": "none", "no-shrink": True},
    "checks": {"positive_data_acceptance": ACCEPTANCE},
    "phases": {"stateful": {"enabled": False}},
}
# Faults of fields that a schema allows, and why the schema can't express them.
BEYOND_SCHEMA = {
    r"Must be a time with an offset, as .*": "years are 2000 to 2199; date-time knows no limits",
    r"Give a date, like .*": "nor does date",
    r"Has characters that can't be stored": "control characters and halves of pairs: a pattern would hide the length",
    r"Not a valid integer\.": "1884.0 is an integer to JSON Schema; an amount is never taken from a float",
    r"Give a whole number from \d+ to \d+": "and 5.0 and 1e2 are numbers to it, where an address says 5 and 100",
    r"Give degrees, like .*": "so is 1e1, and any number of decimals",
    r"Send either code or card": "one of two is not said by a document made from the fields",
    r"Send phone and password, or ticket and center": "nor here",
    r"Give either as_of or effective_until": "nor is one of two here",
    r"Length must be between \d+ and \d+\.|Shorter than minimum length \d+\.": "spaces at the ends do not count",
}


def described(app: Flask, config: dict[str, Any]) -> Any:
    """The operations of the document, to be tested as configured."""
    return schemathesis.openapi.from_wsgi("/api/openapi.json", app, config=SchemathesisConfig.from_dict(config))


# Collecting tests only reads the document and never opens the database.
_unopened = create_app(settings_on("sqlite://", Path("unused")), database=Database("sqlite://"))
schema = described(_unopened, CONFIG)
smaller = described(_unopened, CONFIG | {"phases": CONFIG["phases"] | {"coverage": {"enabled": False}}})
FEW = 3


@dataclass(frozen=True)
class Town:
    """The application on a center with data, and people who call it."""

    app: Flask
    people: dict[str, Person]
    ids: dict[str, str]


@pytest.fixture(scope="module")
def town(shared_app: Flask, shared_database: Database) -> Town:
    """A center made once: requests leave it usable for the next operation."""
    world = World(shared_database)
    everybody, clerk, volunteer = world.add_volunteer("周全"), world.add_staff("clerk"), world.add_volunteer("李四")
    world.employ(everybody, "admin", place_id=world.top_id)
    shop_id = world.add_shop()
    known = {
        "place_id": world.station_id,
        "station_id": world.station_id,
        "volunteer_id": volunteer.volunteer_id,
        "shift_id": world.add_shift(clock.now() + timedelta(days=300)),
        "shop_id": shop_id,
        "item_id": world.add_item(shop_id),
        "proposal_id": propose(world, volunteer),
        "freeze_id": released_freeze(world),
    }
    people = {"everybody": everybody, "clerk": clerk, "volunteer": volunteer}
    return Town(shared_app, people, {name: public_id(key) for name, key in known.items()})


def propose(world: World, volunteer: Person) -> int:
    """Propose an adjustment that waits for someone other than the center's builder."""
    wanted = {"volunteer_id": public_id(volunteer.volunteer_id), "amount": 100, "cause": "missed"}
    given = ("points.adjustment", wanted, "漏记了一次")
    return in_transaction(approvals.propose, *given, actor=world.builder, desk=APPROVALS)


def released_freeze(world: World) -> int:
    """A freeze that is over, so the book accepts postings."""
    freeze_id = in_transaction(freezing.freeze, world.center_id, reason="test", run_id=None)
    for role in ("admin", "auditor"):
        person = world.add_staff(role, place_id=world.top_id)
        in_transaction(freezing.release, freeze_id, "查清了", actor=person.actor, desk=APPROVALS)
    return freeze_id


@on_sqlite
@schema.parametrize()
@settings(max_examples=settings.default.max_examples // 6 if is_long() else FEW)
def test_the_service_keeps_to_its_document(case: Case, town: Town) -> None:
    ask(case, town, "everybody")


@pytest.mark.long
@on_sqlite
@pytest.mark.parametrize("who", ["clerk", "volunteer"])
@smaller.parametrize()
@settings(max_examples=settings.default.max_examples // 20 if is_long() else FEW)
def test_it_does_for_those_who_may_do_less(case: Case, town: Town, who: str) -> None:
    ask(case, town, who)


def ask(case: Case, town: Town, who: str) -> None:
    """Send the request as a person; the answer must be in the document."""
    good = case.meta is not None and case.meta.generation.mode is GenerationMode.POSITIVE
    if good:
        # Random ids never exist, so valid requests use existing ones.
        case.path_parameters = {name: town.ids.get(name, value) for name, value in case.path_parameters.items()}
    headers = town.people[who].headers | {"Accept-Language": "en"}
    answer = case.call_and_validate(app=town.app, headers=headers)
    if good and answer.status_code == 422 and answer.json()["code"] == "request.invalid":
        said = [(error["field"], error["message"]) for error in answer.json()["errors"]]
        unsaid = [each for each in said if not any(re.fullmatch(known, each[1]) for known in BEYOND_SCHEMA)]
        assert not unsaid, f"the document allows what the service can't read: {unsaid}"
