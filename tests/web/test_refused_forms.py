"""Every field of every form with a character that can't be stored: the form comes back with the text in it."""

from collections.abc import Iterator

import pytest
from flask import Flask

from ledger.kernel.database import Database
from ledger.kernel.db import in_transaction
from ledger.points.closing import freezing
from ledger.web.forms import Form as Read
from ledger.web.problem import InvalidFields
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
        for reader in dict.fromkeys((who, *MORE_READERS)):
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
    yield from summary_complaints(where, page, name)


def summary_complaints(where: str, page: PageForms, name: str) -> Iterator[str]:
    """What is wrong with the summary, which each form has: its lines name their fields as the page labels them."""
    if not page.lines or not all(line.link for line in page.lines):
        yield f"{where}: no line that leads to {name}: {page.lines}"
    yield from (f"{where}: {fault}" for fault in page.faults_in_summaries())


def all_complaints(reader: Browser, form: Form) -> Iterator[str]:
    """What is wrong with the answer to a form whose fields are all bad: each is named, in the order of the form."""
    bad = [field.name for field in form.typed]
    page = PageForms(reader.post(form.action, **(form.sent | dict.fromkeys(bad, UNSTORABLE))).text)
    shown = next((each for each in page.forms if each.action == form.action), form)
    wanted = [field.id for field in shown.typed if field.name in bad]
    named = [link for link in page.inner_links if link in wanted]
    if named != wanted:
        yield f"{form.action}: named {named}, not {wanted}"


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
                found.extend(all_complaints(reader, form))
    assert not found, "\n".join(found)
    assert len(tried) >= LEAST_FORMS, "\n".join(sorted(tried))


@pytest.mark.parametrize(
    ("address", "who", "typed", "named"),
    [
        ("/volunteers/new", "manager", {"name": " ", "phone": "123", "id_last4": "1"}, ["name", "phone", "id_last4"]),
        ("/staff/new", "admin", {}, ["phone", "name", "role", "place_id", "household"]),
        ("/activities/new", "manager", {"name": " ", "category": "", "day": "9999-12-31"}, ["name", "category", "day"]),
        ("/rules/new", "admin", {"star_hours": "1,500", "points_per_hour": "1,000"}, ["points_per_hour", "star_hours"]),
        ("/rules/new", "admin", {"star_hours": "100 300 a"}, ["star_hours"]),
        ("/staff/new", "admin", {"phone": "1", "name": "王兰", "role": "x"}, ["phone", "role", "household"]),
        ("/places/{top_id}/new", "admin", {"kind": "x", "name": " ", "latitude": "9"}, ["kind", "name", "longitude"]),
        ("/places/{top_id}/new", "admin", {"name": "新站", "latitude": "", "longitude": "9"}, ["latitude"]),
        (
            "/activities/new",
            "manager",
            {"category": "", "starts": "09:00", "ends": "09:00"},
            ["name", "category", "ends"],
        ),
        ("/rules/new", "admin", {"points_expire": "x", "star_hours": "300 100"}, ["points_expire", "star_hours"]),
        (
            "/adjustments/new?who={volunteer_number}",
            "admin",
            {"points": "0", "cause": "x", "reason": " "},
            ["points", "cause", "reason"],
        ),
    ],
)
@on_sqlite
def test_a_form_names_what_its_rules_refuse_at_once(
    tour: Tour, address: str, who: str, typed: dict[str, str], named: list[str]
) -> None:
    reader = Browser(tour.app.test_client(), tour.people[who])
    found = reader.get(address.format(top_id=tour.public("top_id"), volunteer_number=tour.volunteer_number))
    form = next(each for each in PageForms(found.text).forms if each.typed and each.method == "post")
    answer = reader.post(form.action, **(form.sent | typed if typed else {}))

    page = PageForms(answer.text)
    marked = [each.id for each in page.forms[-1].fields if each.invalid]
    assert answer.status_code == 422
    assert [link for link in page.inner_links if link in page.ids and link in marked] == named


@on_sqlite
def test_a_form_names_all_its_faults_at_once(app: Flask) -> None:
    def read() -> None:
        with Read() as form:
            form.day("day")
            form.whole("count", most=5)
            form.needed_text("name", longest=1)
            form.key("place_id")

    typed = {"day": "9999-12-31", "count": "1e3", "name": "ab"}
    with app.test_request_context(method="POST", data=typed), pytest.raises(InvalidFields) as refused:
        read()
    assert [each["field"] for each in refused.value.context["errors"]] == ["day", "count", "name", "place_id"]
