"""The scan itself: who and what was scanned, the event that is kept of it, and the answer that a retry gets."""

import json
import unicodedata
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.checkin import codes
from ledger.checkin.commands import ScanCommand
from ledger.checkin.models import ScanEvent
from ledger.checkin.policy import Method
from ledger.kernel import clock
from ledger.kernel.actor import Actor
from ledger.kernel.errors import Conflict, Keep, LedgerError, Rejected
from ledger.kernel.idempotency import hash_request
from ledger.kernel.permissions import Permission
from ledger.kernel.prepared import Prepared
from ledger.kernel.types import table_of
from ledger.people.models import Volunteer
from ledger.people.policy import ACTIVE
from ledger.people.volunteers import queries as people
from ledger.people.volunteers.queries import CardView
from ledger.places import queries as places

_scan, _volunteer = table_of(ScanEvent), table_of(Volunteer)
_STANDING = Prepared(
    sa.select(_volunteer.c.identity_id, _volunteer.c.status).where(
        _volunteer.c.center_id == sa.bindparam("center"), _volunteer.c.id == sa.bindparam("volunteer")
    )
)
_KEEP = Prepared(sa.insert(_scan))
_CARD_TOKEN_LENGTH = 26
_NUMBER_LENGTH = 8
_OUTCOMES = {
    "OK_IN": "ok",
    "OK_OUT": "ok",
    "ALREADY_CHECKED_IN": "info",
    "ALREADY_CHECKED_OUT": "info",
    "AUTO_CLOSED": "pending",
}


@dataclass(frozen=True, slots=True)
class Person:
    """Whose scan it is."""

    volunteer_id: int
    identity_id: int
    card_id: int | None = None


@dataclass(frozen=True, slots=True)
class ScanAnswer:
    """What a scan is answered: `attendance` as it was then, in plain values; names are looked up when it is shown.

    A replay of a refused scan carries the refusal instead of raising it, so that it can be marked as a replay.
    """

    outcome: Literal["ok", "info", "pending", "refused"]
    reason: str
    volunteer_id: int | None = None
    attendance: dict[str, Any] = field(default_factory=dict)
    next_actions: list[str] = field(default_factory=list)
    replayed: bool = False
    refusal: LedgerError | None = None
    scan_id: int = 0


@dataclass(slots=True)
class Scene:
    """A scan while it is worked on; what is known of it so far goes into the event even if it is refused."""

    command: ScanCommand
    actor: Actor
    request_hash: str
    scan_id: int
    now: datetime
    station_id: int = 0
    method: Method = "card"
    person: Person = field(default_factory=lambda: Person(0, 0))
    nonce: str | None = None


def hash_command(command: ScanCommand) -> str:
    """A digest of everything that was sent."""
    sent = {name: getattr(command, name) for name in ScanCommand.__slots__ if name != "client_scan_id"}
    return hash_request(sent | {"ticket": command.ticket and asdict(command.ticket)})


def identify(session: Session, scene: Scene) -> Person:
    """Who may scan, what was scanned, where, and whose it is: steps 1 to 5 of the order of a scan."""
    if scene.command.card is not None:
        return _identify_card(session, scene, scene.command.card)
    ticket = scene.command.ticket or codes.read_code(session, scene.command.code or "", scene.now)
    scene.station_id, scene.method = ticket.station_id, ticket.method
    if scene.actor.volunteer_id is None or ticket.center_id != scene.actor.center_id:
        raise Rejected("checkin.person_unknown")
    person = _person(session, scene, scene.actor.volunteer_id)
    if scene.command.ticket is not None:
        _spend(session, scene, ticket.nonce)
    return person


def _identify_card(session: Session, scene: Scene, scanned: str) -> Person:
    scene.station_id = _clerks_station(session, scene)
    text = unicodedata.normalize("NFKC", scanned).strip().rstrip("/").rpartition("/")[2].upper()
    scene.method = "card" if len(text) == _CARD_TOKEN_LENGTH else "number"
    if scene.method == "card":
        person = _bearer(session, scene, people.find_volunteer_by_card(session, text, scene.actor.center_id))
    else:
        find = people.find_volunteer_by_number if len(text) <= _NUMBER_LENGTH else people.find_volunteer_by_phone
        volunteer = find(session, text, scene.actor.center_id)
        if volunteer is None:
            raise Rejected("checkin.card_unknown")
        person = _person(session, scene, volunteer.id)
    if person.identity_id == scene.actor.identity_id:
        raise Rejected("checkin.self_proxy")
    return person


