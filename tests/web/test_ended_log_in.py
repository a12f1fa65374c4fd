"""A form that comes after its log-in has ended: the page offers to log in and go back, where the text is again."""

import pytest
from flask import Flask
from playwright.sync_api import expect

from ledger.kernel.db import in_transaction
from ledger.people.access import credentials
from tests.browser import PHONE, OpenPage
from tests.browsing import Browser, log_out
from tests.databases import on_sqlite
from tests.phones import fresh_phone
from tests.world import World


@on_sqlite
def test_the_refusal_leads_to_the_log_in_and_back_to_the_form(app: Flask, world: World) -> None:
    person = world.add_staff("station_manager")
    browser = Browser(app.test_client(), person)
    token = browser.csrf_token()
    log_out(browser.client)
    refused = browser.client.post(
        "/volunteers/new",
        data={"csrf_token": token, "name": "王小兰"},
        headers={"Referer": "http://localhost/volunteers/new?place_id=x"},
    )
    assert refused.status_code == 401
    assert 'href="/log-in?next=/volunteers/new?place_id%3Dx"' in refused.text
    assert "会回到这里" not in refused.text


@pytest.mark.browser
@on_sqlite
def test_what_was_typed_comes_back_to_the_same_person_but_no_password(world: World, open_page: OpenPage) -> None:
    person, phone = world.add_staff("station_manager"), fresh_phone()
    own_phone, password = world.give_password(person)
    opened = in_transaction(credentials.open_session, person.identity_id, kind="phone", center_id=world.center_id)
    person.token = opened.token
    page = open_page(person, size=PHONE)
    page.goto("/volunteers/new")
    page.get_by_label("姓名").fill("王小兰")
    page.get_by_label("手机号").fill(phone)
    in_transaction(credentials.revoke_all_sessions, person.identity_id, world.center_id)
    page.get_by_role("button", name="登记").click()
    expect(page.get_by_text("填的都还在")).to_be_visible()
    page.get_by_role("link", name="登录").click()
    page.get_by_label("手机号").fill(own_phone)
    page.get_by_label("密码", exact=True).fill(password)
    page.get_by_role("button", name="登录").click()
    expect(page.get_by_label("姓名")).to_have_value("王小兰")
    expect(page.get_by_label("手机号")).to_have_value(phone)
    assert password not in str(page.evaluate("JSON.stringify(sessionStorage)"))
    page.reload()
    page.goto("/volunteers")
    page.goto("/volunteers/new")
    assert "nx-sent" not in page.evaluate("Object.keys(sessionStorage)")
