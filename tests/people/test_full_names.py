"""An auditor reads a volunteer's full name by an act that is recorded with its reason."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from ledger.kernel import clock
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.errors import Forbidden, NotFound, Rejected
from ledger.kernel.ids import public_id
from ledger.kernel.paging import PageRequest
from ledger.kernel.types import table_of
from ledger.people.access import staff
from ledger.people.access.staff import Post
from ledger.people.models import NameShown, RoleGrant
from ledger.people.volunteers import full_names
from ledger.points.book.queries import accounts_by_key
from ledger.points.policy import POINT, AccountKey
from tests.browsing import Browser
from tests.databases import on_sqlite
from tests.shop.counter import give_points
from tests.world import Person, World


@pytest.fixture
def auditor(world: World) -> Person:
    return world.add_staff("auditor", place_id=world.top_id, name="孙监督")


def test_a_look_is_recorded_with_its_reason_and_who_looked(world: World, auditor: Person) -> None:
    person = world.add_volunteer("王小兰")
    in_transaction(full_names.record, person.volunteer_id, " 核对签名 ", actor=auditor.actor)
    in_transaction(full_names.record, person.volunteer_id, "再核对一次", actor=auditor.actor)
    found = in_snapshot(full_names.looks, person.volunteer_id, world.center_id, request=PageRequest()).items
    assert [(look.shown_to, look.reason) for look in found] == [
        (auditor.identity_id, "再核对一次"),
        (auditor.identity_id, "核对签名"),
    ]


def test_who_may_not_read_the_book_or_gives_no_reason_is_refused(world: World, auditor: Person) -> None:
    person = world.add_volunteer()
    refusals = (
        (world.add_staff("station_manager"), person.volunteer_id, "想看", Forbidden, "access.denied"),
        (auditor, 5, "想看", NotFound, "people.volunteer_not_found"),
        (auditor, person.volunteer_id, "  ", Rejected, "people.reason_needed"),
    )
    for who, volunteer_id, reason, kind, code in refusals:
        with pytest.raises(kind) as refused:
            in_transaction(full_names.record, volunteer_id, reason, actor=who.actor)
        assert refused.value.code == code
    assert in_snapshot(full_names.looks, person.volunteer_id, world.center_id, request=PageRequest()).items == []


def test_the_reason_is_sealed_and_the_record_stays(world: World, auditor: Person) -> None:
    person = world.add_volunteer()
    in_transaction(full_names.record, person.volunteer_id, "核对签名", actor=auditor.actor)

    def stored(session: Session) -> str:
        query = sa.text("SELECT reason FROM name_shown WHERE center_id = :center")
        return str(session.execute(query, {"center": world.center_id}).scalar_one())

    def forget(session: Session) -> None:
        session.execute(sa.delete(table_of(NameShown)).where(NameShown.center_id == world.center_id))

    assert "核对" not in in_snapshot(stored)
    with pytest.raises(sa.exc.DBAPIError):
        in_transaction(forget)


@on_sqlite
def test_the_page_shows_the_name_once_the_reason_is_given(app: Flask, world: World, auditor: Person) -> None:
    person = world.add_volunteer("王小兰")
    give_points(world, person, 100)
    key = AccountKey(POINT, "member", person.volunteer_id)
    account = in_snapshot(accounts_by_key, [key], world.center_id)[key].id
    browser, path = Browser(app.test_client(), auditor), f"/books/volunteers/{public_id(person.volunteer_id)}/name"

    page = browser.get(f"/books/accounts/{public_id(account)}").text
    assert path in page
    assert "王小兰" not in page
    refused = browser.post(path, reason=" ")
    assert refused.status_code == 422
    assert "王小兰" not in refused.text
    answer = browser.post(path, reason="核对签名")
    assert answer.status_code == 200
    assert "王小兰" in answer.text
    assert "核对签名" in answer.text
    assert "孙*督" in answer.text


def test_by_the_api_an_auditor_reads_the_name_and_the_volunteer_reads_who_did(
    client: FlaskClient, world: World, auditor: Person
) -> None:
    person, other = world.add_volunteer("王小兰"), world.add_volunteer("李秀英")
    address = f"/api/v1/volunteers/{public_id(person.volunteer_id)}/name"
    assert client.post(address, json={"reason": " "}, headers=auditor.headers).status_code == 422
    for reason in ("核对签名", "再核对一次"):
        answer = client.post(address, json={"reason": reason}, headers=auditor.headers)
        assert (answer.status_code, answer.json["name"], answer.json["masked_name"]) == (200, "王小兰", "王*兰")

    for reader in (person, auditor):
        first = client.get(f"{address}/looks?limit=1", headers=reader.headers).json
        [look] = first["items"]
        assert (look["reason"], look["masked_name"], look["role"]) == ("再核对一次", "孙*督", "auditor")
        assert look["shown_to"] == public_id(auditor.identity_id)
        rest = client.get(f"{address}/looks?after={first['next']}", headers=reader.headers).json
        assert [look["reason"] for look in rest["items"]] == ["核对签名"]
    assert client.get(f"{address}/looks", headers=other.headers).status_code == 403
    assert client.post(address, json={"reason": "想看"}, headers=person.headers).status_code == 403


@on_sqlite
def test_volunteers_see_on_their_own_page_who_read_their_name(app: Flask, world: World, auditor: Person) -> None:
    person = world.add_volunteer("王小兰")
    browser = Browser(app.test_client(), person)
    assert "还没有人看过" in browser.get("/me/name-looks").text
    in_transaction(full_names.record, person.volunteer_id, "核对签名", actor=auditor.actor)

    assert "/me/name-looks" in browser.get("/me").text
    page = browser.get("/me/name-looks").text
    for shown in ("孙*督", "审计员", "核对签名"):
        assert shown in page
    assert "孙监督" not in page
    assert "核对签名" in browser.get("/me/name-looks.csv").text


def test_a_look_names_the_role_that_its_reader_held_then(world: World) -> None:
    person, reader = world.add_volunteer(), world.add_staff("auditor", place_id=world.top_id)
    outside = clock.today() + timedelta(days=1)
    in_transaction(full_names.record, person.volunteer_id, "先看", actor=reader.actor)

    def grant_of(session: Session) -> int:
        return session.scalars(sa.select(RoleGrant.id).where(RoleGrant.identity_id == reader.identity_id)).one()

    with clock.at(clock.now() + timedelta(seconds=1)):
        in_transaction(staff.revoke_role, in_snapshot(grant_of), actor=world.builder)
        with pytest.raises(Forbidden):
            in_transaction(full_names.record, person.volunteer_id, "收回以后", actor=reader.actor)
    with clock.at(clock.now() + timedelta(seconds=2)):
        post = Post("outside_auditor", world.top_id, household=None, valid_until=outside)
        in_transaction(staff.grant_role, reader.identity_id, post, actor=world.server)
        in_transaction(full_names.record, person.volunteer_id, "外聘", actor=reader.actor)
    found = in_snapshot(full_names.looks, person.volunteer_id, world.center_id, request=PageRequest()).items
    assert [(look.reason, look.role) for look in found] == [
        ("外聘", "outside_auditor"),
        ("先看", "auditor"),
    ]
