"""Tickets of who has given a password that fits in several centers: they choose one without sending it again."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from ledger.kernel import clock
from ledger.kernel.crypto import keyring
from ledger.kernel.signed import read_signed, sign
from ledger.people.access.candidates import Candidate

LASTS = timedelta(minutes=5)
_PURPOSE = "log-in ticket"


@dataclass(frozen=True, slots=True)
class Choice:
    """A log-in that the ticket's holder may choose; `seal` is a digest of the password that was right."""

    center_id: int
    identity_id: int
    seal: str


@dataclass(frozen=True, slots=True)
class Ticket:
    """The log-ins to choose from, and the digest of the phone number that was given."""

    phone_hash: str
    choices: tuple[Choice, ...]


def make_ticket(fits: Iterable[Candidate], phone_hash: str) -> str:
    """The text of a ticket for these log-ins, good for five minutes."""
    until = int((clock.now() + LASTS).timestamp())
    choices = [[each.center_id, each.identity_id, _seal(each)] for each in fits]
    return sign([until, phone_hash, choices], purpose=_PURPOSE)


def read_ticket(text: str) -> Ticket | None:
    """The ticket with this text; None if it is over or was not made here."""
    found = read_signed(text, purpose=_PURPOSE)
    if found is None or found[0] <= clock.now().timestamp():
        return None
    return Ticket(found[1], tuple(Choice(*choice) for choice in found[2]))


def still_fits(choice: Choice, candidate: Candidate) -> bool:
    """Whether the password is still the one that was right when the ticket was made."""
    return choice.identity_id == candidate.identity_id and choice.seal == _seal(candidate)


def _seal(candidate: Candidate) -> str:
    return keyring().index(candidate.password_hash or "", purpose=_PURPOSE)
