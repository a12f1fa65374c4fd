"""Monitoring of the service: liveness, readiness, metrics.

Everybody learns whether it is alive and ready. Why it is not, and the metrics, are for this host and for holders of the
token of LEDGER_MONITORING_TOKEN.
"""

import hmac

import sqlalchemy as sa
from flask import Blueprint, Response, current_app, jsonify
from flask.typing import ResponseReturnValue
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from ledger.kernel import runtime
from ledger.kernel.errors import NotFound, Unavailable
from ledger.kernel.settings import Settings, SettingsError
from ledger.web.forwarded import from_this_host
from ledger.web.guard import bearer_token, public

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
        return _not_ready(str(error))
    except (sa.exc.SQLAlchemyError, Unavailable) as error:
        reason = runtime.current().database.cause_of(error) or "the database does not answer"
        return _not_ready(reason)
    return jsonify(status="ok")


@bp.get("/metrics")
@public
def metrics() -> Response:
    """Metrics in Prometheus' text format; counts and durations of requests by route, nothing about people."""
    if not _may_look_inside():
        raise NotFound("request.not_found")
    for measure in current_app.extensions["measures"]:
        measure()
    return Response(generate_latest(), content_type=CONTENT_TYPE_LATEST)


def _not_ready(reason: str) -> ResponseReturnValue:
    return jsonify({"status": "not ready"} | ({"reason": reason} if _may_look_inside() else {})), 503


def _may_look_inside() -> bool:
    settings: Settings = current_app.config["SETTINGS"]
    token, given = settings.monitoring_token, bearer_token() or ""
    return from_this_host() or (token is not None and hmac.compare_digest(token.encode(), given.encode()))
