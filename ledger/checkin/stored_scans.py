"""Store and read scan events: the answer for a retry, the page of one scan, scans refused at a station."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.checkin.commands import ScanCommand
from ledger.checkin.models import ScanEvent
from ledger.checkin.policy import Intent
from ledger.checkin.scans import Scene
from ledger.kernel.actor import Actor
from ledger.kernel.errors import Conflict, Keep, LedgerError, NotFound, Rejected
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
_KEEP = Prepared(sa.insert(_scan))
_MOST_REFUSED = 20
_OUTCOMES = {
    "OK_IN": "ok",
    "OK_OUT": "ok",
    "ALREADY_CHECKED_IN": "info",
    "ALREADY_CHECKED_OUT": "info",
    "AUTO_CLOSED": "pending",
}


@dataclass(frozen=True, slots=True)
class ScanAnswer:
    """The answer to a scan: `attendance` as it was then, in plain values; names are looked up on display.

    The replay of a refused scan carries the refusal instead of raising it, so that it can be marked as a replay.
    """

    outcome: Literal["ok", "info", "pending", "refused"]
    reason: str
    volunteer_id: int | None = None
    attendance: dict[str, Any] = field(default_factory=dict)
    next_actions: list[str] = field(default_factory=list)
    replayed: bool = False
    refusal: LedgerError | None = None
    scan_id: int = 0


def store_answer(session: Session, scene: Scene, reason: str, attendance: dict[str, Any]) -> ScanAnswer:
    """Store an accepted scan; returns its answer with the next actions."""
    pending = reason == "OK_OUT" and attendance["status"] == "PENDING"
    outcome: Any = "pending" if pending else _OUTCOMES[reason]
    said = attendance["review_reason"] if pending else reason
    actions = next_actions(reason, attendance["status"])
    answer = {"attendance": attendance, "next_actions": actions}
    row = _row(scene, outcome, said, answer) | {"attendance_id": attendance["id"], "entry_nonce": scene.nonce}
    _KEEP.run(session, [row])
    return ScanAnswer(outcome, said, scene.person.volunteer_id, attendance, actions, scan_id=scene.scan_id)


def next_actions(reason: str, status: str) -> list[str]:
    """What can be done next: "check_out", "explain" the earnings, or "check_in" again."""
    if status == "OPEN":
        return ["check_out"]
    return ["explain", "check_in"] if reason == "ALREADY_CHECKED_OUT" else ["explain"]


def answers_question(session: Session, scene: Scene, answer: ScanAnswer, *, since: datetime) -> bool:
    """Whether the stored scan says yes to the question that the person's last scan got, typed by the same actor."""
    if not scene.command.confirmed:
        return False
    query = (
        sa.select(_scan.c.method, _scan.c.outcome, _scan.c.reason)
        .where(
            _scan.c.center_id == scene.actor.center_id,
            _scan.c.volunteer_id == answer.volunteer_id,
            _scan.c.received_at >= since,
            _scan.c.scanned_by == scene.actor.identity_id,
            _scan.c.id != answer.scan_id,
        )
        .order_by(_scan.c.received_at.desc(), _scan.c.id.desc())
        .limit(1)
    )
    last = session.connection().execute(query).one_or_none()
    if last is None or last.method != "number" or last.outcome != "refused":
        return False
    return last.reason in scene.command.confirmed


def keeper(scene: Scene, refusal: Rejected | Conflict) -> Keep | None:
    """Stores the refused scan after its work was rolled back; None if the key belongs to another scan."""
    if refusal.code.startswith("idempotency."):
        return None
    kind = "conflict" if isinstance(refusal, Conflict) else "rejected"
    answer = {"kind": kind, "code": refusal.code, "context": refusal.context}
    reason = refusal.code.rpartition(".")[2].upper()
    row = _row(scene, "refused", reason, answer)

    def keep(session: Session) -> None:
        _KEEP.run(session, [row])

    return keep


def _row(scene: Scene, outcome: str, reason: str, answer: Mapping[str, Any]) -> dict[str, Any]:
    command = scene.command
    return {
        "center_id": scene.actor.center_id,
        "id": scene.scan_id,
        "origin": scene.actor.origin,
        "client_scan_id": command.client_scan_id,
        "request_hash": scene.request_hash,
        "method": scene.method,
        "intent": command.intent,
        "outcome": outcome,
        "reason": reason,
        "station_id": scene.station_id or None,
        "volunteer_id": scene.person.volunteer_id or None,
        "card_id": scene.person.card_id,
        "attendance_id": None,
        "entry_nonce": None,
        "scanned_by": scene.actor.identity_id,
        "scanned_at": scene.at,
        "received_at": scene.now,
        "answer": json.dumps({**answer, **_sent(command)}, ensure_ascii=False, separators=(",", ":"), default=str),
    }


def _sent(command: ScanCommand) -> dict[str, Any]:
    """What the client said and no column holds; the time on its clock is a claim and stands for nothing."""
    claim = {} if command.scanned_at is None else {"claimed_at": command.scanned_at.isoformat()}
    return {"confirmed": command.confirmed, **claim}


def find_answer(session: Session, actor: Actor, client_scan_id: str, request_hash: str) -> ScanAnswer | None:
    """The stored answer to this scan. Raises Rejected("idempotency.mismatch") if the key belongs to another scan."""
    parameters = {"center": actor.center_id, "origin": actor.origin, "scan": client_scan_id}
    rows = _ANSWERED.rows(session, parameters)
    if not rows:
        return None
    first_hash, *answered = rows[0]
    if first_hash != request_hash:
        raise Rejected("idempotency.mismatch")
    return _answer_of(_Answered(*answered))


class _Answered(NamedTuple):
    """The columns from which an answer is rebuilt."""

    id: int
    outcome: str
    reason: str
    volunteer_id: int | None
    answer: str


@dataclass(frozen=True, slots=True)
class StoredScan:
    """A scan as sent and answered, for its page."""

    answer: ScanAnswer
    intent: Intent
    confirmed: tuple[str, ...]


def get_scan(session: Session, scan_id: int, actor: Actor) -> StoredScan:
    """A scan sent by the actor. Raises NotFound("checkin.scan_not_found")."""
    query = sa.select(_scan).where(
        _scan.c.center_id == actor.center_id, _scan.c.id == scan_id, _scan.c.scanned_by == actor.identity_id
    )
    row = session.execute(query).one_or_none()
    if row is None:
        raise NotFound("checkin.scan_not_found")
    return StoredScan(_answer_of(row), row.intent, tuple(json.loads(row.answer)["confirmed"]))


@dataclass(frozen=True, slots=True)
class RefusedScan:
    """A refused scan as the station's staff sees it."""

    scan_id: int
    at: datetime
    volunteer_id: int | None
    refusal: LedgerError


def refused_at(session: Session, station_id: int, center_id: int, *, since: datetime) -> list[RefusedScan]:
    """The last scans refused at a station, newest first."""
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
