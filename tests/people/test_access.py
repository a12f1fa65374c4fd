"""Roles, log-in sessions, activation codes and passwords, on both databases."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from ledger.kernel import clock
from ledger.kernel.database import Database
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.errors import Conflict, Forbidden, NotFound, Rejected
from ledger.kernel.ids import public_id
from ledger.kernel.paths import ROOT
from ledger.kernel.permissions import Permission
from ledger.people.access import credentials, sessions, staff
from ledger.people.access.passwords import hash_password, password_is_right
from ledger.people.access.staff import Post
from ledger.people.identities import queries as identities
from ledger.people.identities import service as identity_service
from ledger.people.volunteers import queries, service
from tests.elsewhere import Elsewhere
from tests.log_ins import log_in_of, log_ins
from tests.phones import fresh_phone
from tests.world import World

PASSWORD = "白云山下有三只羊"


def test_a_clerk_may_do_what_the_table_says_at_the_station_and_below(world: World) -> None:
    actor = world.add_staff("clerk").actor
    path = in_snapshot(queries.get_volunteer, world.add_volunteer().volunteer_id, world.center_id).place_path
    assert actor.may(Permission.TILL, path)
    assert not actor.may(Permission.TILL, ROOT)
    assert not actor.may_somewhere(Permission.MANAGE_VOLUNTEERS)
    assert actor.volunteer_id is None


def test_a_volunteer_has_an_own_record(world: World) -> None:
    person = world.add_volunteer()
    assert person.actor.volunteer_id == person.volunteer_id
    assert person.actor.may(Permission.OWN_RECORD, ROOT)
    assert person.actor.origin.startswith("session:")


def test_a_role_taken_away_stops_counting_at_once(world: World) -> None:
    person = world.add_staff("clerk")
    (role,) = in_snapshot(sessions.roles_of, person.identity_id, world.center_id)
    in_transaction(staff.revoke_role, role.id, actor=world.builder)
    assert in_snapshot(sessions.load_actor, person.token) is None
    with pytest.raises(NotFound):
        in_transaction(staff.revoke_role, role.id, actor=world.builder)


def test_only_who_manages_staff_of_a_place_gives_roles_there(world: World) -> None:
    elsewhere = world.add_station("沙湾站")
    local = world.add_staff("admin").actor
    who: dict[str, Any] = {"name": "陈晓燕", "phone": fresh_phone(), "household": None, "actor": local}
    new = in_transaction(staff.hire, role="clerk", place_id=world.station_id, **who)
    with pytest.raises(Forbidden):
        in_transaction(staff.hire, role="clerk", place_id=elsewhere, **who)
    for role, place_id, code in (
        ("clerk", elsewhere, "access.denied"),
        ("admin", world.top_id, "access.denied"),
        ("king", world.station_id, "people.role_unknown"),
        ("clerk", world.station_id, "people.role_held"),
    ):
        with pytest.raises((Forbidden, Rejected, Conflict)) as refused:
            in_transaction(staff.grant_role, new, Post(role, place_id, None), actor=local)
        assert refused.value.code == code
    manager = world.add_staff("station_manager").actor
    with pytest.raises(Forbidden):
        in_transaction(staff.hire, role="clerk", place_id=world.station_id, **who | {"actor": manager})


def test_the_last_admin_of_a_center_stays(world: World) -> None:
    first = world.add_staff("admin", place_id=world.top_id)
    world.add_staff("admin")
    (role,) = in_snapshot(sessions.roles_of, first.identity_id, world.center_id)
    with pytest.raises(Conflict) as refused:
        in_transaction(staff.revoke_role, role.id, actor=world.builder)
    assert refused.value.code == "people.last_admin"
    world.add_staff("admin", place_id=world.top_id)
    in_transaction(staff.revoke_role, role.id, actor=world.builder)


def test_two_administrators_who_remove_each_other_leave_one(own_database: Database) -> None:
    world = World(own_database)
    one, other = (world.add_staff("admin", place_id=world.top_id) for _ in range(2))
    grants = [in_snapshot(sessions.roles_of, who.identity_id, world.center_id)[0].id for who in (one, other)]
    # Nobody asks what they still hold: the last administrator stays all the same.
    late = replace(other.actor, renew=None)
    back = Elsewhere(own_database.url, lambda: in_transaction(staff.revoke_role, grants[0], actor=late))

    def forth(session: Session) -> None:
        staff.revoke_role(session, grants[1], actor=one.actor)
        back.begin()

    in_transaction(forth)

    assert back.end() == "people.last_admin"
    workers = in_snapshot(sessions.staff, world.builder)
    assert [who.identity_id for who in workers if who.roles] == [one.identity_id]


def test_staff_are_listed_with_their_roles(world: World) -> None:
    clerk = world.add_staff("clerk")
    admin = world.add_staff("admin", place_id=world.top_id)
    found = {person.identity_id: person for person in in_snapshot(sessions.staff, admin.actor)}
    assert found.keys() == {clerk.identity_id, admin.identity_id}
    assert [role.role for role in found[clerk.identity_id].roles] == ["clerk"]


def test_a_session_ends_when_it_is_over_or_revoked(world: World) -> None:
    person = world.add_volunteer()
    opened = in_transaction(credentials.open_session, person.identity_id, kind="browser", center_id=world.center_id)
    assert in_snapshot(sessions.load_actor, opened.token).volunteer_id == person.volunteer_id
    with clock.at(opened.expires_at):
        assert in_snapshot(sessions.load_actor, opened.token) is None
    in_transaction(credentials.revoke_session, opened.token)
    assert in_snapshot(sessions.load_actor, opened.token) is None
    assert in_snapshot(sessions.load_actor, person.token) is not None
    in_transaction(credentials.revoke_all_sessions, person.identity_id, world.center_id)
    assert in_snapshot(sessions.load_actor, person.token) is None
    assert in_snapshot(sessions.load_actor, "no such token") is None


def with_code(world: World) -> tuple[str, int, str]:
    """A volunteer's phone and identity, and a code for them."""
    phone = fresh_phone()
    volunteer_id = in_transaction(
        service.register_volunteer, name="王小兰", phone=phone, place_id=world.station_id, actor=world.builder
    )
    identity_id = in_snapshot(queries.get_volunteer, volunteer_id, world.center_id).identity_id
    return phone, identity_id, in_transaction(credentials.make_activation_code, identity_id, actor=world.builder)


