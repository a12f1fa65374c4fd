"""Pages for two-person decisions, as proposers and deciders use them without scripts."""

import csv
import io
import re
from typing import Any
from urllib.parse import quote

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from ledger.kernel.ids import public_id
from ledger.points.policy import Balance
from tests.approvals.office import Office
from tests.browsing import Browser
from tests.databases import on_sqlite
from tests.world import Person, World


@pytest.fixture
def office(world: World) -> Office:
    """Two administrators, an auditor and a volunteer."""
    return Office(world)


@pytest.fixture
def first(app: Flask, office: Office) -> Browser:
    """The first administrator's browser."""
    return Browser(app.test_client(), office.first)


@pytest.fixture
def second(app: Flask, office: Office) -> Browser:
    """The second administrator's browser."""
    return Browser(app.test_client(), office.second)


def words(answer: TestResponse) -> str:
    """The text of a page on one line."""
    text = re.sub(r"<(script|style).*?</\1>", "", answer.text, flags=re.S)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text))


def typed(office: Office, **changed: Any) -> dict[str, Any]:
    """Input for the adjustment form."""
    form = {"volunteer_id": public_id(office.volunteer.volunteer_id), "direction": "more", "points": "12.50"}
    return form | {"cause": "missed", "reason": "六月三日巡逻漏记"} | changed


@on_sqlite
def test_an_adjustment_is_proposed_by_one_and_approved_by_another(
    office: Office, first: Browser, second: Browser
) -> None:
    number = office.world.number_of(office.volunteer)
    assert f"王*兰 {number}" in words(first.get(f"/adjustments/new?who={number}"))

    sent = first.post("/adjustments/new", **typed(office))

    assert sent.status_code == 303
    own = words(first.get(sent.location))
    assert "提好了，等另一个人来批" in own
    assert "要另一个人来定" in own
    page = words(second.get(sent.location))
    assert "六月三日巡逻漏记" in page
    assert f"王*兰 {number} 可用的积分从 0.00 变成 12.50" in page

    decided = second.post(sent.location.partition("?")[0], decision="approve", note="翻过签到本")

    assert decided.status_code == 303
    page = second.get(decided.location)
    assert "批准了" in words(page)
    assert "翻过签到本" in words(page)
    assert office.balance() == Balance(1250, 0)
    booked = re.search(r'href="(/books/transfers/\w+)"', page.text)
    assert booked is not None
    assert "12.50" in words(second.get(booked[1]))


@on_sqlite
def test_a_member_is_found_by_number_or_whole_phone(office: Office, first: Browser) -> None:
    phone, _password = office.world.give_password(office.volunteer)
    assert "王*兰" in first.get(f"/adjustments/new?who={quote(phone)}").text
    missing = first.get("/adjustments/new?who=00009999")
    assert (missing.status_code, "没有这个人" in missing.text) == (404, True)
    assert "没有这个人" in first.get("/adjustments/new?who=王桂兰").text


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"points": "abc"}, "请填数字"),
        ({"points": "1.005"}, "最多两位小数"),
        ({"points": "0"}, "调整的数不能是零"),
        ({"points": "5", "direction": "less"}, "现在可用的只有 0.00 分"),
        ({"reason": " "}, "这一项要填"),
    ],
)
@on_sqlite
def test_what_is_wrong_stands_at_its_field_and_the_rest_is_kept(
    office: Office, first: Browser, changed: dict[str, str], said: str
) -> None:
    answer = first.post("/adjustments/new", **typed(office, **changed))

    assert answer.status_code == 422
    assert said in words(answer)
    assert 'value="' + changed.get("points", "12.50") + '"' in answer.text
    assert "有 1 处要改" in words(answer)


@on_sqlite
def test_what_can_not_be_done_is_told_and_goes_on_waiting(office: Office, second: Browser) -> None:
    office.approve(office.adjustment(500))
    waiting, spent = office.adjustment(-500), office.adjustment(-400)
    office.approve(spent)
    path = f"/approvals/{public_id(waiting)}"

    refused = second.post(path, decision="approve", note="")

    assert refused.status_code == 422
    assert "积分不够减：现在可用的只有 1.00 分" in words(refused)
    assert office.see(waiting).status == "proposed"


