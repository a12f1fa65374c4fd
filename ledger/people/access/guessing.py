"""A wrong code of the second factor, which the owner hears of when the tries for it are spent."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from ledger.kernel.rate_limit import Try
from ledger.people.access import events, misses
from ledger.people.access.candidates import Candidate
from ledger.people.access.misses import Attempt


def miss_code(session: Session, attempt: Attempt, candidate: Candidate, tries: Sequence[Try]) -> None:
    """Count a wrong code as a miss of the log-in, and keep an event when it was the last that is allowed."""
    misses.miss(session, attempt, [candidate])
    if misses.are_spent(session, tries):
        who, center_id = candidate.identity_id, candidate.center_id
        events.record(session, who, events.FACTOR_TRIED, made_by=who, center_id=center_id)
