"""People of one household are told so before they decide or sign, and refused for that reason if they try."""

import re
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from ledger.app import APPROVALS
from ledger.kernel import clock
from ledger.kernel.db import in_transaction
from ledger.kernel.ids import public_id
from ledger.points.closing import freezing
from tests.approvals.office import Office
from tests.browser import DESKTOP, OpenPage, no_axe_violations, no_sideways_scroll, screenshot
from tests.browsing import Browser
from tests.databases import on_sqlite
from tests.world import Person, World


@pytest.fixture
def office(world: World) -> Office:
    """Two administrators, an auditor and a volunteer."""
    return Office(world)


def words(answer: TestResponse) -> str:
    """The text of a page on one line."""
    text = re.sub(r"<(script|style).*?</\1>", "", answer.text, flags=re.S)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text))


def frozen(office: Office, *signed: Person) -> str:
    """Freeze the book and let these people sign its release; returns the page's address."""
    freeze_id = in_transaction(freezing.freeze, office.world.center_id, reason="debits_posted", run_id=None)
    for person in signed:
        in_transaction(freezing.release, freeze_id, "备份是好的", actor=person.actor, desk=APPROVALS)
    return public_id(freeze_id)


@pytest.mark.parametrize("near", ["proposer", "member"])
@on_sqlite
def test_a_proposal_says_beforehand_that_the_household_can_not_decide(office: Office, app: Flask, near: str) -> None:
    office.world.house("柳荫017", office.second, office.first if near == "proposer" else office.volunteer)
    path, second = f"/approvals/{public_id(office.adjustment(100))}", Browser(app.test_client(), office.second)

    page = second.get(path)
    assert "同一户的人不能定这一项" in words(page)
    assert "请另一位管理员或者审计员来" in words(page)
    assert 'value="approve"' not in page.text
    refused = second.post(path, decision="approve", note="")
    assert (refused.status_code, "同一户的人不能定这一项" in refused.text) == (403, True)
    third = Browser(app.test_client(), office.world.add_staff("admin", place_id=office.world.top_id))
    assert 'value="approve"' in third.get(path).text


@on_sqlite
def test_a_decision_shows_whether_the_two_are_of_one_household(office: Office, app: Flask) -> None:
    """The page also shows whether they were when it was decided."""
    first = Browser(app.test_client(), office.first)

    def shown(proposal_id: int) -> str:
        found = re.search(r"是不是一户 (.+?) </", words(first.get(f"/approvals/{public_id(proposal_id)}")) + " </")
        return found[1] if found else ""

    proposal_id, withdrawn = office.adjustment(100), office.adjustment(200)
    assert shown(proposal_id) == ""
    office.approve(proposal_id)
    office.withdraw(withdrawn)
    assert shown(proposal_id).startswith("不是")
    with clock.at(clock.now() + timedelta(minutes=1)):
        office.world.house("17", office.first, office.second)
    assert shown(proposal_id).startswith("定的时候不是，现在登记在一户")
    assert shown(withdrawn) == ""


@on_sqlite
def test_the_api_refuses_with_the_reason(office: Office, client: FlaskClient) -> None:
    office.world.house("柳荫017", office.first, office.second, office.auditor)
    path = f"/api/v1/approvals/{public_id(office.adjustment(100))}"
    for how in ("approve", "reject"):
        answer = client.post(f"{path}/{how}", json={"note": "x"}, headers=office.second.headers)
        assert (answer.status_code, answer.json["code"]) == (403, "approvals.same_household")
    release = f"/api/v1/freezes/{frozen(office, office.first)}/release"
    answer = client.post(release, json={"note": "核过了"}, headers=office.auditor.headers)
    assert (answer.status_code, answer.json["code"]) == (403, "points.release_same_household")


@on_sqlite
def test_the_page_of_a_frozen_book_says_that_the_household_can_not_sign(office: Office, app: Flask) -> None:
    office.world.house("柳荫017", office.first, office.auditor)
    path, auditor = f"/books/freezes/{frozen(office, office.first)}", Browser(app.test_client(), office.auditor)

    page = words(auditor.get("/books/freezes"))

    assert "解冻要两户的人来签" in page
    assert "签字，同意解冻" not in page
    refused = auditor.post(path, note="核过了")
    assert (refused.status_code, "解冻要两户的人来签" in refused.text) == (403, True)
    assert "解冻要两户的人来签" not in words(Browser(app.test_client(), office.first).get("/books/freezes"))
    with clock.at(clock.now() - timedelta(days=31)):
        office.world.house("柳荫018", office.auditor)
    assert "签字，同意解冻" in words(auditor.get("/books/freezes"))


@pytest.mark.long
@pytest.mark.browser
@on_sqlite
@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_pages_in_a_browser(office: Office, open_page: OpenPage, language: str) -> None:
    world = office.world
    decided = office.adjustment(100)
    office.approve(decided)
    world.house("柳荫017", office.first, office.second, office.auditor)
    frozen(office, office.first)
    pages = {
        "waiting": (office.second, f"/approvals/{public_id(office.adjustment(100))}"),
        "decided": (office.first, f"/approvals/{public_id(decided)}"),
        "frozen": (office.auditor, "/books/freezes"),
    }
    for name, (person, address) in pages.items():
        page = open_page(person, size={"width": 360, "height": 740}, language=language)
        page.goto(address)
        no_sideways_scroll(page)
        no_axe_violations(page)
        screenshot(page, f"kinship-{name}-360-{language}")
        page.set_viewport_size(DESKTOP)
        no_sideways_scroll(page)
        screenshot(page, f"kinship-{name}-1280-{language}")
