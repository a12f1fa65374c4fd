"""API of lots and expiry: lots of an account, the notice list, and expiry runs."""

from typing import Any

from flask_smorest import Blueprint

from ledger.kernel.db import in_snapshot, in_transaction_once
from ledger.kernel.paging import Page
from ledger.kernel.permissions import Permission
from ledger.points.api import READERS
from ledger.points.book import reading
from ledger.points.expiry import queries as expiry_queries
from ledger.points.expiry import service as expiry
from ledger.points.expiry.queries import Ending, RunView
from ledger.points.expiry.schemas import (
    EndingPage,
    EndingQuery,
    ExpiryRunList,
    ExpiryRunRequest,
    ExpiryRunSchema,
    LotPage,
)
from ledger.points.lots.listing import LotRow
from ledger.web.fields import PageQuery, page_of
from ledger.web.guard import get_actor, requires
from ledger.web.once import find_idempotency_key
from ledger.web.openapi import KEY_PARAMETER, PREFIX

bp = Blueprint("lots_api", __name__, url_prefix=PREFIX, description="Lots of points, and when they end")


@bp.get("/accounts/<id:account_id>/lots")
@requires(*READERS)
@bp.arguments(PageQuery, location="query")
@bp.response(200, LotPage)
def list_lots(query: dict[str, Any], account_id: int) -> Page[LotRow]:
    """Lots of an account with points left: your own accounts, or any for auditors."""
    page = page_of(query)
    return in_snapshot(reading.list_lots, account_id, get_actor(), request=page)


@bp.get("/points-ending")
@requires(Permission.READ_BOOKS)
@bp.arguments(EndingQuery, location="query")
@bp.response(200, EndingPage)
def list_ending(query: dict[str, Any]) -> Page[Ending]:
    """The notice list: whose points end by a day, how many, and when the first do."""
    page = page_of(query)
    return in_snapshot(expiry_queries.list_ending, get_actor().center_id, query["until"], request=page)


@bp.get("/expiry-runs")
@requires(Permission.READ_BOOKS, Permission.PROPOSE)
@bp.response(200, ExpiryRunList)
def list_runs() -> dict[str, Any]:
    """All expiry runs, with the amount expected and the amount taken."""
    return {"items": in_snapshot(expiry_queries.list_runs, get_actor().center_id), "next": None}


@bp.post("/expiry-runs")
@requires(Permission.PROPOSE)
@bp.doc(parameters=[KEY_PARAMETER])
@bp.arguments(ExpiryRunRequest)
@bp.response(201, ExpiryRunSchema)
def prepare(body: dict[str, Any]) -> RunView:
    """Prepare a run. Nothing moves until its `points.expiry_release` is proposed and approved by another person."""
    run_id = in_transaction_once(find_idempotency_key(), expiry.prepare, body["ends_on"], actor=get_actor())
    return _shown(run_id)


@bp.get("/expiry-runs/<id:run_id>")
@requires(Permission.READ_BOOKS, Permission.PROPOSE)
@bp.response(200, ExpiryRunSchema)
def get_run(run_id: int) -> RunView:
    """An expiry run."""
    return _shown(run_id)


@bp.post("/expiry-runs/<id:run_id>/drop")
@requires(Permission.PROPOSE)
@bp.doc(parameters=[KEY_PARAMETER])
@bp.response(200, ExpiryRunSchema)
def drop(run_id: int) -> RunView:
    """Drop a run that is not released yet."""
    in_transaction_once(find_idempotency_key(), expiry.drop, run_id, actor=get_actor())
    return _shown(run_id)


def _shown(run_id: int) -> RunView:
    return in_snapshot(expiry_queries.get_run, run_id, get_actor().center_id)
