"""Behind a proxy: the one that is named is believed for one hop, nobody else for anything."""

import logging
from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, request
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from ledger.app import create_app
from ledger.kernel.database import Database
from ledger.kernel.settings import SettingsError
from ledger.web.guard import public
from tests.browsing import Browser
from tests.conftest import settings_on
from tests.databases import on_sqlite
from tests.phones import fresh_phone
from tests.runtimes import CLOCK

NGINX, OUTSIDER = "10.0.8.5", "203.0.113.7"
TOKEN = "c2f1a09d4b7e8356f0a1b2c3d4e5f697"
CLAIMS = {
    "X-Forwarded-For": "127.0.0.1",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "evil.example",
    "X-Real-IP": "127.0.0.1",
    "Forwarded": "for=127.0.0.1;proto=https",
}


def app_behind(database: Database, folder: Path, *proxies: str) -> Flask:
    """The application behind these proxies, with a page that tells who asks."""
    settings = replace(
        settings_on(database.url, folder),
        proxies=tuple(ip_network(proxy) for proxy in proxies),
        monitoring_token=TOKEN,
    )
    app = create_app(settings, database=database, clock=CLOCK)
    app.add_url_rule("/who", view_func=public(lambda: f"{request.remote_addr} {request.scheme} {request.host}"))
    return app


@pytest.fixture(scope="module")
def behind(shared_database: Database, memory: Path) -> Flask:
    """One for all tests that leave it as it was."""
    return app_behind(shared_database, memory, NGINX)


def who(app: Flask, peer: str, **headers: str) -> str:
    sent = {f"X-Forwarded-{name}": value for name, value in headers.items()}
    return app.test_client().get("/who", headers=sent, environ_base={"REMOTE_ADDR": peer}).text


@on_sqlite
@pytest.mark.parametrize(
    ("told", "address"),
    [
        (OUTSIDER, OUTSIDER),
        (f"127.0.0.1, {OUTSIDER}", OUTSIDER),
        (f"127.0.0.1,{OUTSIDER}:4711", OUTSIDER),
        ("[2001:db8::5]:4711", "2001:db8::5"),
        ("::ffff:203.0.113.7", OUTSIDER),
        ("unknown", ""),
        (f"{OUTSIDER},", ""),
        ("", ""),
    ],
)
def test_a_named_proxy_names_its_client_for_one_hop(behind: Flask, told: str, address: str) -> None:
    assert who(behind, NGINX, For=told, Proto="https") == f"{address} https localhost"


@on_sqlite
def test_a_named_proxy_that_connects_by_an_ipv6_socket_is_the_same_one(behind: Flask) -> None:
    assert who(behind, f"::ffff:{NGINX}", For=OUTSIDER, Proto="https") == f"{OUTSIDER} https localhost"


@on_sqlite
def test_nobody_else_is_believed(behind: Flask, database: Database, tmp_path: Path) -> None:
    unnamed = app_behind(database, tmp_path)
    for app, peer in ((behind, OUTSIDER), (behind, "10.0.8.6"), (unnamed, NGINX), (unnamed, "127.0.0.1")):
        answer = app.test_client().get("/who", headers=CLAIMS, environ_base={"REMOTE_ADDR": peer})
        assert answer.text == f"{peer} http localhost"


