"""Whom a proposal to hire would add is nobody of the center until it is approved, and leaves nothing if it isn't."""

from typing import Any

import pytest
from flask import Flask

from ledger.approvals.newcomers import newcomers
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.ids import parse_public_id, public_id
from ledger.people.access import sessions, staff
from ledger.people.access.candidates import centers_of_phone
from ledger.people.households import service as households
from ledger.people.identities.queries import find_identity_by_phone, names_of
from ledger.people.volunteers import service
from tests.approvals.office import Office
from tests.databases import on_sqlite
from tests.elsewhere import outcome
from tests.people.test_two_people_pages import browser_of, typed
from tests.phones import fresh_phone
from tests.world import World

NAME = "魏管理"


@pytest.fixture
def office(world: World) -> Office:
    return Office(world)


class Asked:
    """A proposal by the form to give somebody new a role."""

    def __init__(self, app: Flask, office: Office, **said: Any) -> None:
        self.office, self.phone = office, fresh_phone()
        who = typed(office.world) | {"name": NAME, "phone": self.phone} | said
        sent = browser_of(app, office.first).post("/staff/new", **who, reason="人手不够")
        assert sent.status_code == 303, sent.text
        self.page = sent.location.partition("?")[0]
        self.proposal_id = parse_public_id(self.page.rpartition("/")[2])
        self.identity_id = parse_public_id(office.see(self.proposal_id).payload["identity_id"])

    def register(self, name: str = NAME) -> int:
        world = self.office.world
        where: dict[str, Any] = {"place_id": world.station_id, "actor": world.builder}
        return in_transaction(service.register_volunteer, name=name, phone=self.phone, **where)

    def is_known(self) -> tuple[bool, bool, bool]:
        """Whether there is a log-in with the number, one by the key, and data that waits."""
        center = self.office.world.center_id
        return (
            in_snapshot(find_identity_by_phone, self.phone, center) is not None
            or in_snapshot(centers_of_phone, f"+86{self.phone}") != [],
            self.identity_id in in_snapshot(names_of, [self.identity_id], center),
            self.identity_id in in_snapshot(newcomers, [self.identity_id], center),
        )

    def roles(self, identity_id: int) -> list[str]:
        return [each.role for each in in_snapshot(sessions.roles_of, identity_id, self.office.world.center_id)]


@pytest.mark.parametrize("end", ["reject", "withdraw", "revoke"])
@on_sqlite
def test_nobody_is_left_of_a_proposal_that_was_not_approved(app: Flask, office: Office, end: str) -> None:
    asked = Asked(app, office)
    assert asked.is_known() == (False, False, True)
    assert "魏*理" in browser_of(app, office.auditor).get(asked.page).text
    if end == "revoke":
        (role,) = in_snapshot(sessions.roles_of, office.first.identity_id, office.world.center_id)
        in_transaction(staff.revoke_role, role.id, actor=office.second.actor)
    else:
        getattr(office, end)(asked.proposal_id)
    assert asked.is_known() == (False, False, False)
    assert "名字没有留下" in browser_of(app, office.auditor).get(asked.page).text


def test_approval_makes_the_person(app: Flask, office: Office) -> None:
    asked = Asked(app, office)
    office.approve(asked.proposal_id)
    assert asked.is_known() == (True, True, False)
    assert asked.roles(asked.identity_id) == ["admin"]


def test_the_number_may_be_registered_meanwhile_and_approval_joins_the_two(app: Flask, office: Office) -> None:
    asked = Asked(app, office)
    asked.register()
    found = in_snapshot(find_identity_by_phone, asked.phone, office.world.center_id) or 0
    office.approve(asked.proposal_id)
    assert (asked.roles(found), found) == (["admin"], asked.identity_id)


@on_sqlite
def test_who_was_registered_meanwhile_is_barred_like_anybody(app: Flask, office: Office) -> None:
    asked = Asked(app, office)
    near = asked.register()
    office.world.enlist(office.second)
    for each in (office.second.volunteer_id, near):
        in_transaction(households.set_household, each, "柳荫017", actor=office.world.server)
    assert outcome(lambda: office.approve(asked.proposal_id)) == "approvals.same_household"


@on_sqlite
def test_a_number_that_became_somebody_elses_is_refused_at_approval(app: Flask, office: Office) -> None:
    asked = Asked(app, office)
    asked.register("王小兰")
    assert outcome(lambda: office.approve(asked.proposal_id)) == "people.name_differs"
    office.reject(asked.proposal_id)
    assert asked.is_known() == (True, False, False)


@on_sqlite
def test_one_number_waits_once(app: Flask, office: Office) -> None:
    asked = Asked(app, office)
    again = typed(office.world) | {"name": "魏管理员", "phone": asked.phone}
    assert browser_of(app, office.second).post("/staff/new", **again, reason="人手不够").status_code == 409
    other = office.propose("people.code", {"identity_id": public_id(office.second.identity_id)})
    office.withdraw(other)
    assert asked.is_known() == (False, False, True)
