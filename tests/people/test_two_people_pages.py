"""Pages of what takes two people: hiring, a code, the record of log-ins and roles, and what the console shows first."""

import re

from flask import Flask

from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.ids import public_id
from ledger.people.access import sessions, staff
from tests.approvals.office import Office
from tests.browsing import Browser
from tests.databases import on_sqlite
from tests.elsewhere import outcome
from tests.people.test_pages import code_on
from tests.phones import fresh_phone
from tests.world import Person, World


def browser_of(app: Flask, person: Person) -> Browser:
    return Browser(app.test_client(), person)


def typed(world: World, **more: str) -> dict[str, str]:
    who = {"name": "魏管理", "phone": fresh_phone(), "role": "admin", "household": "无"}
    return who | {"place_id": public_id(world.top_id)} | more


@on_sqlite
def test_a_hire_that_takes_two_becomes_a_proposal_that_says_who_may_decide(app: Flask, world: World) -> None:
    office = Office(world)
    first, auditor = browser_of(app, office.first), browser_of(app, office.auditor)
    who = typed(world)
    unsaid = first.post("/staff/new", **who)
    assert (unsaid.status_code, 'id="reason-error"' in unsaid.text) == (422, True)
    sent = first.post("/staff/new", **who, reason="人手不够")
    page = first.get(sent.location)
    assert "能批的人：冯*理、孙*督" in page.text
    assert "魏管理" not in first.get("/staff").text
    assert auditor.post(sent.location.partition("?")[0], decision="approve").status_code == 303
    assert "魏管理" in first.get("/staff").text


@on_sqlite
def test_a_code_is_proposed_approved_and_printed_by_who_approved_it(app: Flask, world: World) -> None:
    office = Office(world)
    first, auditor = browser_of(app, office.first), browser_of(app, office.auditor)
    ask = f"/staff/{public_id(office.second.identity_id)}/code"
    assert f'href="{ask}"' in first.get("/staff").text
    assert "冯管理" in first.get(ask).text
    sent = first.post(ask, reason="忘了密码")
    path = sent.location.partition("?")[0]
    again = first.post(ask, reason="忘了密码")
    assert (again.status_code, 'id="reason-error"' in again.text) == (409, True)
    assert auditor.post(path, decision="approve").status_code == 303
    assert "打激活码" in auditor.get(path).text
    assert f'action="{path}/code"' not in first.get(path).text
    assert first.post(f"{path}/code").status_code == 403
    printed = auditor.post(f"{path}/code")
    assert "24 小时内用一次" in printed.text
    assert code_on(printed.text) not in auditor.get(path).text
    assert auditor.post(f"{path}/code").status_code == 409
    offered = re.findall(rf'action="{path}/code".*?</form>', auditor.get(path).text, re.DOTALL)
    assert [form for form in offered if 'name="again" value="1"' not in form] == []


@on_sqlite
def test_a_proposal_that_nobody_may_decide_says_who_would_help(app: Flask, world: World) -> None:
    first = world.add_staff("admin", place_id=world.top_id)
    sent = browser_of(app, first).post("/staff/new", **typed(world), reason="人手不够")
    assert "现在没有人能批这一项" in browser_of(app, first).get(sent.location).text


@on_sqlite
def test_the_console_shows_what_was_revoked_and_what_is_worth_a_look(app: Flask, world: World) -> None:
    office = Office(world)
    auditor = browser_of(app, office.auditor)
    assert "要留意的" not in auditor.get("/console").text
    proposal_id = office.adjustment(100)
    (role,) = in_snapshot(sessions.roles_of, office.second.identity_id, world.center_id)
    in_transaction(staff.revoke_role, role.id, actor=office.first.actor)
    office.approve(proposal_id, office.auditor)
    page = auditor.get("/console").text
    assert "冯*理 的身份收回了，郑*理 收的" in page
    assert "别的人都不能批，由审计员批的" in page
    assert f'href="/approvals/{public_id(proposal_id)}"' in page
    assert "别的人都不能批，由审计员批的" in auditor.get(f"/approvals/{public_id(proposal_id)}").text


