"""The idempotency key of a form: a repeat counts once, and other content under the same key is refused."""

import pytest
from flask.testing import FlaskClient

from ledger.kernel.ids import public_id
from tests.browsing import Browser
from tests.databases import on_sqlite
from tests.phones import fresh_phone
from tests.source import package
from tests.world import Person, World

KEY = "a-key-of-this-form"


@pytest.fixture
def manager(world: World) -> Person:
    """The person who fills in the form."""
    return world.add_staff("station_manager")


def typed(world: World, **fields: str) -> dict[str, str]:
    """The fields of the form for a new volunteer."""
    return {"name": "王小兰", "phone": fresh_phone(), "place_id": public_id(world.station_id)} | fields


@on_sqlite
def test_a_form_sent_twice_counts_once(world: World, client: FlaskClient, manager: Person) -> None:
    browser, form = Browser(client, manager), typed(world)

    first = browser.post("/volunteers/new", KEY, **form)
    again = browser.post("/volunteers/new", KEY, **form, csrf_token=browser.csrf_token())

    assert (first.status_code, again.status_code) == (303, 303)
    assert again.location == first.location
    assert again.headers["Idempotency-Replayed"] == "true"


@pytest.mark.parametrize("changed", [{"name": "李小兰"}, {"household": "17"}])
@on_sqlite
def test_another_form_under_the_same_key_is_refused(
    world: World, client: FlaskClient, manager: Person, changed: dict[str, str]
) -> None:
    browser, form = Browser(client, manager), typed(world)
    browser.post("/volunteers/new", KEY, **form)

    other = browser.post("/volunteers/new", KEY, **form | changed)

    assert other.status_code == 422
    assert "这一份已经交过了，上次填的和这次不一样" in other.text


def test_only_programs_may_leave_the_key_out() -> None:
    lenient = {source.path for source in package() if "find_idempotency_key" in source.text}
    pages = {path for path in lenient if path.endswith("pages.py")}
    assert lenient
    assert pages == set(), "a form always carries a key: take idempotency_key(), so that a double click counts once"