@on_sqlite
def test_a_rejection_needs_its_reason_on_the_page(office: Office, second: Browser) -> None:
    path = f"/approvals/{public_id(office.adjustment(100))}"

    refused = second.post(path, decision="reject", note="")
    assert (refused.status_code, "不批准要写理由" in words(refused)) == (422, True)

    assert second.post(path, decision="reject", note="查过了").status_code == 303
    assert "没批准" in words(second.get(path))


@on_sqlite
def test_who_proposed_withdraws_and_can_not_approve(office: Office, first: Browser, second: Browser) -> None:
    path = f"/approvals/{public_id(office.adjustment(100))}"
    assert 'value="approve"' not in first.get(path).text
    assert 'value="withdraw"' not in second.get(path).text

    assert first.post(path, decision="approve", note="").status_code == 403
    assert second.post(path, decision="withdraw", note="").status_code == 403
    assert first.post(path, decision="withdraw", note="").status_code == 303
    assert "撤回了" in words(first.get(path))


@on_sqlite
def test_two_clicks_decide_once(office: Office, second: Browser) -> None:
    path = f"/approvals/{public_id(office.adjustment(100))}"
    answers = [second.post(path, key="one-click-only", decision="approve", note="") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [303, 303]
    again = second.post(path, decision="reject", note="后悔了")
    assert (again.status_code, "已经有了结果" in words(again)) == (409, True)
    assert office.balance() == Balance(100, 0)


def test_the_list_is_narrowed_and_exported(office: Office, first: Browser) -> None:
    office.reject(office.adjustment(100))
    office.adjustment(200)

    page = words(first.get("/approvals?status=proposed&what=points.adjustment"))
    assert "+2.00 分" in page
    assert "+1.00 分" not in page
    assert "没有这样的审批" in words(first.get("/approvals?what=points.period_close"))
    file = first.get("/approvals.csv?status=rejected").data.decode("utf-8-sig")
    heading, *lines = list(csv.reader(io.StringIO(file)))
    assert len(lines) == 1
    assert len(heading) == len(lines[0]) == 10
    assert "查过了，没有漏" in lines[0]
    assert first.get("/approvals.xlsx").status_code == 200


@pytest.mark.parametrize("query", ["status=x&what=y", "after=x", "sort=nothing"])
@on_sqlite
def test_odd_addresses_break_nothing(first: Browser, query: str) -> None:
    assert first.get(f"/approvals?{query}").status_code in (200, 422)


@on_sqlite
def test_the_console_says_how_many_wait(office: Office, first: Browser) -> None:
    assert "/approvals?status=proposed" not in first.get("/console").text
    office.adjustment(100)
    page = first.get("/console")
    assert "/approvals?status=proposed" in page.text
    assert "1 项" in words(page)


@on_sqlite
def test_an_auditor_reads_and_decides_nothing_while_another_may(office: Office, app: Flask) -> None:
    auditor = Browser(app.test_client(), office.auditor)
    path = f"/approvals/{public_id(office.adjustment(100))}"

    assert "审批" in words(auditor.get("/console"))
    assert auditor.get("/approvals").status_code == 200
    page = auditor.get(path)
    assert "有权批的人来批，您可以看" in words(page)
    assert "能批的人：冯*理" in words(page)
    assert "decision" not in page.text
    assert auditor.get("/adjustments/new").status_code == 403
    assert auditor.post(path, decision="approve", note="").status_code == 403


@pytest.mark.parametrize("role", ["clerk", "station_manager"])
@on_sqlite
def test_other_staff_see_none_of_it(office: Office, app: Flask, role: str) -> None:
    browser = Browser(app.test_client(), office.world.add_staff(role))
    path = f"/approvals/{public_id(office.adjustment(100))}"
    pages = ("/approvals", "/approvals.csv", path, "/adjustments/new", "/books/periods", "/books/freezes")
    assert {browser.get(page).status_code for page in pages} == {403}


def refusal(client: FlaskClient, person: Person, path: str, body: dict[str, Any]) -> tuple[int, str]:
    """Status and code of a refused request."""
    answer = client.post(f"/api/v1{path}", json=body, headers=person.headers)
    return answer.status_code, answer.json["code"]


@on_sqlite
def test_proposals_over_the_api(office: Office, client: FlaskClient) -> None:
    body = {"kind": "points.adjustment", "payload": office.payload(100), "reason": "漏记"}
    made = client.post("/api/v1/approvals", json=body, headers=office.first.headers)

    assert made.status_code == 201
    assert (made.json["status"], made.json["payload"]["amount"], made.json["decided_at"]) == ("proposed", 100, None)
    path = f"/approvals/{made.json['id']}"
    assert refusal(client, office.first, f"{path}/approve", {}) == (403, "approvals.two_people_needed")
    assert refusal(client, office.second, f"{path}/reject", {}) == (422, "approvals.note_needed")
    assert refusal(client, office.second, f"{path}/withdraw", {}) == (403, "approvals.not_the_proposer")
    assert refusal(client, office.auditor, f"{path}/approve", {}) == (403, "access.denied")
    done = client.post(f"/api/v1{path}/approve", json={"note": "对过"}, headers=office.second.headers)
    assert (done.status_code, done.json["status"], done.json["note"]) == (200, "approved", "对过")
    assert done.json["result_ref"].startswith("batch:")
    assert refusal(client, office.second, f"{path}/approve", {}) == (409, "approvals.already_decided")
    listed = client.get("/api/v1/approvals?status=approved", headers=office.auditor.headers).json["items"]
    assert [each["id"] for each in listed] == [made.json["id"]]


@on_sqlite
def test_a_payload_that_can_not_be_taken_names_its_members(office: Office, client: FlaskClient) -> None:
    body = {"kind": "points.adjustment", "payload": {"amount": "ten", "王桂兰": 1}, "reason": "漏记"}
    answer = client.post("/api/v1/approvals", json=body, headers=office.first.headers | {"Accept-Language": "en"})

    assert (answer.status_code, answer.json["code"]) == (422, "approvals.payload_invalid")
    told = {error["field"]: error["message"] for error in answer.json["errors"]}
    assert told["payload.amount"] == "Not a valid integer."
    assert told["payload.cause"] == "Missing data for required field."
    assert told["payload"] == "Unknown field."


@on_sqlite
def test_an_adjustment_names_the_transfer_that_it_corrects(office: Office, first: Browser, second: Browser) -> None:
    wrong = office.adjustment(500)
    office.approve(wrong)
    booked = re.search(r'href="(/books/transfers/(\w+))"', second.get(f"/approvals/{public_id(wrong)}").text)
    assert booked is not None
    asked = re.search(r'href="(/adjustments/new\?[^"]+)"', first.get(booked[1]).text)
    assert asked is not None
    assert booked[1] in first.get(asked[1].replace("&amp;", "&")).text

    sent = first.post("/adjustments/new", **typed(office, direction="less", points="5", transfer=booked[2]))

    assert booked[1] in second.get(sent.location).text
    assert first.get("/adjustments/new?transfer=nonsense").status_code == 200


@on_sqlite
def test_the_member_reads_what_it_was_for(office: Office, app: Flask) -> None:
    office.approve(office.adjustment(500))
    page = words(Browser(app.test_client(), office.volunteer).get("/me/history"))
    assert "调整积分" in page
    assert "漏记了一次" in page
    assert "由另一个人批准" in page


@on_sqlite
def test_the_story_of_an_adjustment_names_both(office: Office, second: Browser) -> None:
    proposal_id = office.adjustment(500)
    office.approve(proposal_id)
    address = re.search(r'href="(/books/transfers/\w+)"', second.get(f"/approvals/{public_id(proposal_id)}").text)
    assert address is not None

    page = second.get(address[1])

    assert "郑*理（提出的人）" in words(page)
    assert "冯*理（记账、批准的人）" in words(page)
    assert f"/approvals/{public_id(proposal_id)}" in page.text
    account = re.search(r'href="(/books/accounts/\w+)"', page.text)
    assert account is not None
    statement = words(second.get(account[1]))
    assert "漏记了一次" in statement
    assert "漏记 调整" in statement
