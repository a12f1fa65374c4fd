"""Every page without keys in its address is found by links from the first page of everybody who may see it."""

import re
from html import unescape
from urllib.parse import urlsplit

import pytest
from flask import Flask
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

from ledger.kernel.database import Database
from tests.browsing import Browser
from tests.crawl import may_ask
from tests.databases import on_sqlite
from tests.test_every_page import answers_with_a_page
from tests.test_house_rules import fail_on
from tests.tour import Tour
from tests.world import World

LINK = re.compile(r'<a\b[^>]*\bhref="(/[^"#]*)"')
# Pages of one kind that are opened: those after them have the same links.
MOST_OF_A_KIND = 2
# Pages that no link leads to, and why.
NO_LINK = {
    "documentation.documentation": "for programmers, who are told its address",
    "people.card": "the code on a printed card leads there",
    "people.first_password": "on the slip with the code",
    "people.log_in": "for who is not logged in",
    "preferences.styleguide": "for developers of pages",
    "people.factor": "offered to staff, on the page of their log-ins and on the console",
    "home.start": "where everybody begins",
    "checkin.open_check_in": "the code on the station's screen leads there",
}


def found_by(tour: Tour, who: str) -> set[str]:
    """The endpoints of the pages that somebody opens by following links from their first page."""
    reader = Browser(tour.app.test_client(), tour.people[who])
    matcher = tour.app.url_map.bind("localhost")
    opened: dict[str, int] = {}
    seen, waiting = {"/"}, ["/"]
    while waiting:
        address = waiting.pop(0)
        endpoint = endpoint_of(matcher, address)
        if endpoint is None or opened.get(endpoint, 0) == MOST_OF_A_KIND:
            continue
        answer = reader.get(address)
        if answer.mimetype != "text/html":
            continue
        opened[endpoint] = opened.get(endpoint, 0) + (answer.status_code in (200, 302, 303))
        next_ones = [unescape(link) for link in LINK.findall(answer.text)]
        next_ones += [urlsplit(answer.location).path] if answer.location else []
        waiting += [link for link in dict.fromkeys(next_ones) if link not in seen]
        seen |= set(next_ones)
    return {endpoint for endpoint, times in opened.items() if times}


def endpoint_of(matcher: object, address: str) -> str | None:
    """The page of an address; None for none, or for a file."""
    try:
        endpoint, given = matcher.match(urlsplit(address).path, method="GET")  # type: ignore[attr-defined]
    except (HTTPException, RequestRedirect):
        return None
    return None if "kind" in given else str(endpoint)


@on_sqlite
@pytest.mark.parametrize("who", ["volunteer", "clerk", "manager", "admin", "auditor"])
def test_every_page_is_found_by_links(who: str, app: Flask, database: Database) -> None:
    tour = Tour(World(database), app)
    rules = [rule for rule in app.url_map.iter_rules() if not rule.arguments and answers_with_a_page(rule)]
    wanted = {rule.endpoint for rule in rules if may_ask(app, rule, tour.people[who])}
    assert len(wanted) > len(NO_LINK)
    fail_on(
        wanted - found_by(tour, who) - NO_LINK.keys(),
        f"No link leads a {who} there: put one where they look, or say why not in NO_LINK.",
    )
