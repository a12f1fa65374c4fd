"""Another name or number: by who manages a volunteer, by two people for who works here."""

from typing import Any

import pytest
from flask import Flask

from ledger.approvals import private
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.ids import parse_public_id, public_id
from ledger.kernel.paging import PageRequest
from ledger.people.access import credentials, events
from ledger.people.access.approved_codes import make_approved_code
from ledger.people.access.candidates import centers_of_phone
from ledger.people.access.contacts import Contact, set_contact
from ledger.people.identities.queries import find_identity_by_phone, names_of, phone_of
from ledger.people.volunteers import service
from tests.approvals.office import Office
from tests.databases import on_sqlite
from tests.elsewhere import outcome
from tests.people.test_two_people_pages import browser_of
from tests.phones import fresh_phone
from tests.world import Person, World


@pytest.fixture
def office(world: World) -> Office:
    return Office(world)


def page_of(person: Person) -> str:
    return f"/people/{public_id(person.identity_id)}/contact"


def kinds_of(world: World, person: Person) -> list[str]:
    page = in_snapshot(events.list_events, world.center_id, identity_id=person.identity_id, request=PageRequest())
    return [each.kind for each in page.items]


def register(world: World, phone: str) -> None:
    in_transaction(service.register_volunteer, name="李四", phone=phone, place_id=world.station_id, actor=world.builder)


def known_as(world: World, person: Person) -> tuple[str, str | None]:
    return (
        in_snapshot(names_of, [person.identity_id], world.center_id)[person.identity_id],
        in_snapshot(phone_of, person.identity_id, world.center_id),
    )


def test_a_manager_changes_a_volunteers_number_and_the_old_one_is_free(app: Flask, world: World) -> None:
    person, manager = world.add_volunteer("王小兰"), browser_of(app, world.add_staff("station_manager"))
    old, new = fresh_phone(), fresh_phone()
    for number in (old, new):
        code = in_transaction(credentials.make_activation_code, person.identity_id, actor=world.builder)
        assert manager.post(page_of(person), name="王小岚", phone=number).status_code == 303
        assert known_as(world, person) == ("王小岚", f"+86{number}")
        assert not in_snapshot(credentials.code_fits, phone=number, code=code, center_id=world.center_id)
    assert in_snapshot(centers_of_phone, f"+86{old}") == []
    assert in_snapshot(centers_of_phone, f"+86{new}") == [world.center_id]
    register(world, old)
    assert (kinds_of(world, person).count("phone_changed"), kinds_of(world, person).count("renamed")) == (2, 1)
    assert "改了登记的手机号" in browser_of(app, person).get("/credentials?mine=1").text


@on_sqlite
def test_a_number_of_somebody_else_is_refused_and_so_is_no_change(app: Flask, world: World) -> None:
    person, manager = world.add_volunteer("王小兰"), browser_of(app, world.add_staff("station_manager"))
    phone = fresh_phone()
    register(world, phone)
    taken = manager.post(page_of(person), name="王小兰", phone=phone)
    assert (taken.status_code, 'id="phone-error"' in taken.text, "已经是别人的登录名" in taken.text) == (
        422,
        True,
        True,
    )
    now = known_as(world, person)[1] or ""
    assert "都没有改" in manager.post(page_of(person), name="王小兰", phone=now.removeprefix("+86")).text
    assert manager.post(page_of(person), name="王小兰", phone="").status_code == 303
    assert known_as(world, person) == ("王小兰", None)


@on_sqlite
def test_only_who_manages_them_changes_a_volunteer(app: Flask, world: World) -> None:
    person, far = world.add_volunteer("王小兰"), world.add_staff("station_manager", place_id=world.add_station("远站"))
    assert browser_of(app, far).get(page_of(person)).status_code == 403
    assert browser_of(app, far).post(page_of(person), name="王", phone=fresh_phone()).status_code == 403


