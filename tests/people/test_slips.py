"""Slips with codes, and other pages that are shown once: neither a switch nor a reload loses what they say."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask

import ledger
from ledger.kernel.db import in_snapshot
from ledger.kernel.ids import public_id
from ledger.kernel.paging import PageRequest
from ledger.people.access import approved_codes, events
from ledger.people.identities.queries import phone_of
from tests.approvals.office import Office
from tests.browsing import Browser
from tests.databases import on_sqlite
from tests.people.test_pages import PASSWORD, code_on
from tests.people.test_two_people_pages import browser_of
from tests.world import World

# Templates that show what is stored nowhere.
SHOWN_ONCE = {"people/activation_slip.html", "people/card_print.html", "people/recovery_codes.html"}


@on_sqlite
def test_a_page_that_is_shown_once_has_no_switch_and_a_reload_makes_no_other(app: Flask, world: World) -> None:
    volunteer, manager = world.add_volunteer(), browser_of(app, world.add_staff("station_manager"))
    page = manager.get(f"/volunteers/{public_id(volunteer.volunteer_id)}").text
    assert "/preferences" in page
    for address in re.findall(r'action="(/people/\w+/activation-code|/volunteers/\w+/card)"', page):
        shown, reloaded = (manager.post(address, key=f"a-key-for{address[-8:]}") for _ in range(2))
        assert (shown.status_code, "/preferences" in shown.text) == (200, False), address
        assert (reloaded.status_code, "已经显示过了" in reloaded.text) == (409, True), address
        assert manager.post(address).status_code == 200


def test_every_page_that_says_that_it_is_shown_once_has_no_switch() -> None:
    templates = Path(ledger.__file__).parent / "templates"
    once = {
        str(path.relative_to(templates))
        for path in templates.rglob("*.html")
        if re.search(r"只在这一页|只显示这一次", path.read_text(encoding="utf-8"))
    }
    assert once >= SHOWN_ONCE
    assert {name for name in once if "set one_time = " not in (templates / name).read_text(encoding="utf-8")} == set()


def approved(app: Flask, world: World) -> tuple[Office, Browser, str]:
    """An approved code of the second administrator, with the auditor who approved it."""
    office = Office(world)
    sent = browser_of(app, office.first).post(f"/staff/{public_id(office.second.identity_id)}/code", reason="忘了密码")
    path, auditor = sent.location.partition("?")[0], browser_of(app, office.auditor)
    assert auditor.post(path, decision="approve").status_code == 303
    return office, auditor, path


@on_sqlite
def test_who_approved_a_slip_prints_it_again_which_ends_the_first_and_is_recorded(app: Flask, world: World) -> None:
    office, auditor, path = approved(app, world)
    first = code_on(auditor.post(f"{path}/code").text)
    assert "再打一张" in auditor.get(path).text
    assert browser_of(app, office.first).post(f"{path}/code", again="1").status_code == 403
    second = code_on(auditor.post(f"{path}/code", again="1").text)
    phone = in_snapshot(phone_of, office.second.identity_id, world.center_id) or ""
    stranger = Browser(app.test_client())
    assert stranger.post("/first-password", phone=phone, code=first, password=PASSWORD).status_code == 422
    assert stranger.post("/first-password", phone=phone, code=second, password=PASSWORD).status_code == 303
    assert auditor.post(f"{path}/code", again="1").status_code == 409
    assert "再打一张" not in auditor.get(path).text
    page = in_snapshot(
        events.list_events, world.center_id, identity_id=office.second.identity_id, request=PageRequest()
    )
    assert [each.kind for each in page.items].count(events.CODE_MADE) == 2


@on_sqlite
def test_a_slip_is_not_printed_again_when_the_approval_is_over(
    app: Flask, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    _office, auditor, path = approved(app, world)
    assert auditor.post(f"{path}/code").status_code == 200
    assert auditor.post(f"{path}/code", again="1").status_code == 200
    monkeypatch.setattr(approved_codes, "APPROVAL_LASTS", timedelta(0))
    assert auditor.post(f"{path}/code", again="1").status_code == 409
    assert "再打一张" not in auditor.get(path).text
