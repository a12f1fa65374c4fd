"""Carries a verification out beside the requests: in a thread of its own, telling the database how far it is."""

import logging
import threading
import time
from dataclasses import dataclass

from ledger.audit import service
from ledger.audit.verification import Progress, verify
from ledger.kernel import db
from ledger.kernel.actor import Actor
from ledger.kernel.db import Database, in_snapshot, in_transaction

_log = logging.getLogger(__name__)
_TELL_EVERY_SECONDS = 0.5


@dataclass(slots=True)
class Teller:
    """Tells how far a run is, often enough to watch and seldom enough to cost nothing; `also` is told the same."""

    run_id: int
    center_id: int
    also: Progress | None = None
    last: float = 0.0

    def __call__(self, step: str, done: int, total: int) -> None:
        if time.monotonic() - self.last < _TELL_EVERY_SECONDS:
            # Other threads of this process answer requests meanwhile.
            time.sleep(0)
            return
        self.last = time.monotonic()
        in_transaction(service.note_progress, self.run_id, self.center_id, step=step, done=done, total=total)
        if self.also is not None:
            self.also(step, done, total)


def start(database: Database, *, actor: Actor, wait_seconds: float = 0) -> int:
    """Begin a verification of the actor's center, or join the one under way; its id.

    Waits for its end for so long, so that who asks about a small book has the answer at once. Raises
    Forbidden("access.denied").
    """
    run = in_transaction(service.begin, actor=actor)
    if run["begun"]:
        thread = threading.Thread(target=carry_out, args=(database, run["id"], actor.center_id), daemon=True)
        thread.start()
        thread.join(wait_seconds)
    return int(run["id"])


def carry_out(database: Database, run_id: int, center_id: int) -> None:
    """Verify and keep what was found; a fault is logged and kept as such."""
    db.use(database)
    try:
        found = in_snapshot(verify, center_id, progress=Teller(run_id, center_id))
        in_transaction(service.finish, run_id, found)
    except Exception:
        _log.exception("the verification failed")
        in_transaction(service.give_up, run_id, center_id)
