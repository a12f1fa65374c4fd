"""Where a switch of the page, or "not now", leads back to: only to what opens, wherever a form was shown again."""

import re
from pathlib import Path

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule

from ledger.app import create_app
from ledger.kernel.ids import public_id
from tests.browsing import Browser
from tests.databases import on_sqlite
from tests.factors import PASSWORD
from tests.people.test_step_up import stale
from tests.permissions.requests import app_routes
from tests.test_house_rules import fail_on
from tests.world import World

# A secret that is in its own form until it is confirmed.
STORES_NOTHING = {"people/factor_new.html"}
_NEXT = re.compile(r'name="next" value="([^"]*)"')


def rules_of_forms(app: Flask) -> list[Rule]:
    """Routes that take a form at an address that opens nothing."""
    opens = {route.rule for method, route in app_routes(app) if method == "GET"}
    routes = [route for method, route in app_routes(app) if method == "POST"]
    return [each for each in routes if each.rule not in opens and not each.rule.startswith("/api/")]


def address_of(app: Flask, rule: Rule) -> str:
    with app.test_request_context():
        built = rule.build({name: public_id(5) if name == "code" else 5 for name in rule.arguments})
    assert built is not None
    return built[1]


@on_sqlite
def test_a_form_shown_again_leads_back_to_what_opens(app: Flask, client: FlaskClient, world: World) -> None:
    rules, lost = rules_of_forms(app), []
    assert len(rules) > 30
    browser = Browser(client, world.add_staff("admin", place_id=world.top_id))
    for rule in rules:
        address = address_of(app, rule)
        # The form's page was itself the answer to a form; without a token it is refused in any case.
        answer = client.post(address, headers={"Referer": f"http://localhost{address}"})
        back = _NEXT.search(answer.text)
        if back is not None and browser.get(back[1].replace("&amp;", "&")).status_code == 405:
            lost.append(f"{address}: {back[1]}")
        asked_for = browser.get(address)
        if asked_for.status_code != 303 or browser.get(asked_for.location).status_code in (303, 405):
            lost.append(f"GET {address}")
    fail_on(
        lost, "It leads to an address that opens nothing: by its switches, or asked for again from the browser's bar."
    )


@on_sqlite
def test_not_now_after_a_wrong_password_leads_back(client: FlaskClient, world: World) -> None:
    browser = Browser(client, stale(world, world.add_staff("clerk")))
    address = "/me/factor/codes"
    page = browser.client.post(
        address,
        data={"csrf_token": browser.csrf_token(), "proof": f"not {PASSWORD}"},
        headers={"Referer": f"http://localhost{address}"},
    )
    assert page.status_code == 422
    assert 'name="not_now"' in page.text
    back = browser.client.post(
        address,
        data={"csrf_token": browser.csrf_token(), "not_now": "1"},
        headers={"Referer": f"http://localhost{address}"},
    )
    assert (back.status_code, back.location) == (303, "/me/factor")


def test_what_is_shown_once_is_made_once() -> None:
    """A page marked `one_time` is made under a key, so that a reload makes no other in its place."""
    ledger = Path(create_app.__code__.co_filename).parent
    pages = [each for each in (ledger / "templates").rglob("*.html") if "set one_time = True" in each.read_text()]
    shown = {str(page.relative_to(ledger / "templates")) for page in pages} - STORES_NOTHING
    assert shown
    sources = [each.read_text() for each in ledger.rglob("*.py")]
    makers = {name: [source for source in sources if f'"{name}"' in source] for name in shown}
    fail_on(
        (name for name, found in makers.items() if not all("in_transaction_shown_once" in each for each in found)),
        "Make it by in_transaction_shown_once.",
    )
