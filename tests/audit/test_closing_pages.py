"""Pages of closed months and of a frozen book, and what staff see on every page while it is frozen."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from ledger.kernel import clock
from ledger.kernel.db import in_transaction
from ledger.kernel.ids import parse_public_id, public_id
from ledger.points.closing import freezing
from tests.approvals.office import Office
from tests.browser import DESKTOP, PHONE, OpenPage, no_axe_violations, no_sideways_scroll
from tests.browsing import Browser
from tests.databases import on_sqlite
from tests.points.books import Books
from tests.world import World

MARCH, APRIL = "2026-03", "2026-04"


@pytest.fixture
def office(world: World) -> Iterator[Office]:
    """An office in May 2026 whose book began in March."""
    with clock.at(datetime(2026, 3, 10, 4, tzinfo=UTC)):
        Books(world.center_id).award(500)
    with clock.at(datetime(2026, 5, 10, 4, tzinfo=UTC)):
        yield Office(world)


def browser(app: Flask, person: Any) -> Browser:
    """Somebody's browser."""
    return Browser(app.test_client(), person)


def words(answer: TestResponse) -> str:
    """The text of a page on one line."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.text))


def freeze(world: World, run_id: int | None = None) -> int:
    """Freeze the book as after a failed verification."""
    return in_transaction(freezing.freeze, world.center_id, reason="看不懂的差额", run_id=run_id)


@on_sqlite
def test_a_month_is_closed_and_opened_again_by_two(office: Office, app: Flask) -> None:
    first, second = browser(app, office.first), browser(app, office.second)
    assert "2026年3月 过完了，还开着" in words(first.get("/books/periods"))

    for event, said in (("close", "2026年3月 关账了"), ("reopen", "2026年3月 过完了，还开着")):
        sent = first.post("/books/periods", event=event, month=MARCH, reason="对过账了")
        assert sent.status_code == 303
        assert "已经有人提了" in words(first.get("/books/periods"))
        path = sent.location.partition("?")[0]
        assert "批准以后，2026年3月" in words(second.get(path))
        assert second.post(path, decision="approve", note="").status_code == 303
        assert said in words(second.get("/books/periods"))

    page = words(first.get("/books/periods"))
    assert "冯*理 批准关账" in page
    assert "冯*理 批准重新打开" in page


@on_sqlite
def test_what_is_missing_in_the_form_is_told_beside_it(office: Office, app: Flask) -> None:
    first = browser(app, office.first)
    answer = first.post("/books/periods", event="close", month=MARCH, reason=" ")
    assert (answer.status_code, "还没有写理由" in words(answer)) == (422, True)
    wrong = first.post("/books/periods", event="close", month=APRIL, reason="早点关")
    assert (wrong.status_code, "请先关 2026-03" in words(wrong)) == (422, True)


@on_sqlite
def test_an_auditor_sees_the_months_and_closes_none(office: Office, app: Flask) -> None:
    auditor = browser(app, office.auditor)
    assert "提出关账" not in words(auditor.get("/books/periods"))
    assert auditor.post("/books/periods", event="close", month=MARCH, reason="对过").status_code == 403


@on_sqlite
def test_months_over_the_api(office: Office, client: FlaskClient) -> None:
    made = client.post(f"/api/v1/periods/{MARCH}/close", json={"reason": "对过账"}, headers=office.first.headers)
    assert (made.status_code, made.json["kind"], made.json["payload"]) == (
        201,
        "points.period_close",
        {"month": MARCH},
    )
    decided = client.post(f"/api/v1/approvals/{made.json['id']}/approve", json={}, headers=office.second.headers)
    assert decided.json["result_ref"] == f"period:{MARCH}:1"

    found = client.get("/api/v1/periods", headers=office.auditor.headers).json

    assert [(each["month"], each["state"]) for each in found["months"]] == [
        ("2026-05", "current"),
        (APRIL, "over"),
        (MARCH, "closed"),
    ]
    assert (found["to_close"], found["to_reopen"]) == (APRIL, MARCH)
    assert found["months"][2]["turns"][0]["closed_until"] == "2026-03-31T16:00:00+00:00"
    wrong = client.post("/api/v1/periods/2026-99/close", json={"reason": "对过账"}, headers=office.first.headers)
    assert (wrong.status_code, wrong.json["code"]) == (422, "points.period_invalid")


def test_all_staff_are_told_that_the_book_is_frozen(office: Office, app: Flask) -> None:
    clerk, admin = browser(app, office.world.add_staff("clerk")), browser(app, office.first)
    assert "账本冻结了" not in words(clerk.get("/today"))

    freeze(office.world)

    assert "账本冻结了，现在不能记账" in words(clerk.get("/today"))
    assert "请告诉管理员和审计员" in words(clerk.get("/today"))
    assert "/books/freezes" not in clerk.get("/today").text
    assert "/books/freezes" in admin.get("/console").text
    assert "账本冻结了" not in words(browser(app, office.volunteer).get("/me"))


@on_sqlite
def test_both_sides_sign_on_the_page(office: Office, app: Flask) -> None:
    admin, auditor = browser(app, office.first), browser(app, office.auditor)
    path = f"/books/freezes/{public_id(freeze(office.world))}"
    assert "看不懂的差额" in words(admin.get("/books/freezes"))

    empty = admin.post(path, note=" ")
    assert (empty.status_code, "还没有写查到了什么" in words(empty)) == (422, True)
    sent = admin.post(path, note="备份是好的")
    assert "签好了，还差另一方" in words(admin.get(sent.location))
    again = admin.post(path, note="再签一次")
    assert (again.status_code, "您这一方已经签过字" in words(again)) == (409, True)
    assert "签字，同意解冻" not in words(admin.get("/books/freezes"))

    sent = auditor.post(path, note="核过了")

    page = words(auditor.get(sent.location))
    assert "解冻了，可以记账了" in page
    assert "备份是好的" in page
    assert "核过了" in page
    Books(office.world.center_id).award(1)


@on_sqlite
def test_the_page_says_what_the_verification_found(office: Office, app: Flask, client: FlaskClient) -> None:
    """The freeze refers to a run, so the page names the row that the run found."""
    run = client.post("/api/v1/audit/verify", headers=office.auditor.headers).json
    freeze(office.world, run_id=parse_public_id(run["id"]))

    page = words(browser(app, office.auditor).get("/books/freezes"))

    assert run["status"] == "different"
    assert run["difference"]["text"] in page
    assert "看不懂的差额" not in page


@pytest.mark.long
@pytest.mark.browser
@on_sqlite
@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_frozen_book_in_a_browser(world: World, open_page: OpenPage, language: str) -> None:
    office = Office(world)
    freeze(world)
    for person, address in (
        (office.first, "/books/freezes"),
        (office.first, "/console"),
        (world.add_staff("clerk"), "/scan"),
    ):
        page = open_page(person, size=PHONE, language=language)
        page.goto(address)
        no_axe_violations(page)
        no_sideways_scroll(page)
        page.set_viewport_size(DESKTOP)
        no_sideways_scroll(page)
