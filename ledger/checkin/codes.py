"""The station's code: a signed https address, rotating on a screen, fixed on paper.

The screen's code holds a 30-second step, so a picture of it soon becomes worthless, and a serial that lets in a few
people only (`serials.py`), so a live relay helps a few at most. The first GET, before log-in, exchanges it for a
five-minute ticket that is valid for one person.
"""

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from itsdangerous import BadSignature, URLSafeSerializer
from sqlalchemy.orm import Session

from ledger.checkin.policy import TICKET_LIFE, Shown
from ledger.kernel.crypto import keyring
from ledger.kernel.errors import Rejected
from ledger.kernel.references import genuine, make_reference, read_reference
from ledger.places import queries as places

STEP_SECONDS = 30
EARLIER_STEPS = 2
TICKET_SECONDS = int(TICKET_LIFE.total_seconds())
_MICROSECOND = timedelta(microseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PURPOSE = "station"
_SCREEN, _PAPER = b"S", b"P"


@dataclass(frozen=True, slots=True)
class StationCode:
    """A code as displayed: its text and the time of the next one, None for paper."""

    code: str
    valid_until: datetime | None


@dataclass(frozen=True, slots=True)
class Ticket:
    """A scanned station code, kept during log-in. `made_at` is when it was opened here: the time of the scan.

    `shown` is the code of a screen, None for paper.
    """

    center_id: int
    station_id: int
    method: Literal["screen", "paper"]
    nonce: str
    made_at: datetime
    shown: Shown | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """What a code says, as far as its signature vouches for it, and why it is not taken, if so."""

    center_id: int = 0
    station_id: int = 0
    method: Literal["screen", "paper"] = "screen"
    closed_at: datetime | None = None
    refusal: Rejected | None = None
    shown: Shown | None = None


def step_of(moment: datetime) -> int:
    """The number of the step at a time."""
    return int(moment.timestamp()) // STEP_SECONDS


def end_of(step: int) -> datetime:
    """When a step ends, and with it what a screen shows in it."""
    return _EPOCH + timedelta(seconds=(step + 1) * STEP_SECONDS)


def screen_code(center_id: int, station_id: int, code_version: int, now: datetime, *, serial: int = 0) -> StationCode:
    """The code of the station's screen in the current step, by default the first."""
    return code_of(center_id, station_id, code_version, Shown(step_of(now), serial))


def code_of(center_id: int, station_id: int, code_version: int, shown: Shown) -> StationCode:
    """The code of this step and serial."""
    numbers = shown.step.to_bytes(4, "big") + shown.serial.to_bytes(2, "big")
    extra = _SCREEN + code_version.to_bytes(2, "big") + numbers
    return StationCode(make_reference(_PURPOSE, center_id, station_id, extra=extra), end_of(shown.step))


def paper_code(center_id: int, station_id: int, code_version: int) -> StationCode:
    """The code on the station's wall; raising the version revokes it."""
    extra = _PAPER + code_version.to_bytes(2, "big")
    return StationCode(make_reference(_PURPOSE, center_id, station_id, extra=extra), None)


def read_code(session: Session, text: str, now: datetime) -> Ticket:
    """Read a scanned code, or the address that contains it.

    Raises Rejected("checkin.code_invalid" | "checkin.code_revoked" | "checkin.code_expired" |
    "checkin.code_from_future").
    """
    seen = look_at(session, text, now)
    if seen.refusal is not None:
        raise seen.refusal
    return ticket_of(seen, now)


def ticket_of(seen: Seen, now: datetime) -> Ticket:
    """A ticket for a code that is taken, made now."""
    return Ticket(seen.center_id, seen.station_id, seen.method, secrets.token_urlsafe(12), now, seen.shown)


def look_at(session: Session, text: str, now: datetime) -> Seen:
    """Read a scanned code, refused or not. That of a closed place is read as well: people inside leave with it."""
    code = text.strip().rstrip("/").rpartition("/")[2]
    reference = read_reference(code)
    if reference is None or not genuine(code, reference, purpose=_PURPOSE):
        return Seen(refusal=Rejected("checkin.code_invalid"))
    station = places.find_place(session, reference.key, reference.center_id)
    if station is None:
        return Seen(refusal=Rejected("checkin.code_invalid"))
    kind, version = reference.extra[:1], int.from_bytes(reference.extra[1:3], "big")
    method: Literal["screen", "paper"] = "screen" if kind == _SCREEN else "paper"
    refused = "code_revoked" if version != station.code_version else None
    shown = None
    if kind == _SCREEN:
        step, serial = (int.from_bytes(reference.extra[start:end], "big") for start, end in ((3, 7), (7, 9)))
        shown, refused = Shown(step, serial), refused or _why_stale(step, now)
    refusal = Rejected(f"checkin.{refused}") if refused else None
    return Seen(reference.center_id, reference.key, method, station.closed_at, refusal, shown)


def _why_stale(step: int, now: datetime) -> str | None:
    current = step_of(now)
    if step > current + 1:
        return "code_from_future"
    return "code_expired" if step < current - EARLIER_STEPS else None


def write_ticket(ticket: Ticket) -> str:
    """Sign a ticket as text for a cookie."""
    made_at = (ticket.made_at - _EPOCH) // _MICROSECOND
    shown = ticket.shown and [ticket.shown.step, ticket.shown.serial]
    return _serializer().dumps([made_at, ticket.center_id, ticket.station_id, ticket.method, ticket.nonce, shown])


def read_ticket(text: str, now: datetime) -> Ticket | None:
    """Read a ticket; None if it was not signed here or is older than five minutes."""
    try:
        micros, center_id, station_id, method, nonce, shown = _serializer().loads(text)
    except (BadSignature, ValueError):
        return None
    made_at = _EPOCH + micros * _MICROSECOND
    if not timedelta(0) <= now - made_at <= TICKET_LIFE:
        return None
    return Ticket(center_id, station_id, method, nonce, made_at, shown and Shown(*shown))


def _serializer() -> URLSafeSerializer:
    return URLSafeSerializer(keyring().key("check-in ticket"))