def _bearer(session: Session, scene: Scene, card: CardView | None) -> Person:
    """Who a card stands for. A card that counts no more is kept in the event with its person all the same."""
    if card is None:
        raise Rejected("checkin.card_unknown")
    status = _note_person(session, scene, card.volunteer_id, card_id=card.id)
    if card.revoked_at is not None:
        raise Rejected("checkin.card_revoked")
    if card.expires_on is not None and clock.local_day(scene.now, clock.BUSINESS_ZONE) > card.expires_on:
        raise Rejected("checkin.card_expired")
    return _standing(scene, status)


def _clerks_station(session: Session, scene: Scene) -> int:
    if scene.command.station_id is None:
        raise Rejected("checkin.station_needed")
    station = places.find_place(session, scene.command.station_id, scene.actor.center_id)
    if station is None:
        raise Rejected("organisations.place_not_found")
    scene.station_id = station.id
    if not scene.actor.may(Permission.CHECK_IN_OTHERS, station.path):
        raise Rejected("checkin.proxy_not_allowed")
    return station.id


def _person(session: Session, scene: Scene, volunteer_id: int) -> Person:
    return _standing(scene, _note_person(session, scene, volunteer_id))


def _standing(scene: Scene, status: str) -> Person:
    if status != ACTIVE:
        raise Rejected("checkin.person_blocked")
    return scene.person


def _note_person(session: Session, scene: Scene, volunteer_id: int, *, card_id: int | None = None) -> str:
    """Say in the scene whose scan it is; the person's status."""
    parameters = {"center": scene.actor.center_id, "volunteer": volunteer_id}
    [(identity_id, status)] = _STANDING.rows(session, parameters)
    scene.person = Person(volunteer_id, identity_id, card_id)
    return str(status)


def _spend(session: Session, scene: Scene, nonce: str) -> None:
    """A ticket is good for one person, who may answer a question with it or scan out again."""
    query = sa.select(_scan.c.volunteer_id).where(
        _scan.c.center_id == scene.actor.center_id, _scan.c.entry_nonce == nonce
    )
    spent = session.execute(query).one_or_none()
    if spent is None:
        scene.nonce = nonce
    elif spent.volunteer_id != scene.person.volunteer_id:
        raise Rejected("checkin.code_used")


def store_answer(session: Session, scene: Scene, reason: str, attendance: dict[str, Any]) -> ScanAnswer:
    """Keep the scan that was taken, and say what comes next."""
    pending = reason == "OK_OUT" and attendance["status"] == "PENDING"
    outcome: Any = "pending" if pending else _OUTCOMES[reason]
    said = attendance["review_reason"] if pending else reason
    actions = next_actions(reason, attendance["status"])
    answer = {"attendance": attendance, "next_actions": actions}
    row = _row(scene, outcome, said, answer) | {"attendance_id": attendance["id"], "entry_nonce": scene.nonce}
    _KEEP.run(session, [row])
    return ScanAnswer(outcome, said, scene.person.volunteer_id, attendance, actions, scan_id=scene.scan_id)


def next_actions(reason: str, status: str) -> list[str]:
    """What can be done next: "check_out" of what is open, "explain" what was earned, "check_in" again."""
    if status == "OPEN":
        return ["check_out"]
    return ["explain", "check_in"] if reason == "ALREADY_CHECKED_OUT" else ["explain"]


def keeper(scene: Scene, refusal: Rejected | Conflict) -> Keep | None:
    """What writes the refused scan after its work was rolled back; nothing for a key that belongs to another scan."""
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
        "scanned_at": command.scanned_at or scene.now,
        "received_at": scene.now,
        "answer": json.dumps(
            {**answer, "confirmed": command.confirmed}, ensure_ascii=False, separators=(",", ":"), default=str
        ),
    }
