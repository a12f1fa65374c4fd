"""Run a verification beside the requests, in its own thread, with its progress in the database."""

import logging
import threading
import time
from dataclasses import dataclass

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ledger.audit.checks.scope import LogHead
from ledger.audit.verifying import queries, service
from ledger.audit.verifying.verify import Progress, Verification, verify
from ledger.kernel import runtime
from ledger.kernel.actor import Actor
from ledger.kernel.cores import roam
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.runtime import Runtime
from ledger.points.sealing import service as sealing

_log = logging.getLogger(__name__)
_TELL_EVERY_SECONDS = 0.5


@dataclass(slots=True)
class Teller:
    """Reports the progress of a run at a moderate rate, to the database and to `also`."""

    run_id: int
    center_id: int
    also: Progress | None = None
    last: float = 0.0

    def __call__(self, step: str, done: int, total: int) -> None:
        if time.monotonic() - self.last < _TELL_EVERY_SECONDS:
            # Let other threads of this process answer requests.
            time.sleep(0)
            return
        self.last = time.monotonic()
        in_transaction(service.note_progress, self.run_id, self.center_id, step=step, done=done, total=total)
        if self.also is not None:
            self.also(step, done, total)


def start(*, actor: Actor, wait_seconds: float = 0) -> int:
    """Begin a verification of the actor's center, or join the one under way; returns its id.

    Waits up to `wait_seconds` for its end, so that a small book is answered at once. Raises Forbidden("access.denied").
    """
    run = in_transaction(service.begin, actor=actor)
    if run["begun"]:
        thread = threading.Thread(target=_begin, args=(runtime.current(), run["id"], actor.center_id), daemon=True)
        thread.start()
        thread.join(wait_seconds)
    return int(run["id"])


def _begin(here: Runtime, run_id: int, center_id: int) -> None:
    runtime.use(here)
    roam()
    carry_out(run_id, center_id)


def carry_out(run_id: int, center_id: int) -> Verification | None:
    """Seal pending batches, verify, and store the result; log an exception, store the run as failed, return None."""
    try:
        found = verify_now(run_id, center_id)
        in_transaction(service.finish, run_id, found)
    except Exception:
        _log.exception("the verification failed")
        in_transaction(service.give_up, run_id, center_id)
        return None
    return found


def verify_now(
    run_id: int, center_id: int, *, also: Progress | None = None, against: LogHead | None = None
) -> Verification:
    """Verify what the run covers, with everything sealed first; `also` receives the progress too."""
    seal_what_waits(center_id)
    return in_snapshot(_verify, run_id, center_id, progress=Teller(run_id, center_id, also), against=against)


def seal_what_waits(center_id: int) -> None:
    """Seal every pending batch so that the verification covers it; a damaged log is left to the checks."""
    try:
        while in_transaction(sealing.seal, center_id) >= sealing.MOST_PER_BLOCK:
            pass
    except (LookupError, IntegrityError):
        _log.exception("what waits can't be sealed")


def _verify(
    session: Session, run_id: int, center_id: int, *, progress: Progress, against: LogHead | None
) -> Verification:
    size = queries.get_run(session, run_id, center_id).since_size
    base = queries.find_base(session, center_id)
    since = base if base is not None and base.size == size else None
    known = queries.known_differences(session, center_id)
    return verify(session, center_id, progress=progress, since=since, against=against, known=known)
