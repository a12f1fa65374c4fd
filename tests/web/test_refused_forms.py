"""Every field of every form with a character that can't be stored: the form comes back with the text in it."""

from collections.abc import Iterator

import pytest
from flask import Flask

from ledger.kernel.database import Database
from ledger.kernel.db import in_transaction
from ledger.points.closing import freezing
from tests.browsing import Browser
from tests.databases import on_sqlite
from tests.forms import Form, PageForms
from tests.test_every_page import PAGES
from tests.tour import Tour
from tests.world import World

UNSTORABLE = "a\x01b"
# Forms that people type into are on these pages at least.
LEAST_FORMS = 22
# Specimens for page developers; nothing takes these forms.
SPECIMENS = "preferences.styleguide"
# They may find a form where others only read.
MORE_READERS = ("manager", "admin")


@pytest.fixture
def tour(app: Flask, database: Database) -> Tour:
    """A center with one of everything, and a frozen book."""
    tour = Tour(World(database), app)
    in_transaction(freezing.freeze, tour.world.center_id, reason="debits_posted", run_id=None)
    return tour


def pages(tour: Tour) -> Iterator[tuple[str, str]]:
    """Who opens each page, and its address."""
    for endpoint, (who, address) in PAGES.items():
        if endpoint == SPECIMENS:
            continue
        for reader in (who, *MORE_READERS):
            yield reader, address(tour) if address is not None else built(tour, endpoint)


def built(tour: Tour, endpoint: str) -> str:
    """The address of a page by the tour's keys."""
    rule = next(each for each in tour.app.url_map.iter_rules(endpoint) if "GET" in (each.methods or ()))
    with tour.app.test_request_context():
        found = rule.build({name: tour.keys[name] for name in rule.arguments})
    assert found is not None
    return found[1]


def complaints(reader: Browser, form: Form, name: str) -> Iterator[str]:
    """What is wrong with the answer to a form with one bad field."""
    answer = reader.post(form.action, **(form.sent | {name: UNSTORABLE}))
    where = f"{form.action} {name}"
    if answer.status_code != 422:
        yield f"{where}: answered {answer.status_code}"
    page = PageForms(answer.text)
    same = next((each for each in page.forms if each.action == form.action), None)
    again = next((each for each in same.typed if each.name == name), None) if same else None
    if again is None:
        yield f"{where}: the form is gone"
        return
    if again.value != UNSTORABLE:
        yield f"{where}: came back as {again.value!r}"
    errors = [each for each in again.described_by if each.endswith("-error")]
    if not again.invalid or not errors or errors[0] not in page.ids:
        yield f"{where}: isn't marked"
    yield from (f"{where}: #{link} leads nowhere" for link in page.inner_links if link not in page.ids)


@on_sqlite
def test_a_refused_form_comes_back_with_its_text(tour: Tour) -> None:
    found: list[str] = []
    tried: set[str] = set()
    for who, address in pages(tour):
        reader = Browser(tour.app.test_client(), tour.people[who])
        for form in PageForms(reader.get(address).text).forms:
            if form.method == "post" and form.typed and form.action not in tried:
                tried.add(form.action)
                for field in form.typed:
                    found.extend(complaints(reader, form, field.name))
    assert not found, "\n".join(found)
    assert len(tried) >= LEAST_FORMS, "\n".join(sorted(tried))