@on_sqlite
def test_what_is_not_believed_is_said_once_in_the_log(
    database: Database, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    behind = app_behind(database, tmp_path, NGINX)
    with caplog.at_level(logging.WARNING, logger="ledger"):
        for _ in range(3):
            who(behind, OUTSIDER, For="127.0.0.1")
            who(behind, NGINX)

    said = [record.message for record in caplog.records if "LEDGER_PROXY" in record.message]
    assert [line.split(";")[0] for line in said] == [
        "forwarded headers come from where LEDGER_PROXY names no proxy",
        "the proxy of LEDGER_PROXY sends no X-Forwarded-For",
    ]


@on_sqlite
def test_an_address_of_ipv4_counts_as_such(behind: Flask) -> None:
    assert who(behind, f"::ffff:{NGINX}", For=OUTSIDER, Proto="https").startswith(OUTSIDER)
    assert who(behind, f"::ffff:{OUTSIDER}").startswith(f"{OUTSIDER} ")


@on_sqlite
def test_who_comes_to_the_proxy_without_https_is_sent_there(behind: Flask) -> None:
    headers = {"X-Forwarded-For": OUTSIDER, "X-Forwarded-Proto": "http"}
    answer = behind.test_client().get("/log-in?next=/me", headers=headers, environ_base={"REMOTE_ADDR": NGINX})

    assert (answer.status_code, answer.location) == (308, "https://jf.example.org/log-in?next=/me")


@on_sqlite
def test_limits_count_the_client_and_not_the_proxy(behind: Flask) -> None:
    def guess(client: FlaskClient, address: str) -> int:
        client.environ_base |= {"REMOTE_ADDR": NGINX, "HTTP_X_FORWARDED_FOR": address}
        return Browser(client).post("/log-in", phone=phone, password="guess-guess").status_code

    phone = fresh_phone()
    for _ in range(30):
        if guess(behind.test_client(), OUTSIDER) == 429:
            break
    else:
        raise AssertionError("guessing is not limited")

    assert guess(behind.test_client(), "203.0.113.8") == 401


def ask(app: Flask, address: str, peer: str, **headers: Any) -> TestResponse:
    return app.test_client().get(address, headers=headers, environ_base={"REMOTE_ADDR": peer})


LOCAL = ("127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1")


@on_sqlite
@pytest.mark.parametrize("peer", LOCAL)
def test_this_host_reads_metrics_and_reasons(behind: Flask, peer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(behind.extensions, "refuse_unready", refuse)
    assert ask(behind, "/metrics", peer).status_code == 200
    assert ask(behind, "/readyz", peer).json == {"status": "not ready", "reason": "it is told here"}


@on_sqlite
def test_others_read_neither(behind: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    outside: list[tuple[str, dict[str, str]]] = [
        (OUTSIDER, {}),
        (OUTSIDER, CLAIMS),
        ("127.0.0.1", {"X-Forwarded-For": OUTSIDER}),
        (NGINX, {}),
        (NGINX, {"X-Forwarded-For": OUTSIDER}),
        (NGINX, {"X-Forwarded-For": f"127.0.0.1, {OUTSIDER}"}),
        (OUTSIDER, {"Authorization": f"Bearer {TOKEN[:-1]}"}),
        (OUTSIDER, {"Authorization": "Bearer \u00e9"}),
    ]
    monkeypatch.setitem(behind.extensions, "refuse_unready", refuse)
    for peer, headers in outside:
        assert ask(behind, "/metrics", peer, **headers).status_code == 404, (peer, headers)
        answer = ask(behind, "/readyz", peer, **headers)
        assert (answer.status_code, answer.json) == (503, {"status": "not ready"}), (peer, headers)
        assert ask(behind, "/healthz", peer, **headers).status_code == 200


def refuse(_runtime: object) -> None:
    raise SettingsError("it is told here")


@on_sqlite
def test_the_token_opens_both_from_anywhere(behind: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(behind.extensions, "refuse_unready", refuse)
    token = {"Authorization": f"Bearer {TOKEN}"}
    assert "ningxin_requests_total" in ask(behind, "/metrics", OUTSIDER, **token).text
    assert ask(behind, "/readyz", OUTSIDER, **token).json["reason"] == "it is told here"


@on_sqlite
def test_without_a_token_in_the_settings_none_opens_them(database: Database, tmp_path: Path) -> None:
    closed = create_app(settings_on(database.url, tmp_path), database=database, clock=CLOCK)
    for given in ("", "None", TOKEN):
        assert ask(closed, "/metrics", OUTSIDER, Authorization=f"Bearer {given}").status_code == 404
