"""The context of every page: preferences, the menu by role, and where a form may redirect."""

from dataclasses import replace
from typing import Any

import pytest
from flask import Flask, render_template_string
from flask.testing import FlaskClient

from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.errors import Unavailable
from ledger.people.identities import queries as identities
from ledger.people.identities import service as identity_service
from ledger.web import page_context
from ledger.web.cookies import SESSION, cookie_name
from ledger.web.leading_back import local_path
from tests.browsing import Browser, keep, known_as
from tests.databases import on_sqlite
from tests.world import Person, World

SHOWN = (
    "place_name",
    "person.name",
    "person.role",
    "demo",
    "locale",
    "large_type",
    "nav|map(attribute='label')|join(',')",
)
HEAD = "|".join(f"{{{{ {part} }}}}" for part in SHOWN)


@pytest.mark.parametrize(
    "wanted",
    ["//evil.example", "https://evil.example/", "/\\evil.example", "javascript:alert(1)", "", None, "/a\nb", "me"],
)
def test_a_form_can_not_send_its_reader_to_another_host(wanted: str | None) -> None:
    assert local_path(wanted) == "/"


@pytest.mark.parametrize("wanted", ["/", "/me?after=x", "/books/accounts/%E4%BD%A0"])
def test_a_path_of_ours_is_gone_back_to(wanted: str) -> None:
    assert local_path(wanted) == wanted


def head(app: Flask, person: Person | None) -> list[str]:
    headers = [("Cookie", f"{cookie_name(SESSION, https=True)}={person.token}")] if person else []
    with app.test_request_context("/", headers=headers):
        app.preprocess_request()
        return render_template_string(HEAD).split("|")


@on_sqlite
def test_the_head_of_a_page_says_who_reads_it_and_where(app: Flask, world: World) -> None:
    clerk = world.add_staff("clerk", name="陈晓燕")

    place, name, role, demo, locale, large, _nav = head(app, clerk)

    assert (place, name, role, demo, locale, large) == ("柳荫站", "陈晓燕", "店员", "True", "zh", "False")


@on_sqlite
def test_a_stranger_is_told_the_center_and_shown_no_menu(app: Flask, world: World) -> None:
    place, name, _role, _demo, _locale, _large, nav = head(app, None)

    assert place
    assert (name, nav) == ("", "")


@on_sqlite
def test_the_switches_are_kept_by_the_browser_and_in_the_profile(client: FlaskClient, world: World) -> None:
    volunteer = world.add_volunteer()

    answer = client.post(
        "/preferences", data={"language": "en", "large_type": "1", "next": "/me"}, headers=volunteer.headers
    )

    assert (answer.status_code, answer.location) == (303, "/me")
    assert client.get_cookie(known_as(client, "language")).value == "en"  # type: ignore[union-attr]
    assert client.get_cookie(known_as(client, "large_type")).value == "1"  # type: ignore[union-attr]
    kept = in_snapshot(identities.get_preferences, volunteer.identity_id, world.center_id)
    assert (kept.language, kept.large_type) == ("en", True)


@pytest.mark.parametrize(
    ("before", "profile", "after"),
    [
        ({}, {}, (None, None)),
        ({}, {"language": "en", "large_type": True}, ("en", "1")),
        ({"language": "en", "large_type": "1"}, {}, ("en", "1")),
        ({"language": "zh", "large_type": "0"}, {"language": "en", "large_type": True}, ("zh", "1")),
    ],
    ids=["nothing chosen", "from the profile", "chosen before the log-in", "both"],
)
@on_sqlite
def test_a_log_in_brings_the_switches_and_takes_none_away(
    client: FlaskClient,
    world: World,
    before: dict[str, str],
    profile: dict[str, Any],
    after: tuple[str | None, str | None],
) -> None:
    person = world.add_volunteer()
    phone, password = world.give_password(person)
    in_transaction(identity_service.set_preferences, **profile, actor=person.actor)
    for name, value in before.items():
        keep(client, name, value)

    answer = Browser(client).post("/log-in", phone=phone, password=password)

    assert answer.status_code == 303
    kept = [client.get_cookie(known_as(client, name)) for name in ("language", "large_type")]
    assert tuple(cookie and cookie.value for cookie in kept) == after


@on_sqlite
def test_an_unknown_wish_changes_nothing(client: FlaskClient, world: World) -> None:
    volunteer = world.add_volunteer()

    client.post("/preferences", data={"language": "xx", "large_type": "7"}, headers=volunteer.headers)

    kept = in_snapshot(identities.get_preferences, volunteer.identity_id, world.center_id)
    assert (kept.language, kept.large_type) == ("zh", False)
    assert client.get_cookie(known_as(client, "language")) is None


@on_sqlite
def test_the_switches_need_the_page_s_token(app: Flask, world: World) -> None:
    answer = app.test_client().post("/preferences", data={"language": "en"})

    assert answer.status_code == 403


@on_sqlite
def test_the_style_guide_is_shown_in_development_only(
    app: Flask, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert app.test_client().get("/styleguide").status_code == 200
    monkeypatch.setitem(app.config, "SETTINGS", replace(app.config["SETTINGS"], environment="production"))
    assert app.test_client().get("/styleguide").status_code == 404


@on_sqlite
def test_staff_who_serve_as_volunteers_find_their_own_points(app: Flask, world: World) -> None:
    volunteer = world.add_volunteer()
    assert head(app, volunteer)[-1] == ""
    world.employ(volunteer, "clerk")

    assert head(app, volunteer)[-1].startswith("今天")
    assert head(app, volunteer)[-1].endswith("我的")


@on_sqlite
def test_a_page_stands_when_the_database_does_not(app: Flask, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object) -> None:
        raise Unavailable("service.busy")

    monkeypatch.setattr(page_context, "in_snapshot", away)

    answer = app.test_client().get("/log-in")

    assert answer.status_code == 200
