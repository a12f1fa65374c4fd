"""A mistyped name is mended by hiring with the right one, as long as nobody has been that person."""

from collections.abc import Callable

import pytest
from flask import Flask

from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.paging import PageRequest
from ledger.people.access import credentials, events, login, sessions, staff
from ledger.people.access.devices import new_device
from ledger.people.identities.queries import find_identity_by_phone, names_of
from ledger.people.volunteers import service
from tests.approvals.office import Office
from tests.databases import on_sqlite
from tests.people.test_two_people_pages import browser_of, typed
from tests.world import World

PASSWORD = "白云山下有三只羊"


def hire(world: World, name: str, phone: str) -> int:
    return in_transaction(
        staff.hire, name=name, phone=phone, role="clerk", place_id=world.station_id, household=None, actor=world.builder
    )


def leave(world: World, identity_id: int) -> None:
    for role in in_snapshot(sessions.roles_of, identity_id, world.center_id):
        in_transaction(staff.revoke_role, role.id, actor=world.builder)


def name_of(world: World, phone: str) -> str:
    identity_id = in_snapshot(find_identity_by_phone, phone, world.center_id) or 0
    return in_snapshot(names_of, [identity_id], world.center_id)[identity_id]


@on_sqlite
def test_a_mistyped_name_is_mended_and_that_is_recorded(app: Flask, world: World) -> None:
    admin, who = browser_of(app, world.add_staff("admin", place_id=world.top_id)), typed(world, role="clerk")
    assert admin.post("/staff/new", **who | {"name": "李思"}).status_code == 303
    identity_id = in_snapshot(find_identity_by_phone, who["phone"], world.center_id) or 0
    while_held = admin.post("/staff/new", **who | {"name": "李四", "role": "station_manager"})
    assert (while_held.status_code, "登记在别的名字下" in while_held.text) == (422, True)
    code = in_transaction(credentials.make_activation_code, identity_id, actor=world.builder)
    leave(world, identity_id)
    assert admin.post("/staff/new", **who | {"name": "李四"}).status_code == 303
    assert name_of(world, who["phone"]) == "李四"
    assert find(world, identity_id).count(events.RENAMED) == 1
    old = browser_of(app, world.add_volunteer()).post(
        "/first-password", phone=who["phone"], code=code, password=PASSWORD
    )
    assert old.status_code == 422


def find(world: World, identity_id: int) -> list[str]:
    page = in_snapshot(events.list_events, world.center_id, identity_id=identity_id, request=PageRequest())
    return [each.kind for each in page.items]


@on_sqlite
def test_a_proposal_that_ended_without_approval_keeps_no_number_under_a_wrong_name(app: Flask, world: World) -> None:
    first, who = browser_of(app, Office(world).first), typed(world)
    sent = first.post("/staff/new", **who | {"name": "李思"}, reason="人手不够").location.partition("?")[0]
    waiting = first.post("/staff/new", **who | {"name": "李四"}, reason="人手不够")
    assert (waiting.status_code, "已经有人提了" in waiting.text) == (409, True)
    assert first.post(sent, decision="withdraw").status_code == 303
    anew = first.post("/staff/new", **who | {"name": "李四"}, reason="人手不够")
    assert "李*" in first.get(anew.location).text


def has_logged_in(world: World, phone: str, identity_id: int) -> None:
    code = in_transaction(credentials.make_activation_code, identity_id, actor=world.builder)
    login.set_first_password(
        phone, code, PASSWORD, address="192.0.2.7", center_id=world.center_id, kind="phone", device=new_device()
    )
    leave(world, identity_id)


def is_volunteer(world: World, phone: str, identity_id: int) -> None:
    leave(world, identity_id)
    in_transaction(service.register_volunteer, name="李思", phone=phone, place_id=world.station_id, actor=world.builder)


@pytest.mark.parametrize("been", [has_logged_in, is_volunteer])
@on_sqlite
def test_who_has_been_somebody_keeps_the_name(
    app: Flask, world: World, been: Callable[[World, str, int], None]
) -> None:
    admin, who = browser_of(app, world.add_staff("admin", place_id=world.top_id)), typed(world, role="clerk")
    been(world, who["phone"], hire(world, "李思", who["phone"]))
    assert admin.post("/staff/new", **who | {"name": "李四"}).status_code == 422
    assert name_of(world, who["phone"]) == "李思"
