"""The nightly verification: what came since the last one, and weekly everything; a mismatch freezes the book.

It runs outside any unit of work, because reading a large book takes long.
"""

import logging
from datetime import UTC, datetime, timedelta

from sqlalchemy.orm import Session

from ledger.audit.checks.finding import Difference
from ledger.audit.checks.log_ins import find_unlinked, unlinked_words
from ledger.audit.checks.strays import find_strays, stray_words
from ledger.audit.naming.words import row_words
from ledger.audit.verifying import queries, runs
from ledger.audit.verifying.service import SILENT_AFTER, begin
from ledger.kernel import clock, job_runs
from ledger.kernel.actor import system_actor
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.ids import public_id
from ledger.points.closing import freezing

_log = logging.getLogger(__name__)
NAME = "verify"
_NIGHT = range(2, 6)
_WHOLE_BOOK_EVERY = timedelta(days=7)
# A missed night (a computer switched off in the evening) is made up for by day.
_OVERDUE = timedelta(hours=36)


def verify_tonight(center_id: int, at: datetime) -> bool:
    """Verify a center unless tonight's verification is done; returns whether it ran. `at` is by the machine's clock."""
    if not in_snapshot(_due, center_id, at=at):
        return False
    run_id = in_transaction(_begin, center_id, at=at)
    if run_id is None:
        return False
    found = runs.carry_out(run_id, center_id)
    for strays in in_snapshot(find_strays):
        # No center has them, so there is no book to freeze.
        _log.error(stray_words(strays))
    unlinked = in_snapshot(find_unlinked, center_id)
    if not unlinked.clean:
        # The book is right; some people can't enter.
        _log.error(unlinked_words(unlinked))
    if found is not None and found.difference is not None and not found.known:
        in_transaction(_freeze, center_id, found.difference, run_id=run_id)
    return True


def _due(session: Session, center_id: int, *, at: datetime) -> bool:
    """At night, or when the last run is long ago; not while another run is under way."""
    running = queries.find_running(session, center_id)
    if running is not None and running.beat_at > at - SILENT_AFTER:
        return False
    if at.astimezone(clock.zone()).hour in _NIGHT:
        return True
    last = queries.find_last_heard(session, center_id)
    return last is not None and last < at - _OVERDUE


def _begin(session: Session, center_id: int, *, at: datetime) -> int | None:
    """Claim the night for this process; None if another process has it."""
    night = at.astimezone(clock.zone()).replace(hour=0, minute=0, second=0, microsecond=0)
    if not job_runs.claim(session, f"{NAME}:{public_id(center_id)}", night.astimezone(UTC)):
        return None
    whole = queries.find_last_full(session, center_id)
    since_last = whole is not None and whole > clock.now() - _WHOLE_BOOK_EVERY
    run = begin(session, actor=system_actor(center_id), since_last=since_last)
    return int(run["id"]) if run["begun"] else None


def _freeze(session: Session, center_id: int, difference: Difference, *, run_id: int) -> int:
    return freezing.freeze(session, center_id, reason=row_words(difference), run_id=run_id)
