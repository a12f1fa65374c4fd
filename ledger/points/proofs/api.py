"""The public proof API: checkpoints, keys, consistency and inclusion; no log-in required."""

from typing import Any

from flask import Response
from flask_smorest import Blueprint
from sqlalchemy.orm import Session

from ledger.kernel.db import in_snapshot
from ledger.kernel.paging import Page
from ledger.points.proofs import service as proving
from ledger.points.proofs.schemas import (
    CheckpointPage,
    ConsistencyQuery,
    ConsistencySchema,
    KeyList,
    ProofQuery,
    ProofSchema,
)
from ledger.points.proofs.service import BatchProof
from ledger.points.sealing import keys as seal_keys
from ledger.points.sealing import queries as seal_queries
from ledger.points.sealing.keys import KeyView
from ledger.points.sealing.queries import CheckpointView, Consistency
from ledger.web.fields import PageQuery, page_of
from ledger.web.guard import current_actor, public
from ledger.web.openapi import PREFIX

bp = Blueprint("proof_api", __name__, url_prefix=PREFIX, description="Proof that nobody rewrote history")
_SIZE = f"<int(min=1, max={seal_queries.MOST_LEAVES}):size>"
_NOTE = {"type": "string", "description": "A signed note."}
_FOR_EVERYBODY: dict[str, Any] = {"security": []}


@bp.get("/centers/<id:center_id>/checkpoints")
@public
@bp.doc(**_FOR_EVERYBODY)
@bp.arguments(PageQuery, location="query")
@bp.response(200, CheckpointPage)
def list_checkpoints(query: dict[str, Any], center_id: int) -> Page[CheckpointView]:
    """Every checkpoint of a center, newest first. A copy kept elsewhere vouches for everything before it."""
    page = page_of(query)
    return in_snapshot(seal_queries.list_checkpoints, center_id, request=page)


@bp.get("/centers/<id:center_id>/checkpoints/latest")
@public
@bp.doc(**_FOR_EVERYBODY)
@bp.response(200, _NOTE, content_type="text/plain")
def latest_checkpoint(center_id: int) -> Response:
    """The latest checkpoint as a signed note (C2SP tlog-checkpoint)."""
    return _note(center_id, None)


@bp.get(f"/centers/<id:center_id>/checkpoints/{_SIZE}")
@public
@bp.doc(**_FOR_EVERYBODY)
@bp.response(200, _NOTE, content_type="text/plain")
def checkpoint(center_id: int, size: int) -> Response:
    """The checkpoint of this size as a signed note."""
    return _note(center_id, size)


def _note(center_id: int, size: int | None) -> Response:
    return Response(
        in_snapshot(seal_queries.get_checkpoint, center_id, size).text, content_type="text/plain; charset=utf-8"
    )


@bp.get(f"/centers/<id:center_id>/checkpoints/{_SIZE}/consistency")
@public
@bp.doc(**_FOR_EVERYBODY)
@bp.arguments(ConsistencyQuery, location="query")
@bp.response(200, ConsistencySchema)
def prove_consistency(query: dict[str, Any], center_id: int, size: int) -> Consistency:
    """Proof that the log of a checkpoint extends the log of `from` leaves."""
    return in_snapshot(seal_queries.prove_consistency, center_id, size, old_size=query["old_size"])


@bp.get("/centers/<id:center_id>/keys")
@public
@bp.doc(**_FOR_EVERYBODY)
@bp.response(200, KeyList)
def list_keys(center_id: int) -> dict[str, Any]:
    """The public keys that have signed a center's checkpoints."""
    return {"items": in_snapshot(_keys, center_id), "next": None}


def _keys(session: Session, center_id: int) -> list[KeyView]:
    seal_queries.need_center(session, center_id)
    return seal_keys.keys(session, center_id)


@bp.get("/batches/<id:batch_id>/proof")
@public
@bp.doc(**_FOR_EVERYBODY)
@bp.arguments(ProofQuery, location="query")
@bp.response(200, ProofSchema)
def prove_batch(query: dict[str, Any], batch_id: int) -> BatchProof:
    """Proof that a batch is in the log of its center; 409 until it is sealed, within minutes."""
    return in_snapshot(proving.prove_batch, batch_id, **query, actor=current_actor())
