"""Where a switch of the page, or "not now", leads back to: only to what opens, wherever a form was shown again."""

import re

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule

from ledger.kernel.ids import public_id
from tests.browsing import Browser
from tests.databases import on_sqlite
from tests.factors import PASSWORD
from tests.people.test_step_up import stale
from tests.permissions.requests import app_routes
from tests.test_house_rules import fail_on
from tests.world import World

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
        found = _NEXT.search(browser.get(address).text)
        if found is None or browser.get(found[1]).status_code == 405:
            lost.append(f"GET {address}")
    fail_on(lost, "Its switches lead to an address that opens nothing.")


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
    assert 'href="/me/factor">先不办' in page.text
