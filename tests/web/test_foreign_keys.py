"""Every form with a key of another center, of nothing, and of no kind: refused, never by the database's own check."""

import io
import re
from collections.abc import Iterator

import pytest
from flask import Flask

from ledger.kernel.database import Database
from ledger.kernel.ids import public_id
from ledger.web.fields import ID_PATTERN
from tests.browsing import Browser
from tests.databases import on_sqlite
from tests.forms import Field, Form, PageForms
from tests.tour import Tour
from tests.web.test_refused_forms import pages
from tests.world import World

# The upload of a list, the first shift of an activity, hiring …
LEAST_KEYS = 10
# It only says where to go afterwards; what is done is done to the card in the path.
WAY_BACK = (re.compile(r"/cards/\w+/revoke"), "volunteer_id")
LIST = "姓名\n王小兰\n".encode()


@pytest.fixture
def tours(app: Flask, database: Database) -> tuple[Tour, Tour]:
    """Two centers with one of everything."""
    return Tour(World(database), app), Tour(World(database), app)


def is_key(field: Field) -> bool:
    """Whether a field holds a key."""
    return field.name.endswith("_id") or re.fullmatch(ID_PATTERN, field.value) is not None


def keys_in(form: Form) -> list[Field]:
    """The fields of a form that hold a key and decide something."""
    action, way_back = WAY_BACK
    return [
        each for each in form.fields if is_key(each) and not (action.fullmatch(form.action) and each.name == way_back)
    ]


def sent(form: Form) -> dict[str, object]:
    """What the form sends, with a list where it wants a file."""
    files = {each.name: (io.BytesIO(LIST), "名单.csv") for each in form.fields if each.type == "file"}
    return form.sent | files


def faults(reader: Browser, form: Form, field: Field, other: Tour) -> Iterator[str]:
    """The keys that the form answers by a fault, or takes although they are not of its center."""
    foreign = other.keys.get(field.name, other.keys["place_id"])
    for value in (public_id(int(foreign)), public_id(5), public_id((1 << 63) - 1), "x", "0"):
        answer = reader.post(form.action, **(sent(form) | {field.name: value}))
        if answer.status_code < 400 or answer.status_code >= 500:
            yield f"{form.action} {field.name}={value}: {answer.status_code}"


@on_sqlite
def test_a_form_takes_no_key_of_others(tours: tuple[Tour, Tour]) -> None:
    own, other = tours
    found: list[str] = []
    tried: set[tuple[str, str]] = set()
    for who, address in pages(own):
        reader = Browser(own.app.test_client(), own.people[who])
        for form in PageForms(reader.get(address).text).forms:
            for field in keys_in(form):
                if form.method == "post" and (form.action, field.name) not in tried:
                    tried.add((form.action, field.name))
                    found.extend(faults(reader, form, field, other))
    assert found == []
    assert len(tried) >= LEAST_KEYS, tried