@on_sqlite
def test_everybody_sees_their_own_record_and_an_auditor_all(app: Flask, world: World) -> None:
    office = Office(world)
    clerk = world.add_staff("clerk", name="陈晓燕")
    all_of_them, own = browser_of(app, office.auditor).get("/credentials"), browser_of(app, clerk).get("/credentials")
    rows = re.findall(r'<th scope="row">([^<]+)</th>', all_of_them.text)
    assert {"郑*理", "冯*理", "孙*督", "陈*燕"} <= set(rows)
    assert set(re.findall(r'<th scope="row">([^<]+)</th>', own.text)) == {"陈*燕"}
    assert "陈晓燕" not in all_of_them.text
    mine = browser_of(app, office.auditor).get("/credentials?mine=1")
    assert len(set(re.findall(r'<th scope="row">([^<]+)</th>', mine.text))) == 1
    file = browser_of(app, office.auditor).get("/credentials.csv")
    assert file.status_code == 200
    assert "给了身份" in file.get_data(as_text=True)
    assert "陈*燕" not in browser_of(app, office.volunteer).get("/credentials.csv").get_data(as_text=True)


@on_sqlite
def test_who_decides_on_a_role_sees_whose_until_when_which_household_and_what_counts(app: Flask, world: World) -> None:
    office = Office(world)
    first, auditor = browser_of(app, office.first), browser_of(app, office.auditor)
    who = typed(world, valid_until="2099-06-03", household="柳荫017")
    page = auditor.get(first.post("/staff/new", **who, reason="人手不够").location).text
    masked = f"{who['phone'][:3]}****{who['phone'][-4:]}"
    for said in (masked, "2099年6月3日", "柳荫017", "全部都算"):
        assert said in page, said
    assert who["phone"] not in page
    open_ended = auditor.get(first.post("/staff/new", **typed(world), reason="人手不够").location).text
    assert "不限" in open_ended
    ask = first.post(f"/staff/{public_id(office.second.identity_id)}/code", reason="忘了密码").location
    assert "****" in auditor.get(ask).text


@on_sqlite
def test_a_role_of_which_nothing_counts_is_refused_and_a_part_is_asked_for(app: Flask, world: World) -> None:
    office = Office(world)
    first, auditor = browser_of(app, office.first), browser_of(app, office.auditor)
    here = public_id(world.station_id)
    none = first.post("/staff/new", **typed(world, role="auditor", place_id=here), reason="人手不够")
    assert (none.status_code, "在这里什么也办不了" in none.text, 'id="place_id-error"' in none.text) == (
        422,
        True,
        True,
    )
    some = typed(world, place_id=here)
    asked = first.post("/staff/new", **some, reason="人手不够")
    assert (asked.status_code, 'name="part"' in asked.text, "只在中心任命才算" in asked.text) == (422, True, True)
    sent = first.post("/staff/new", **some, part="1", reason="人手不够")
    assert sent.status_code == 303
    assert "账本、审批和规则只在中心任命才算，这里不算" in auditor.get(sent.location).text


@on_sqlite
def test_a_role_that_counts_for_the_center_alone_is_offered_and_proposed_there_alone(app: Flask, world: World) -> None:
    office = Office(world)
    page = browser_of(app, office.first).get("/staff/new").text
    assert 'data-whole="auditor outside_auditor"' in page
    two = page.partition('data-two="')[2].partition('"')[0].split()
    assert set(two) == {"admin", "auditor", "outside_auditor"}
    local = browser_of(app, world.add_staff("admin")).get("/staff/new").text
    assert ('value="station_manager"' in local, 'value="auditor"' in local) == (True, False)
    payload = {"identity_id": public_id(world.add_staff("clerk").identity_id), "role": "auditor", "household": None}
    payload |= {"place_id": public_id(world.station_id)}
    assert outcome(lambda: office.propose("people.grant", payload)) == "people.nothing_counts"


@on_sqlite
def test_an_approved_role_leads_on_to_the_code(app: Flask, world: World) -> None:
    office = Office(world)
    first, auditor = browser_of(app, office.first), browser_of(app, office.auditor)
    path = first.post("/staff/new", **typed(world), reason="人手不够").location.partition("?")[0]
    done = auditor.get(auditor.post(path, decision="approve").location).text
    assert "还没有密码" in done
    assert "提一张激活码" not in re.findall(r"<a [^>]*>([^<]*)</a>", done)
    found = re.search(r'href="(/staff/\w+/code)">提一张激活码', first.get(path).text)
    assert found is not None
    assert "魏管理" in first.get(found[1]).text
