"""The answer while too much waits for the threads: in words, counted, and without the database."""

import json

import pytest
from flask import Flask
from prometheus_client import REGISTRY

from ledger.kernel.database import Database
from ledger.kernel.db import in_snapshot
from ledger.web.busy import broken_answer, busy_answer
from ledger.web.outgoing import Answer
from tests.databases import on_sqlite
from tests.world import World

pytestmark = on_sqlite


def told(app: Flask, path: str, **headers: str) -> Answer:
    """The answer to somebody with a log-in."""
    with app.test_request_context(path, method="POST", headers=headers | {"Cookie": "__Host-ningxin=x"}) as context:
        received = context.request.environ
    return busy_answer(app, received)


@pytest.mark.parametrize(
    ("language", "words"), [("zh-CN", "现在人多，没排上"), ("en", "Too busy to answer in time")], ids=["zh", "en"]
)
def test_it_is_told_in_the_format_and_the_language_of_the_client(app: Flask, language: str, words: str) -> None:
    api = told(app, "/api/v1/checkins", **{"Accept-Language": language})
    page = told(app, "/log-in", **{"Accept-Language": language})

    assert (api.status, page.status) == (503, 503)
    assert isinstance(api.body, bytes)
    assert isinstance(page.body, bytes)
    document = json.loads(api.body)
    assert (document["code"], document["title"], document["status"]) == ("service.busy", words, 503)
    assert words in page.body.decode()
    assert dict(api.headers)[b"retry-after"] == dict(page.headers)[b"retry-after"] == b"2"
    assert dict(api.headers)[b"content-type"] == b"application/problem+json"


def test_nothing_of_a_client_is_repeated(app: Flask) -> None:
    page = told(app, "/K/<script>")

    assert isinstance(page.body, bytes)
    assert b"script" not in page.body


@pytest.mark.parametrize(("method", "is_offered"), [("GET", True), ("POST", False)])
def test_who_asked_for_a_page_may_ask_again(app: Flask, method: str, *, is_offered: bool) -> None:
    with app.test_request_context("/log-in", method=method) as context:
        page = busy_answer(app, context.request.environ)

    assert isinstance(page.body, bytes)
    assert ('<a href="">再试一次</a>' in page.body.decode()) == is_offered


def test_it_asks_no_database_and_is_counted(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    def count() -> float:
        labels = {"method": "POST", "route": "unknown", "status": "503"}
        return REGISTRY.get_sample_value("ningxin_requests_total", labels) or 0.0

    monkeypatch.setattr(Database, "snapshot", lambda *_known: pytest.fail("asked while it is busy"))
    before = count()
    told(app, "/volunteers")

    assert count() == before + 1


def test_the_check_sees_a_question_to_the_database(app: Flask, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Database, "snapshot", lambda *_known: (_ for _ in ()).throw(LookupError("asked")))
    with pytest.raises(LookupError, match="asked"):
        in_snapshot(lambda _session: world.center_id)


def test_a_body_that_is_none_is_told_so_in_the_same_way(app: Flask) -> None:
    with app.test_request_context("/api/v1/sessions", method="POST") as context:
        answer = broken_answer(app, context.request.environ)

    assert isinstance(answer.body, bytes)
    assert (answer.status, json.loads(answer.body)["code"]) == (400, "request.malformed")
    assert b"retry-after" not in dict(answer.headers)
