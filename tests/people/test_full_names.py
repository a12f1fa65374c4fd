"""An auditor reads a volunteer's full name by an act that is recorded with its reason."""

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.errors import Forbidden, NotFound, Rejected
from ledger.kernel.ids import public_id
from ledger.kernel.types import table_of
from ledger.people.models import NameShown
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
    found = in_snapshot(full_names.looks, person.volunteer_id, world.center_id)
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
    assert in_snapshot(full_names.looks, person.volunteer_id, world.center_id) == []


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