def proposed(app: Flask, office: Office, person: Person, **said: str) -> int:
    sent = browser_of(app, office.first).post(page_of(person), **said, reason="换了号码")
    assert sent.status_code == 303, sent.text
    return parse_public_id(sent.location.partition("?")[0].rpartition("/")[2])


def test_two_people_change_the_number_of_who_works_here(app: Flask, office: Office) -> None:
    world = office.world
    clerk, phone = world.add_staff("clerk", name="陈晓燕"), fresh_phone()
    was = known_as(world, clerk)
    proposal_id = proposed(app, office, clerk, name="陈晓燕", phone=phone)
    view = office.see(proposal_id)
    assert "phone" not in view.payload
    page = browser_of(app, office.second).get(f"/approvals/{public_id(proposal_id)}").text
    assert (phone[-4:] in page, phone in page, known_as(world, clerk)) == (True, False, was)
    assert outcome(lambda: office.approve(proposal_id, office.first)) == "approvals.two_people_needed"
    office.approve(proposal_id)
    assert known_as(world, clerk) == ("陈晓燕", f"+86{phone}")
    assert in_snapshot(private.private_of, proposal_id, world.center_id) == {}
    assert in_snapshot(find_identity_by_phone, was[1] or "", world.center_id) is None


@on_sqlite
def test_a_refused_change_leaves_nothing_and_changes_nothing(app: Flask, office: Office) -> None:
    clerk = office.world.add_staff("clerk", name="陈晓燕")
    was = known_as(office.world, clerk)
    proposal_id = proposed(app, office, clerk, name="陈小燕", phone=fresh_phone())
    office.reject(proposal_id)
    assert in_snapshot(private.private_of, proposal_id, office.world.center_id) == {}
    assert known_as(office.world, clerk) == was


@on_sqlite
def test_an_approved_code_is_over_once_the_number_is_another(app: Flask, office: Office) -> None:
    code = office.propose("people.code", {"identity_id": public_id(office.auditor.identity_id)})
    office.approve(code)
    office.approve(proposed(app, office, office.auditor, name="孙监督", phone=fresh_phone()))
    assert outcome(lambda: in_transaction(make_approved_code, code, actor=office.second.actor)) == "people.code_over"


@on_sqlite
def test_what_waits_about_a_person_is_withdrawn_once_they_are_another(app: Flask, office: Office) -> None:
    world, volunteer = office.world, office.volunteer
    manager, who = world.add_staff("station_manager"), public_id(volunteer.identity_id)
    role = {"identity_id": who, "role": "auditor", "place_id": public_id(world.top_id), "household": None}
    grant = office.propose("people.grant", role)
    code = office.propose("people.code", {"identity_id": public_id(office.auditor.identity_id)})
    said = Contact("钱二妹", fresh_phone())
    in_transaction(set_contact, volunteer.identity_id, said, actor=manager.actor)
    assert outcome(lambda: office.approve(grant)) == "approvals.already_decided"
    office.approve(proposed(app, office, office.auditor, name="孙监督", phone=fresh_phone()))
    assert [office.see(each).status for each in (grant, code)] == ["withdrawn", "withdrawn"]


@on_sqlite
def test_the_api_changes_a_volunteer_and_refuses_staff(app: Flask, world: World) -> None:
    manager, phone = world.add_staff("station_manager"), fresh_phone()
    client = app.test_client()

    def put(person: Person) -> Any:
        address = f"/api/v1/volunteers/{public_id(person.volunteer_id)}/contact"
        key = {"Idempotency-Key": public_id(person.identity_id)}
        return client.put(address, json={"name": "王小岚", "phone": phone}, headers=manager.headers | key)

    person, clerk = world.add_volunteer("王小兰"), world.add_staff("clerk")
    world.enlist(clerk)
    admin = world.add_staff("admin", place_id=world.top_id)
    assert put(person).json["phone"] == f"+86{phone}"
    assert put(clerk).status_code == 403
    manager = admin
    assert put(clerk).json["code"] == "people.contact_takes_two"
