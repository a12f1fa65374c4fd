"""Scans that were taken before, read again: the answer that a retry gets, a page of one, and what a station refused."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.checkin.models import ScanEvent
from ledger.checkin.policy import Intent
from ledger.checkin.scans import ScanAnswer
from ledger.kernel.actor import Actor
from ledger.kernel.errors import Conflict, LedgerError, NotFound, Rejected
from ledger.kernel.prepared import Prepared
from ledger.kernel.types import table_of

_scan = table_of(ScanEvent)
_ANSWERED = Prepared(
    sa.select(*(_scan.c[name] for name in ("request_hash", "id", "outcome", "reason", "volunteer_id", "answer"))).where(
        _scan.c.center_id == sa.bindparam("center"),
        _scan.c.origin == sa.bindparam("origin"),
        _scan.c.client_scan_id == sa.bindparam("scan"),
    )
)
_MOST_REFUSED = 20


def find_answer(session: Session, actor: Actor, client_scan_id: str, request_hash: str) -> ScanAnswer | None:
    """The answer given to this scan before. Raises Rejected("idempotency.mismatch") when it was another scan."""
    parameters = {"center": actor.center_id, "origin": actor.origin, "scan": client_scan_id}
    rows = _ANSWERED.rows(session, parameters)
    if not rows:
        return None
    first_hash, *answered = rows[0]
    if first_hash != request_hash:
        raise Rejected("idempotency.mismatch")
    return _answer_of(_Answered(*answered))


class _Answered(NamedTuple):
    """What an answer is made of again."""

    id: int
    outcome: str
    reason: str
    volunteer_id: int | None
    answer: str


@dataclass(frozen=True, slots=True)
class StoredScan:
    """A scan as it was sent and answered, for the page that shows it."""

    answer: ScanAnswer
    intent: Intent
    confirmed: tuple[str, ...]


def get_scan(session: Session, scan_id: int, actor: Actor) -> StoredScan:
    """A scan that the actor sent. Raises NotFound("checkin.scan_not_found")."""
    query = sa.select(_scan).where(
        _scan.c.center_id == actor.center_id, _scan.c.id == scan_id, _scan.c.scanned_by == actor.identity_id
    )
    row = session.execute(query).one_or_none()
    if row is None:
        raise NotFound("checkin.scan_not_found")
    return StoredScan(_answer_of(row), row.intent, tuple(json.loads(row.answer)["confirmed"]))


@dataclass(frozen=True, slots=True)
class RefusedScan:
    """A refused scan as the station is told of it."""

    scan_id: int
    at: datetime
    volunteer_id: int | None
    refusal: LedgerError


def refused_at(session: Session, station_id: int, center_id: int, *, since: datetime) -> list[RefusedScan]:
    """The last scans refused at a station, the newest first."""
    query = (
        sa.select(_scan)
        .where(
            _scan.c.center_id == center_id,
            _scan.c.station_id == station_id,
            _scan.c.received_at >= since,
            _scan.c.outcome == "refused",
        )
        .order_by(_scan.c.received_at.desc(), _scan.c.id.desc())
        .limit(_MOST_REFUSED)
    )
    answers = [(row, _answer_of(row).refusal) for row in session.execute(query)]
    return [
        RefusedScan(row.id, row.received_at, row.volunteer_id, refusal)
        for row, refusal in answers
        if refusal is not None
    ]


def _answer_of(row: Any) -> ScanAnswer:
    answer = json.loads(row.answer)
    common: dict[str, Any] = {"reason": row.reason, "volunteer_id": row.volunteer_id, "scan_id": row.id}
    if row.outcome == "refused":
        kind = Conflict if answer["kind"] == "conflict" else Rejected
        refusal = kind(answer["code"], **answer["context"])
        return ScanAnswer("refused", replayed=True, refusal=refusal, **common)
    return ScanAnswer(
        row.outcome, attendance=answer["attendance"], next_actions=answer["next_actions"], replayed=True, **common
    )
