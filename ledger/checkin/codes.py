"""The station's code: a signed https address, rotating on a screen, fixed on paper.

The screen's code holds a 30-second step, so a picture of it soon becomes worthless; that stops lazy sharing, not a live
relay. The first GET, before log-in, exchanges it for a five-minute ticket that is valid for one person.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from itsdangerous import BadSignature, URLSafeSerializer
from sqlalchemy.orm import Session

from ledger.kernel.crypto import keyring
from ledger.kernel.errors import Rejected
from ledger.kernel.references import genuine, make_reference, read_reference
from ledger.places import queries as places

STEP_SECONDS = 30
EARLIER_STEPS = 2
TICKET_SECONDS = 300
_PURPOSE = "station"
_SCREEN, _PAPER = b"S", b"P"


@dataclass(frozen=True, slots=True)
class StationCode:
    """A code as displayed: its text and the time of the next one, None for paper."""

    code: str
    valid_until: datetime | None


@dataclass(frozen=True, slots=True)
class Ticket:
    """A scanned station code, kept during log-in."""

    center_id: int
    station_id: int
    method: Literal["screen", "paper"]
    nonce: str


def screen_code(center_id: int, station_id: int, code_version: int, now: datetime) -> StationCode:
    """The current code of the station's screen."""
    step = int(now.timestamp()) // STEP_SECONDS
    extra = _SCREEN + code_version.to_bytes(2, "big") + step.to_bytes(4, "big")
    ends = datetime.fromtimestamp((step + 1) * STEP_SECONDS, tz=now.tzinfo)
    return StationCode(make_reference(_PURPOSE, center_id, station_id, extra=extra), ends)


def paper_code(center_id: int, station_id: int, code_version: int) -> StationCode:
    """The code on the station's wall; raising the version revokes it."""
    extra = _PAPER + code_version.to_bytes(2, "big")
    return StationCode(make_reference(_PURPOSE, center_id, station_id, extra=extra), None)


def read_code(session: Session, text: str, now: datetime) -> Ticket:
    """Read a scanned code, or the address that contains it.

    Raises Rejected("checkin.code_invalid" | "checkin.code_revoked" | "checkin.code_expired" |
    "checkin.code_from_future").
    """
    code = text.strip().rstrip("/").rpartition("/")[2]
    reference = read_reference(code)
    if reference is None or not genuine(code, reference, purpose=_PURPOSE):
        raise Rejected("checkin.code_invalid")
    station = places.find_place(session, reference.key, reference.center_id)
    if station is None or station.closed_at is not None:
        raise Rejected("checkin.code_invalid")
    kind, version = reference.extra[:1], int.from_bytes(reference.extra[1:3], "big")
    if version != station.code_version:
        raise Rejected("checkin.code_revoked")
    if kind == _SCREEN:
        _refuse_stale(int.from_bytes(reference.extra[3:7], "big"), now)
    method: Literal["screen", "paper"] = "screen" if kind == _SCREEN else "paper"
    return Ticket(reference.center_id, reference.key, method, secrets.token_urlsafe(12))


def _refuse_stale(step: int, now: datetime) -> None:
    current = int(now.timestamp()) // STEP_SECONDS
    if step > current + 1:
        raise Rejected("checkin.code_from_future")
    if step < current - EARLIER_STEPS:
        raise Rejected("checkin.code_expired")


def write_ticket(ticket: Ticket, now: datetime) -> str:
    """Sign a ticket as text for a cookie."""
    made_at = int(now.timestamp())
    return _serializer().dumps([made_at, ticket.center_id, ticket.station_id, ticket.method, ticket.nonce])


def read_ticket(text: str, now: datetime) -> Ticket | None:
    """Read a ticket; None if it was not signed here or is older than five minutes."""
    try:
        made_at, center_id, station_id, method, nonce = _serializer().loads(text)
    except (BadSignature, ValueError):
        return None
    if not 0 <= now.timestamp() - made_at <= TICKET_SECONDS:
        return None
    return Ticket(center_id, station_id, method, nonce)


def _serializer() -> URLSafeSerializer:
    return URLSafeSerializer(keyring().key("check-in ticket"))
