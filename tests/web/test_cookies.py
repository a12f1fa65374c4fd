"""Cookies: each that we set is this host's own, comes by https alone, and no script reads it."""

import ast
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.http import parse_cookie

from ledger.app import create_app
from ledger.kernel.database import Database
from ledger.web.cookies import SESSION
from tests.browsing import Browser, known_as, log_in
from tests.conftest import settings_on
from tests.databases import on_sqlite
from tests.source import dotted, package
from tests.test_house_rules import fail_on
from tests.tour import Tour
from tests.web.test_absurd_addresses import keys_of, path_of
from tests.world import World

ONLY_HERE = "ledger/web/cookies.py"
CALLS = {"set_cookie", "delete_cookie"}


def test_one_file_sets_and_reads_cookies() -> None:
    set_elsewhere = (
        f"{source.at(node)} .{node.attr}"
        for source in package()
        if source.path != ONLY_HERE
        for node in source.nodes()
        if isinstance(node, ast.Attribute) and (node.attr in CALLS or dotted(node).endswith("request.cookies"))
    )
    spelled = (
        f"{source.at(node)} {node.value!r}"
        for source in package()
        if source.path != ONLY_HERE
        for node in source.nodes()
        if isinstance(node, ast.Constant) and str(node.value).startswith(("SESSION_COOKIE_", "Set-Cookie"))
    )
    fail_on(
        (*set_elsewhere, *spelled),
        "Set, read and end cookies by ledger/web/cookies.py.",
    )


@on_sqlite
def test_every_cookie_of_every_page_and_form_is_the_hosts_own(app: Flask, world: World) -> None:
    found = list(cookies_of(Tour(world, app), world))
    for line in found:
        name, _, value = line.partition("=")
        attributes = {part.strip().lower() for part in value.split(";")[1:]}
        assert name.startswith("__Host-"), line
        assert {"secure", "httponly", "path=/", "samesite=lax"} <= attributes, line
        assert not any(attribute.startswith("domain") for attribute in attributes), line
    assert {line.partition("=")[0].removeprefix("__Host-") for line in found} == {
        *("ningxin", "ningxin-form", "scan-ticket", "language", "large_type", "theme", "ningxin-device"),
    }


def cookies_of(tour: Tour, world: World) -> Iterator[str]:
    """The Set-Cookie headers of every GET by a stranger and an administrator, and of every form that sets one."""
    keys = keys_of(tour)
    for rule in tour.app.url_map.iter_rules():
        if "GET" in (rule.methods or ()) and rule.endpoint != "static":
            for person in (None, tour.person("admin")):
                client = Browser(tour.app.test_client(), person).client
                yield from client.get(path_of(rule, tour, keys)).headers.getlist("Set-Cookie")
    browser = Browser(tour.app.test_client())
    phone, password = world.give_password(tour.person("volunteer"))
    answers = [
        browser.post("/preferences", language="en", large_type="1", theme="dark", next="/"),
        browser.get(f"/s/{tour.station_code()}"),
        browser.post("/log-in", phone=phone, password=password),
        browser.post("/log-out"),
    ]
    assert [answer.status_code for answer in answers] == [303] * 4
    for answer in answers:
        yield from answer.headers.getlist("Set-Cookie")


@on_sqlite
def test_on_plain_http_cookies_have_plain_names(database: Database, tmp_path: Path) -> None:
    settings = replace(settings_on(database.url, tmp_path), base_url="http://127.0.0.1:8000")

    [cookie] = create_app(settings, database=database).test_client().get("/log-in").headers.getlist("Set-Cookie")

    assert next(iter(parse_cookie(cookie))) == "ningxin-form"
    assert "Secure" not in cookie
    assert "HttpOnly; Path=/; SameSite=Lax" in cookie


@on_sqlite
@pytest.mark.parametrize("name", [SESSION, "language"])
def test_a_cookie_that_anybody_could_have_set_is_not_believed(client: FlaskClient, world: World, name: str) -> None:
    value = {SESSION: world.add_staff("clerk").token, "language": "en"}[name]
    client.set_cookie(name, value)

    answer = client.get("/log-in")

    assert (answer.status_code, 'lang="zh-CN"' in answer.text) == (200, True)


@on_sqlite
def test_logging_out_takes_the_cookie_from_the_browser(client: FlaskClient, world: World) -> None:
    log_in(client, world.add_staff("clerk"))

    Browser(client).post("/log-out")

    assert client.get_cookie(known_as(client, SESSION)) is None
