"""Monitoring reports liveness and readiness, and the log contains nobody's codes."""

import json
import logging
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from prometheus_client import REGISTRY
from sqlalchemy.orm import Session

from ledger.app import create_app
from ledger.kernel.database import Database
from ledger.kernel.db import in_transaction
from ledger.kernel.errors import Rejected
from ledger.web.logs import JsonLines
from tests.world import World


def test_alive_and_ready(client: FlaskClient) -> None:
    assert client.get("/healthz").json == {"status": "ok"}
    assert client.get("/readyz").json == {"status": "ok"}


def test_not_ready_without_the_guards_of_the_facts(app: Flask, own_database: Database) -> None:
    with own_database.writer.connect() as connection, connection.begin():
        on_table = " ON transfer" if connection.dialect.name == "postgresql" else ""
        name = "transfer_no_change" if on_table else "transfer_no_update"
        connection.execute(sa.text(f"DROP TRIGGER {name}{on_table}"))

    answer = create_app(app.config["SETTINGS"], database=own_database).test_client().get("/readyz")

    assert answer.status_code == 503
    assert name in answer.json["reason"]


def test_not_ready_while_the_database_is_away(app: Flask, tmp_path: Path) -> None:
    away = Database(f"sqlite:///{tmp_path}/no-such-folder/ledger.sqlite3")

    answer = create_app(app.config["SETTINGS"], database=away).test_client().get("/readyz")

    assert answer.status_code == 503


def test_metrics_count_units_by_how_they_ended(client: FlaskClient, world: World) -> None:
    def ended(outcome: str) -> float:
        return REGISTRY.get_sample_value("ningxin_units_total", {"outcome": outcome}) or 0.0

    def refuse(_session: Session) -> None:
        raise Rejected("idempotency.mismatch")

    before = ended("done"), ended("refused")
    in_transaction(lambda _session: None)
    with pytest.raises(Rejected):
        in_transaction(refuse)

    assert (ended("done"), ended("refused")) == (before[0] + 1, before[1] + 1)
    assert "ningxin_unit_seconds_bucket" in client.get("/metrics").text


def test_metrics_count_by_route(client: FlaskClient) -> None:
    client.get("/healthz")
    client.get("/S/AAAAAAAAAAAAAAAAAAAAAAAAAA")
    text = client.get("/metrics").get_data(as_text=True)
    assert 'ningxin_requests_total{method="GET",route="/healthz",status="200"}' in text
    assert "AAAAAAAAAAAAAAAAAAAAAAAAAA" not in text


def test_a_fault_is_logged_with_its_place_and_without_what_somebody_typed(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken() -> str:
        raise ValueError("王桂兰 stands in no list")

    monkeypatch.setitem(app.view_functions, "health.alive", broken)
    broken.access = "anybody"  # type: ignore[attr-defined]
    with caplog.at_level(logging.ERROR, logger="ledger"):
        answer = client.get("/healthz?name=王桂兰", headers={"Accept": "application/json"})

    assert answer.status_code == 500
    assert answer.json["code"] == "service.failed"
    [record] = [record for record in caplog.records if record.message == "fault"]
    line = json.loads(JsonLines().format(record))
    assert line["ref"] == answer.json["ref"]
    assert line["traceback"][0] == "builtins.ValueError"
    assert line["traceback"][-1].endswith(" broken")
    assert "王桂兰" not in json.dumps(line, ensure_ascii=False)