def spend(phone: str, code: str, *, center_id: int | None = None) -> int:
    """Set the password with a code from paper."""
    owner = in_transaction(
        credentials.set_password_with_code,
        phone=phone,
        code=code,
        center_id=center_id,
        password_hash=hash_password(PASSWORD, phone=phone),
    )
    return owner.identity_id


def test_a_code_sets_the_password_once(world: World) -> None:
    phone, identity_id, code = with_code(world)
    opened = in_transaction(credentials.open_session, identity_id, kind="browser", center_id=world.center_id)
    assert spend(phone, code.replace("-", " ").lower()) == identity_id
    login = log_in_of(phone)
    assert login.center_id == world.center_id
    assert password_is_right(login.password_hash, PASSWORD)
    assert not password_is_right(login.password_hash, PASSWORD + "。")
    assert in_snapshot(sessions.load_actor, opened.token) is None
    with pytest.raises(Rejected) as refused:
        spend(phone, code)
    assert refused.value.code == "people.activation_code_invalid"


def test_a_code_is_for_one_person_seven_days_and_until_the_next_one(world: World) -> None:
    phone, identity_id, code = with_code(world)
    other_phone, _, _ = with_code(world)
    with clock.at(clock.now() + timedelta(days=7)), pytest.raises(Rejected):
        spend(phone, code)
    with pytest.raises(Rejected):
        spend(other_phone, code)
    with pytest.raises(Rejected):
        spend(fresh_phone(), code)
    newer = in_transaction(credentials.make_activation_code, identity_id, actor=world.builder)
    with pytest.raises(Rejected):
        spend(phone, code)
    assert spend(phone, newer) == identity_id


def test_who_manages_volunteers_can_not_become_an_admin_by_a_code(world: World) -> None:
    manager = world.add_staff("station_manager").actor
    _, volunteer, _ = with_code(world)
    in_transaction(credentials.make_activation_code, volunteer, actor=manager)
    in_transaction(staff.grant_role, volunteer, Post("admin", world.top_id, None), actor=world.server)
    with pytest.raises(Forbidden):
        in_transaction(credentials.make_activation_code, volunteer, actor=manager)


def test_another_center_gives_no_password_to_staff(world: World, database: Database) -> None:
    """It may register the person with name and phone, and then prints a slip for its own log-in alone."""
    other = World(database)
    phone, identity_id, _ = with_code(world)
    in_transaction(staff.grant_role, identity_id, Post("admin", world.top_id, None), actor=world.server)
    own = hash_password("自己的密码一二三", phone=phone)
    in_transaction(credentials.set_password, identity_id, world.center_id, password_hash=own)
    opened = in_transaction(credentials.open_session, identity_id, kind="browser", center_id=world.center_id)
    with pytest.raises(NotFound) as refused:
        in_transaction(credentials.make_activation_code, identity_id, actor=other.builder)
    assert refused.value.code == "people.identity_not_found"

    volunteer_id = in_transaction(
        service.register_volunteer, name="王小兰", phone=phone, place_id=other.station_id, actor=other.builder
    )
    view = in_snapshot(queries.get_volunteer, volunteer_id, other.center_id)
    code = in_transaction(credentials.make_activation_code, view.identity_id, actor=other.builder)
    with pytest.raises(Rejected):
        spend(phone, code, center_id=world.center_id)
    assert spend(phone, code) == view.identity_id != identity_id

    fits = {each.center_id for each in log_ins(phone) if password_is_right(each.password_hash, PASSWORD)}
    assert fits == {other.center_id}
    assert in_snapshot(sessions.load_actor, opened.token) is not None


def test_a_token_is_good_in_its_own_center_alone(world: World, database: Database) -> None:
    token = world.add_volunteer().token
    other = World(database)
    forged = f"{public_id(other.center_id)}.{token.partition('.')[2]}"
    assert in_snapshot(sessions.load_actor, token) is not None
    for nothing in (forged, token.partition(".")[2], token.partition(".")[0], f".{token}", "ü.x", f"{token} "):
        assert in_snapshot(sessions.load_actor, nothing) is None


def test_a_password_must_be_long_enough_and_not_the_first_guess() -> None:
    for password, code in (("short", "too_short"), ("x" * 129, "too_long"), ("12345678", "too_easy")):
        with pytest.raises(Rejected) as refused:
            hash_password(password, phone="13800138000")
        assert refused.value.code == f"people.password_{code}"
    assert not password_is_right(None, PASSWORD)


def test_preferences_are_kept(world: World) -> None:
    person = world.add_volunteer()
    in_transaction(identity_service.set_preferences, language="en", large_type=True, actor=person.actor)
    in_transaction(identity_service.set_preferences, actor=person.actor)
    kept = in_snapshot(identities.get_preferences, person.identity_id, world.center_id)
    assert (kept.language, kept.large_type) == ("en", True)
    with pytest.raises(Rejected):
        in_transaction(identity_service.set_preferences, language="xx", actor=person.actor)
