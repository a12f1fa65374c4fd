"""Setting up a second factor on pages: on the phone itself, twice, too late, and new recovery codes."""

import re
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest
from flask.testing import FlaskClient

from ledger.kernel import clock
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.errors import LedgerError
from ledger.kernel.ids import public_id
from ledger.people.access import credentials, factors, own_factor
from ledger.people.access.passwords import hash_password
from ledger.people.access.proving import Given
from ledger.people.access.tickets import LASTS
from ledger.web.once import new_key
from tests.browsing import Browser
from tests.databases import on_sqlite
from tests.factors import HERE, PASSWORD, code_of, turn_on
from tests.world import Person, World

pytestmark = on_sqlite
_TICKET = re.compile(r'name="ticket" value="([^"]+)"')


@pytest.fixture
def clerk(world: World) -> Person:
    person = world.add_staff("clerk")
    world.give_password(person)
    again = world._log_in(person.identity_id)
    person.token, person.actor = again.token, again.actor
    return person


def sent(page: str, secret: str) -> dict[str, str]:
    found = _TICKET.search(page)
    assert found is not None
    return {"ticket": found[1], "totp": code_of(secret)}


def refusal(ticket: str, secret: str, person: Person) -> str:
    with pytest.raises(LedgerError) as refused:
        own_factor.confirm(ticket, code_of(secret), actor=person.actor)
    return refused.value.code


def test_the_phone_itself_opens_its_authenticator(clerk: Person, client: FlaskClient) -> None:
    page = Browser(client, clerk).post("/me/factor", password=PASSWORD).text
    link = re.search(r'href="(otpauth://[^"]+)"', page)
    typed = re.search(r'id="secret">([^<]+)<', page)
    assert link is not None
    assert typed is not None
    asked = parse_qs(urlsplit(unescape(link[1])).query)
    assert asked["secret"] == [typed[1].replace(" ", "")]
    assert 'data-copy="#secret"' in page


def test_whose_recovery_codes_got_lost_on_the_way_is_told_to_print_new_ones(clerk: Person, client: FlaskClient) -> None:
    browser = Browser(client, clerk)
    page = browser.post("/me/factor", password=PASSWORD).text
    typed = re.search(r'id="secret">([^<]+)<', page)
    assert typed is not None
    form = sent(page, typed[1].replace(" ", ""))
    assert browser.post("/me/factor/confirm", **form).status_code == 200
    again = browser.post("/me/factor/confirm", **form)
    assert (again.status_code, again.location) == (303, "/me/factor?done=on")
    told = browser.get(again.location).text
    assert "就打新的备用码" in told
    assert "打新的备用码？" in told, "the old ones end, so it is asked first"


def test_a_reload_never_replaces_codes_that_somebody_wrote_down(
    world: World, clerk: Person, client: FlaskClient
) -> None:
    turn_on(world, clerk)
    browser, key = Browser(client, clerk), new_key()
    page = browser.post("/me/factor/codes", key).text
    paper = re.findall(r"<li>(\d{4}-\d{4})</li>", page)
    again = browser.post("/me/factor/codes", key)
    assert (again.status_code, again.location) == (303, "/me/factor?done=shown")
    assert "没有换" in browser.get(again.location).text
    assert in_transaction(factors.use_code, clerk.identity_id, world.center_id, paper[0])
    assert browser.get("/me/factor/codes").location == "/me/factor"


def test_a_ticket_turns_on_one_factor(world: World, clerk: Person) -> None:
    setup = own_factor.make_setup(clerk.actor, Given(HERE, PASSWORD))
    own_factor.confirm(setup.ticket, code_of(setup.secret), actor=clerk.actor)
    assert refusal(setup.ticket, setup.secret, clerk) == "people.factor_on"
    in_transaction(factors.turn_off, clerk.identity_id, actor=clerk.actor)
    assert refusal(setup.ticket, setup.secret, clerk) == "people.setup_over"
    assert not in_snapshot(factors.has_factor, clerk.identity_id, world.center_id)


def test_a_ticket_ends_with_the_password_that_it_was_made_by(world: World, clerk: Person) -> None:
    setup = own_factor.make_setup(clerk.actor, Given(HERE, PASSWORD))
    changed = hash_password("海上升明月天涯共", phone="13800000000")
    in_transaction(credentials.set_password, clerk.identity_id, world.center_id, password_hash=changed)
    assert refusal(setup.ticket, setup.secret, clerk) == "people.setup_over"


def test_who_gives_the_code_too_late_is_told_so(world: World, clerk: Person, client: FlaskClient) -> None:
    phone, number = turn_on(world, clerk)
    browser = Browser(client)
    form = sent(browser.post("/log-in", phone=number, password=PASSWORD, next="/").text, phone.secret)
    with clock.at(clock.now() + LASTS):
        late = browser.post("/log-in/factor", **form, center_id=public_id(world.center_id), next="/")
    assert late.status_code == 422
    assert "动态码打得太晚了" in late.text
    assert "选得太晚了" not in late.text
