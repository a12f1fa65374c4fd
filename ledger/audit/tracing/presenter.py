"""Audit findings as plain values for the API, with words in the reader's language."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from ledger.approvals.queries import ProposalView
from ledger.audit.naming.words import COUNTED_TABLES, STEP_WORDS, difference_words
from ledger.audit.tracing import trace as tracing
from ledger.audit.tracing.evidence import AttendanceEvidence, RedemptionEvidence
from ledger.audit.tracing.trace import Side, Trace
from ledger.audit.verifying.queries import RunView
from ledger.kernel.actor import Actor
from ledger.points.proofs.presenter import seal_of
from ledger.shop.delivery_queries import DeliveryView
from ledger.web.formats import points


def verification(run: RunView) -> dict[str, Any]:
    """A verification with its words."""
    shown = {name: getattr(run, name) for name in RunView.__slots__}
    difference = None
    if run.difference is not None:
        number = run.difference.row_id if run.difference.table in COUNTED_TABLES else None
        difference = _plain(asdict(run.difference)) | {"text": difference_words(run.difference), "row_number": number}
    return shown | {
        "clean": {"clean": True, "different": False}.get(run.status),
        "step_text": str(STEP_WORDS.get(run.step, "")),
        "difference": difference,
    }


def trace(session: Session, transfer_id: int, actor: Actor) -> dict[str, Any]:
    """A traced transfer."""
    found = tracing.trace(session, transfer_id, actor)
    return {
        "transfer": found.transfer,
        "debit": _side(found.debit),
        "credit": _side(found.credit),
        "batch": found.batch,
        "neighbours": found.neighbours,
        "seal": seal_of(found.seal),
        "people": [
            {"part": part, "number": name.number, "masked_name": name.masked_name}
            for part, name in found.people.items()
        ],
        **_source(found),
    }


def written_sum(evidence: AttendanceEvidence) -> str:
    """The calculation as written by hand: 120 ÷ 60 × 1.00 = 2.00."""
    hourly = evidence.rule.body.points_per_hour if evidence.rule is not None else 0
    return f"{evidence.attendance.minutes} ÷ 60 × {points(hourly)} = {points(evidence.worth)}"


def _side(side: Side) -> dict[str, Any]:
    key = side.key
    return {
        "id": side.account_id, "kind": key.kind, "unit": key.unit, "owner_id": key.owner_id, "name": side.name.text,
    }  # fmt: skip


def _source(found: Trace) -> dict[str, Any]:
    evidence = found.evidence
    source: dict[str, Any] = {"attendance": None, "redemption": None, "goods_in": None, "proposal": None}
    if isinstance(evidence, AttendanceEvidence):
        source["attendance"] = _attendance(evidence)
    if isinstance(evidence, RedemptionEvidence):
        view = evidence.redemption
        shown = {name: getattr(view, name) for name in (*type(view).__slots__, "receipt")}
        source["redemption"] = shown | {"code_issued_at": evidence.code_issued_at}
    if isinstance(evidence, DeliveryView):
        source["goods_in"] = evidence
    if isinstance(evidence, ProposalView):
        source["proposal"] = evidence
    return source


def _attendance(evidence: AttendanceEvidence) -> dict[str, Any]:
    view, rule = evidence.attendance, evidence.rule
    counted = None
    if rule is not None:
        counted = {
            "number": rule.number,
            "effective_from": rule.effective_from,
            "points_per_hour": rule.body.points_per_hour,
            "sum": written_sum(evidence),
        }
    return {name: getattr(view, name) for name in type(view).__slots__} | {
        "minutes_present": evidence.minutes_present,
        "scans": evidence.scans,
        "rule": counted,
        "decision": evidence.decision,
    }


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in values.items()}
