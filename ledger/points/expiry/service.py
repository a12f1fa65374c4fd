"""Expiry: a run over lots past their last day is prepared, reviewed, released by two people, and carried out.

A run expires each lot by one transfer to the breakage account of the month, at most once, so it may be repeated.
Held points wait for the next run. Minutes have no lots and never expire.
"""

from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.kernel import clock
from ledger.kernel.actor import Actor, system_actor
from ledger.kernel.errors import Conflict, Rejected
from ledger.kernel.ids import new_id
from ledger.kernel.paths import ROOT
from ledger.kernel.permissions import Permission
from ledger.kernel.types import table_of
from ledger.points.book import opening, service
from ledger.points.expiry import queries
from ledger.points.expiry.models import ExpiryRun
from ledger.points.expiry.queries import DueLot, RunView
from ledger.points.lots.policy import GRACE
from ledger.points.policy import AccountKey, Movement, Source

_run = table_of(ExpiryRun)
_LOTS_PER_UNIT = 50


def last_day_over() -> date:
    """The latest last day whose grace has also passed: lots good until then or earlier may expire."""
    return clock.today() - GRACE - (date.resolution)


def prepare(session: Session, ends_on: date, *, actor: Actor) -> int:
    """Prepare a run over lots good until `ends_on` or earlier, for review; nothing moves. Returns its key.

    Raises Rejected("points.expiry_too_early" | "points.nothing_expires"), Forbidden("access.denied").
    """
    actor.need(Permission.PROPOSE, ROOT)
    if ends_on > last_day_over():
        raise Rejected("points.expiry_too_early", last_day=last_day_over().isoformat())
    lots, amount = queries.sum_due(session, actor.center_id, ends_on)
    if not lots:
        raise Rejected("points.nothing_expires")
    run_id = new_id()
    row = {
        "center_id": actor.center_id,
        "id": run_id,
        "ends_on": ends_on,
        "status": "prepared",
        "expected_lots": lots,
        "expected_amount": amount,
        "expired_lots": 0,
        "expired_amount": 0,
        "prepared_by": actor.identity_id,
        "prepared_at": clock.now(),
    }
    session.connection().execute(sa.insert(_run), row)
    return run_id


def drop(session: Session, run_id: int, *, actor: Actor) -> None:
    """Drop a run that is not released yet. Raises Conflict("points.expiry_wrong_state"), Forbidden("access.denied")."""
    actor.need(Permission.PROPOSE, ROOT)
    queries.get_run(session, run_id, actor.center_id)
    _step(session, run_id, actor.center_id, expected="prepared", values={"status": "dropped"})


def get_prepared(session: Session, run_id: int, center_id: int) -> RunView:
    """A run that is neither released nor dropped. Raises NotFound, Conflict("points.expiry_wrong_state")."""
    run = queries.get_run(session, run_id, center_id)
    if run.status != "prepared":
        raise Conflict("points.expiry_wrong_state")
    return run


def release(session: Session, run_id: int, *, actor: Actor) -> None:
    """Release a prepared run to the job. Raises NotFound, Conflict("points.expiry_wrong_state")."""
    queries.get_run(session, run_id, actor.center_id)
    values = {"status": "released", "released_by": actor.identity_id, "released_at": clock.now()}
    _step(session, run_id, actor.center_id, expected="prepared", values=values)


def carry_out(session: Session, center_id: int, *, limit: int = _LOTS_PER_UNIT) -> int:
    """Expire the next lots of the oldest released run. Returns how many were due; at 0 the run is done.

    One at a time: a second job waits for the run's lock and sees what the first has done.
    """
    run = queries.find_released(session, center_id)
    if run is None:
        return 0
    found = queries.due_lots(session, run, center_id, limit=limit)
    due = _locked(session, found, run, center_id)
    amount = sum(_expire(session, lot, run, center_id) for lot in due)
    values: dict[str, object] = {
        "expired_lots": run.expired_lots + len(due),
        "expired_amount": run.expired_amount + amount,
    }
    if not found:
        values |= {"status": "done", "finished_at": clock.now()}
    _step(session, run.id, center_id, expected="released", values=values)
    return len(found)


def _locked(session: Session, due: list[DueLot], run: RunView, center_id: int) -> list[DueLot]:
    """The lots that are still due once their accounts are locked."""
    if not due:
        return []
    keys = {AccountKey(lot.unit, "member", lot.owner_id) for lot in due}
    opening.lock_accounts(session, keys, center_id)
    return queries.due_lots(session, run, center_id, limit=len(due), among=[lot.id for lot in due])


def _expire(session: Session, lot: DueLot, run: RunView, center_id: int) -> int:
    breakage = AccountKey(lot.unit, "breakage", run.ends_on.year * 100 + run.ends_on.month)
    member = AccountKey(lot.unit, "member", lot.owner_id)
    service.post(
        session,
        [Movement(member, breakage, lot.amount, "expiry", lot_id=lot.id)],
        source=Source("lot", str(lot.id), queries.step_of(run.id)),
        actor=system_actor(center_id),
        reason="expiry",
        evidence={"run": run.id, "ends_on": run.ends_on, "released_by": run.released_by},
    )
    return lot.amount


def _step(session: Session, run_id: int, center_id: int, *, expected: str, values: dict[str, object]) -> None:
    """Update a run that is still in the expected state. Raises Conflict("points.expiry_wrong_state")."""
    still = (_run.c.center_id == center_id, _run.c.id == run_id, _run.c.status == expected)
    if session.connection().execute(sa.update(_run).where(*still).values(values)).rowcount != 1:
        raise Conflict("points.expiry_wrong_state")
