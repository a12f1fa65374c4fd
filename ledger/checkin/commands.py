"""Check-in commands as plain values."""

from dataclasses import dataclass
from datetime import datetime

from ledger.checkin.codes import Ticket
from ledger.checkin.policy import Intent


@dataclass(frozen=True, slots=True)
class ScanCommand:
    """One scan as sent.

    Either `code` (a station's code, scanned by the volunteer), `ticket` (the same, exchanged before the log-in) or
    `card` (a card's address, its token, a volunteer number or a full phone number, scanned or typed by a clerk).
    `confirmed` names the questions answered with yes (WALK_IN).
    """

    client_scan_id: str
    intent: Intent = "auto"
    code: str | None = None
    ticket: Ticket | None = None
    card: str | None = None
    station_id: int | None = None
    shift_id: int | None = None
    confirmed: tuple[str, ...] = ()
    scanned_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ReviewCommand:
    """A decision on a pending attendance; `ended_at` is the real end if the check-out was forgotten."""

    attendance_id: int
    approve: bool
    ended_at: datetime | None = None
    note: str = ""
