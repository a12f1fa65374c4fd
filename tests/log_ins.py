"""The log-ins of a phone number, as the log-in page finds them."""

from ledger.kernel.db import in_snapshot
from ledger.people.access.candidates import Candidate, candidates
from ledger.people.policy import phone_key


def log_ins(phone: str) -> list[Candidate]:
    """All log-ins of a number in any notation, the latest used first."""
    return in_snapshot(candidates, phone_key(phone) or "")


def log_in_of(phone: str) -> Candidate:
    """The only log-in of a number."""
    (found,) = log_ins(phone)
    return found
