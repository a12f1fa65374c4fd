"""Monitoring of the service: liveness, readiness, metrics."""

import sqlalchemy as sa
from flask import Blueprint, Response, current_app, jsonify
from flask.typing import ResponseReturnValue
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from ledger.kernel import runtime
from ledger.kernel.errors import Unavailable
from ledger.kernel.settings import SettingsError
from ledger.web.guard import public

ALIVE = "/healthz"
bp = Blueprint("health", __name__)


@bp.get(ALIVE)
@public
def alive() -> ResponseReturnValue:
    """Liveness: the process answers."""
    return jsonify(status="ok")


@bp.get("/readyz")
@public
def ready() -> ResponseReturnValue:
    """Readiness: the database is ours, with the newest schema and all guards of the facts; else 503 with the reason."""
    try:
        current_app.extensions["refuse_unready"](runtime.current())
    except SettingsError as error:
        return jsonify(status="not ready", reason=str(error)), 503
    except (sa.exc.SQLAlchemyError, Unavailable) as error:
        reason = runtime.current().database.cause_of(error) or "the database does not answer"
        return jsonify(status="not ready", reason=reason), 503
    return jsonify(status="ok")


@bp.get("/metrics")
@public
def metrics() -> Response:
    """Metrics in Prometheus' text format; counts and durations of requests by route, nothing about people."""
    for measure in current_app.extensions["measures"]:
        measure()
    return Response(generate_latest(), content_type=CONTENT_TYPE_LATEST)
