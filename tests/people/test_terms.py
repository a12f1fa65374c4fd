"""Roles that end by themselves, through the services and on the page of staff."""

from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ledger.kernel import clock
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.errors import Conflict, Rejected
from ledger.kernel.ids import public_id
from ledger.kernel.permissions import Permission
from ledger.people.access import credentials, sessions, staff
from ledger.people.access.candidates import candidate_of
from ledger.people.access.staff import Post
from ledger.people.models import RoleGrant
from tests.browsing import Browser
from tests.databases import on_sqlite
from tests.phones import fresh_phone
from tests.test_structure import imports, modules
from tests.world import World

DAY = timedelta(days=1)
# Who reads grants without asking whether they are in force, and why.
READS_ALL_GRANTS = {
    "ledger.people.terms": "the rule itself",
    "ledger.audit.checks.granted": "a role by hand is named, also when its day is over",
    "ledger.audit.overview.first_steps": "whether anybody was ever hired",
    "ledger.people.households.together": "what was said of a household counts until it is said anew",
    "ledger.people.volunteers.full_names": "the role that let somebody look, as it was then",
    "ledger.people.access.rehousing": "what is said of a household is said at every grant that was not revoked",
}


def hire(world: World, role: str, until: date | None, **more: Any) -> int:
    """Hire somebody at the center; returns the identity."""
    who = {
        "name": "孙正清",
        "phone": fresh_phone(),
        "place_id": world.top_id,
        "actor": world.server,
        "household": None,
    } | more
    return in_transaction(staff.hire, role=role, valid_until=until, **who)


def roles(world: World, identity_id: int) -> list[str]:
    return [role.role for role in in_snapshot(sessions.roles_of, identity_id, world.center_id)]


def belongs(world: World, identity_id: int) -> bool:
    """Whether the person may log in to the center now."""
    found = in_snapshot(candidate_of, identity_id, world.center_id)
    return found is not None and found.belongs


def test_a_role_ends_by_itself_after_its_last_day(world: World) -> None:
    today = clock.today()
    person = hire(world, "auditor", today)
    token = in_transaction(credentials.open_session, person, kind="device", center_id=world.center_id).token
    assert roles(world, person) == ["auditor"]
    assert belongs(world, person)
    actor = in_snapshot(sessions.load_actor, token)
    assert actor is not None
    assert actor.may_somewhere(Permission.READ_BOOKS)

    with clock.at(clock.now() + DAY):
        assert roles(world, person) == []
        assert in_snapshot(sessions.load_actor, token) is None
        assert not belongs(world, person)
        assert person not in {each.identity_id for each in in_snapshot(sessions.staff, world.builder)}


def test_a_role_that_is_over_may_be_given_again_and_one_in_force_not(world: World) -> None:
    person = hire(world, "clerk", clock.today())

    def again(until: date | None = None) -> None:
        post = Post("clerk", world.top_id, None, until)
        in_transaction(staff.grant_role, person, post, actor=world.builder)

    with pytest.raises(Conflict) as refused:
        again()
    assert refused.value.code == "people.role_held"
    with clock.at(clock.now() + DAY):
        again(clock.today() + DAY)
        assert roles(world, person) == ["clerk"]


def test_the_last_day_is_checked(world: World) -> None:
    for role, until, code in (
        ("clerk", clock.today() - DAY, "people.valid_until_past"),
        ("outside_auditor", None, "people.valid_until_needed"),
    ):
        with pytest.raises(Rejected) as refused:
            hire(world, role, until)
        assert refused.value.code == code
    assert roles(world, hire(world, "outside_auditor", clock.today() + 30 * DAY)) == ["outside_auditor"]


def test_the_database_refuses_an_outside_auditor_without_a_last_day(world: World) -> None:
    person = hire(world, "outside_auditor", clock.today())

    def forever(session: Session) -> None:
        session.execute(sa.update(RoleGrant).where(RoleGrant.identity_id == person).values(valid_until=None))

    with pytest.raises(IntegrityError):
        in_transaction(forever)


def test_an_administrator_whose_role_ends_is_not_the_one_who_stays(world: World) -> None:
    lasting, passing = hire(world, "admin", None), hire(world, "admin", clock.today() + DAY)
    [grant] = in_snapshot(sessions.roles_of, lasting, world.center_id)
    with pytest.raises(Conflict) as refused:
        in_transaction(staff.revoke_role, grant.id, actor=world.builder)
    assert refused.value.code == "people.last_admin"
    [grant] = in_snapshot(sessions.roles_of, passing, world.center_id)
    in_transaction(staff.revoke_role, grant.id, actor=world.builder)
    assert roles(world, passing) == []


@on_sqlite
def test_the_form_takes_the_last_day_and_the_page_says_what_counts(app: Flask, world: World) -> None:
    admin = Browser(app.test_client(), world.add_staff("admin", place_id=world.top_id))
    typed = {"name": "孙正清", "phone": fresh_phone(), "place_id": public_id(world.top_id), "role": "outside_auditor"}
    typed |= {"household": "无", "reason": "年度审计"}
    refused = admin.post("/staff/new", **typed)
    assert refused.status_code == 422
    assert "外聘审计员要写到哪天为止" in refused.text

    last = clock.today() + 9 * DAY
    proposed = admin.post("/staff/new", **typed, valid_until=last.isoformat())
    assert proposed.status_code == 303
    other = Browser(app.test_client(), world.add_staff("admin", place_id=world.top_id))
    assert other.post(proposed.location.partition("?")[0], decision="approve").status_code == 303
    world.add_staff("admin")
    world.add_staff("auditor")
    page = admin.get("/staff").text
    assert "外聘审计员" in page
    assert f"{last.month}月{last.day}日 为止" in page
    assert page.count("账本、审批和规则只在中心任命才算，这里不算") == 1
    assert page.count("这个身份只在中心任命才算，这里不算") == 1


def test_roles_are_read_through_the_rule() -> None:
    readers = {
        name for name, source in modules().items() if "RoleGrant" in source.text and name != "ledger.people.models"
    }
    unruled = {name for name in readers if "ledger.people.terms" not in imports()[name]}
    assert unruled - READS_ALL_GRANTS.keys() == set()
