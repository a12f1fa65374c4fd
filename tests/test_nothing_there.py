"""Every GET by everybody where there is nothing: a new center, only places that are closed, people without a role.

Pages are written before a demonstration in which every list has something in it; here none has.
"""

import ast
import re
from collections.abc import Iterator
from datetime import timedelta
from html import unescape
from typing import Any

import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from ledger.kernel import clock
from ledger.kernel.actor import system_actor
from ledger.kernel.database import Database
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.organisations import service as organisations
from ledger.organisations.queries import top_place
from ledger.people.access import staff
from ledger.people.models import RoleGrant
from ledger.people.policy import ROLES
from tests.browsing import Browser
from tests.crawl import every_get
from tests.databases import on_sqlite
from tests.forms import PageForms
from tests.runtimes import use_database
from tests.source import package
from tests.test_house_rules import fail_on
from tests.tour import Tour
from tests.world import Person, World, everything

People = dict[str, Person | None]
LEAST_SHOWN, LEAST_SENT = 100, 5
# Whoever looks must be able to go on looking.
NEVER_SENT = {"/log-out"}
# Where the forms of a page lead: most lead where those of an earlier page do, and such a page need not be read.
_SENDS_TO = re.compile(r'<form\b[^>]*\baction="(?!/log-out")([^"]*)"')


def people_at(world: World, place_id: int) -> People:
    """Everybody of a place: each role, a volunteer, two roles in one person, and a role that has ended."""
    former, both = world.add_staff("station_manager"), world.add_volunteer("周全")
    world.employ(both, "station_manager")
    in_transaction(staff.revoke_role, in_snapshot(grant_of, former), actor=world.builder)
    tomorrow = clock.today() + timedelta(days=1)
    hired = {role: world.add_staff(role, place_id=place_id, valid_until=tomorrow) for role in ROLES}
    return {"anybody": None, "volunteer": world.add_volunteer(), "both": both, "former manager": former, **hired}


def grant_of(session: Session, person: Person) -> int:
    """The id of somebody's only role."""
    return session.scalars(sa.select(RoleGrant.id).where(RoleGrant.identity_id == person.identity_id)).one()


class BareWorld(World):
    """A center as it is founded: no station and no rules; people belong to the center."""

    def __init__(self, database: Database) -> None:
        use_database(database)
        self.database = database
        self.center_id = in_transaction(organisations.create_center, name="新中心", is_demonstration=True)
        self.builder, self.server = everything(self.center_id), system_actor(self.center_id)
        self.station_id = self.top_id = in_snapshot(top_place, self.center_id).id


def faults(app: Flask, people: People, keys: dict[str, Any]) -> list[str]:
    """What was answered by a fault, pages and their forms; fails if hardly anything was shown."""
    found, shown = [], 0
    sent: set[str] = set()
    for asked in every_get(app, people, keys):
        shown += asked.answer.status_code == 200
        if asked.answer.status_code >= 500:
            found.append(str(asked))
        if asked.answer.mimetype == "text/html":
            found.extend(faults_of_forms(Browser(app.test_client(), people[asked.who]), asked.answer.text, sent))
    assert shown > LEAST_SHOWN
    assert len(sent) >= LEAST_SENT
    return found


def faults_of_forms(reader: Browser, page: str, sent: set[str]) -> Iterator[str]:
    """The forms of a page that are answered by a fault, sent as they are; each once."""
    if sent.issuperset(unescape(action) for action in _SENDS_TO.findall(page)):
        return
    for form in PageForms(page).forms:
        if form.method == "post" and form.action not in sent | NEVER_SENT:
            sent.add(form.action)
            answer = reader.post(form.action, **form.sent)
            if answer.status_code >= 500:
                yield f"{form.action}: {answer.status_code}"


@on_sqlite
def test_a_center_without_anything(database: Database, app: Flask) -> None:
    world = BareWorld(database)
    assert faults(app, people_at(world, world.top_id), {"place_id": world.top_id}) == []


@on_sqlite
def test_a_new_station_and_one_that_has_closed(world: World, app: Flask) -> None:
    new: People = {"new manager": world.add_staff("station_manager"), "new volunteer": world.add_volunteer()}
    world.station_id = world.add_station("沙湾站")
    people = new | people_at(world, world.station_id)
    in_transaction(organisations.close_place, world.station_id, actor=world.builder)
    assert faults(app, people, {"place_id": world.station_id, "station_id": world.station_id}) == []


@on_sqlite
def test_a_station_that_has_closed_with_everything_in_it(world: World, app: Flask) -> None:
    tour = Tour(world, app)
    in_transaction(organisations.close_place, world.station_id, actor=world.builder)
    keys = tour.keys | {"code": tour.station_code(), "reference": tour.voucher}
    assert faults(app, tour.people, keys) == []


def test_a_list_is_paired_with_its_rest_without_another_member() -> None:
    shifted = (
        source.at(node)
        for source in package()
        for node in source.nodes()
        if isinstance(node, ast.List)
        and any(isinstance(each, ast.Starred) and ast.unparse(each.value).endswith("[1:]") for each in node.elts)
    )
    fail_on(shifted, "Of an empty list this makes a list of one: itertools.pairwise or zip_longest(them, them[1:]).")
