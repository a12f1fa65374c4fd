"""Writes of the audit: begin a verification, note its progress, store its result."""

import json
from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.audit.checks.finding import Difference
from ledger.audit.verifying import queries
from ledger.audit.verifying.models import VerificationRun
from ledger.audit.verifying.verify import Verification
from ledger.kernel import clock
from ledger.kernel.actor import Actor
from ledger.kernel.clocks import SystemClock
from ledger.kernel.ids import new_id
from ledger.kernel.paths import ROOT
from ledger.kernel.permissions import Permission
from ledger.kernel.types import table_of

SILENT_AFTER = timedelta(minutes=2)
_run = table_of(VerificationRun)
# Whether a process is alive depends on the machine's clock, even in a rehearsal whose own clock stands still.
_machine = SystemClock()


def begin(session: Session, *, actor: Actor, since_last: bool = False) -> dict[str, Any]:
    """Begin a run, or return the one under way: {"id", "begun"}; if `begun`, the caller must carry it out.

    With `since_last` the run covers only what came since the last one, if that was clean. Raises
    Forbidden("access.denied").
    """
    actor.need(Permission.READ_BOOKS, ROOT)
    running = queries.find_running(session, actor.center_id)
    if running is not None and running.beat_at > _machine.now() - SILENT_AFTER:
        return {"id": running.id, "begun": False}
    if running is not None:
        _end(session, running.id, actor.center_id, {"status": "failed"})
    base = queries.find_base(session, actor.center_id) if since_last else None
    row = {
        "center_id": actor.center_id,
        "id": new_id(),
        "status": "running",
        "started_by": actor.identity_id,
        "started_at": clock.now(),
        "beat_at": _machine.now(),
        "step": "",
        "since_size": base.size if base is not None else None,
        **dict.fromkeys(("done", "total", "accounts", "batches", "transfers"), 0),
    }
    session.connection().execute(sa.insert(_run), row)
    return {"id": row["id"], "begun": True}


def note_progress(session: Session, run_id: int, center_id: int, *, step: str, done: int, total: int) -> None:
    """Store the progress of a run."""
    values = {"step": step, "done": done, "total": total, "beat_at": _machine.now()}
    session.connection().execute(_of(run_id, center_id).values(values))


def finish(session: Session, run_id: int, found: Verification) -> None:
    """Store the result of a run."""
    difference = found.difference
    values = {
        "status": "clean" if difference is None else "different",
        "accounts": found.accounts,
        "batches": found.batches,
        "transfers": found.transfers,
        "difference": None if difference is None else write_difference(difference, found.differences),
        "log_size": found.log.size if found.log is not None else None,
        "log_root": found.log.root if found.log is not None else None,
    }
    _end(session, run_id, found.center_id, values)


def give_up(session: Session, run_id: int, center_id: int) -> None:
    """End a failed run without a result."""
    _end(session, run_id, center_id, {"status": "failed"})


def write_difference(difference: Difference, others: Iterable[Difference] = ()) -> str:
    """A difference as JSON together with all others found; times in ISO 8601."""
    values = asdict(difference) | {"others": [asdict(each) for each in others if each != difference]}
    return json.dumps(values, default=datetime.isoformat)


def _end(session: Session, run_id: int, center_id: int, values: dict[str, Any]) -> None:
    ended = {"finished_at": clock.now(), "beat_at": _machine.now()}
    session.connection().execute(_of(run_id, center_id).values(values | ended))


def _of(run_id: int, center_id: int) -> sa.Update:
    still = (_run.c.center_id == center_id, _run.c.id == run_id, _run.c.status == "running")
    return sa.update(_run).where(*still)
