"""Tickets for somebody whose password fits in several centers: they choose one without sending it again."""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy.orm import Session

from ledger.kernel import clock, restored
from ledger.kernel.crypto import keyring
from ledger.kernel.rate_limit import Limit, hit
from ledger.kernel.signals import has_signal
from ledger.kernel.signed import read_signed, sign
from ledger.people.access.candidates import Candidate

LASTS = timedelta(minutes=5)
# A use is remembered for as long as a ticket lasts, so until this one is over.
_USES = Limit("use of a log-in ticket", most=1, window_seconds=int(LASTS.total_seconds()))
_PURPOSE = "log-in ticket for one use"
_NAME_BYTES = 9


@dataclass(frozen=True, slots=True)
class Choice:
    """A log-in that the ticket's holder may choose; `seal` is a digest of the password that was right."""

    center_id: int
    identity_id: int
    seal: str


@dataclass(frozen=True, slots=True)
class Ticket:
    """The log-ins to choose from, the digest of the phone number that was given, and when; `name` is random."""

    name: str
    phone_hash: str
    choices: tuple[Choice, ...]
    made_at: datetime


def make_ticket(fits: Iterable[Candidate], phone_hash: str) -> str:
    """The text of a ticket for one of these log-ins, good for one use within five minutes."""
    until = (clock.now() + LASTS).timestamp()
    choices = [[each.center_id, each.identity_id, _seal(each)] for each in fits]
    return sign([until, secrets.token_urlsafe(_NAME_BYTES), phone_hash, choices], purpose=_PURPOSE)


def read_ticket(text: str) -> Ticket | None:
    """The ticket with this text; None if it is over or was not made here."""
    found = read_signed(text, purpose=_PURPOSE)
    if found is None or not clock.now().timestamp() < found[0] <= (clock.latest() + LASTS).timestamp():
        return None
    until, name, phone_hash, choices = found
    made_at = datetime.fromtimestamp(until, UTC) - LASTS
    return Ticket(name, phone_hash, tuple(Choice(*choice) for choice in choices), made_at)


def use_up(session: Session, ticket: Ticket, center_id: int) -> bool:
    """End the ticket with the unit that logs its holder in; whether it was unused, and no backup was restored since."""
    unused = not hit(session, _USES, ticket.name)
    return unused and not has_signal(session, restored.SIGNAL, since=ticket.made_at, center_id=center_id)


def still_fits(choice: Choice, candidate: Candidate) -> bool:
    """Whether the password is still the one that was right when the ticket was made."""
    return choice.identity_id == candidate.identity_id and choice.seal == _seal(candidate)


def _seal(candidate: Candidate) -> str:
    return keyring().index(candidate.password_hash or "", purpose=_PURPOSE)
