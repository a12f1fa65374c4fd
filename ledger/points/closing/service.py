"""Closing and reopening a month; each takes two people and a proposal.

A month can be closed once it is over and all earlier months are closed; only the last closed one can be reopened.
"""

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.approvals.desk import Subject, Values
from ledger.approvals.queries import ProposalView
from ledger.kernel import clock
from ledger.kernel.actor import Actor
from ledger.kernel.errors import Conflict, Rejected
from ledger.kernel.types import table_of
from ledger.points.closing import freezing, periods
from ledger.points.closing.models import Period
from ledger.points.closing.months import following, month_end, month_of, month_start, preceding

_period = table_of(Period)


def _check_closing(session: Session, month: str, center_id: int) -> None:
    """Raises the refusals of closing a month."""
    if month_end(month, clock.zone()) > clock.now():
        raise Rejected("points.period_not_over", month=month)
    last = periods.find_last(session, center_id)
    if last is not None and month < last.first_open:
        raise Conflict("points.period_closed", month=month)
    expected = periods.periods(session, center_id).to_close or month_of(clock.now(), clock.zone())
    if month != expected:
        raise Rejected("points.period_not_next", expected=expected)


def _check_reopening(session: Session, month: str, center_id: int) -> None:
    """Raises the refusals of reopening a month."""
    month_start(month, clock.zone())
    last = periods.find_last(session, center_id)
    if last is None or month >= last.first_open:
        raise Conflict("points.period_not_closed", month=month)
    newest = preceding(last.first_open)
    if month != newest:
        raise Rejected("points.period_not_last", last=newest)


def check_close(session: Session, values: Values, actor: Actor) -> Subject:
    """Check a proposal to close a month. Returns its subject.

    Raises Rejected("points.period_invalid" | "points.period_not_over" | "points.period_not_next"),
    Conflict("points.period_closed").
    """
    _check_closing(session, values["month"], actor.center_id)
    return Subject(values["month"])


def check_reopen(session: Session, values: Values, actor: Actor) -> Subject:
    """Check a proposal to reopen a month. Returns its subject.

    Raises Rejected("points.period_invalid" | "points.period_not_last"), Conflict("points.period_not_closed").
    """
    _check_reopening(session, values["month"], actor.center_id)
    return Subject(values["month"])


def close(session: Session, values: Values, proposal: ProposalView, actor: Actor) -> str:
    """Close the proposed month. Returns a reference to the turn. Raises what `check_close` raises."""
    return _turn_over(session, values["month"], "closed", proposal, actor=actor)


def reopen(session: Session, values: Values, proposal: ProposalView, actor: Actor) -> str:
    """Reopen the proposed month. Returns a reference to the turn. Raises what `check_reopen` raises."""
    return _turn_over(session, values["month"], "reopened", proposal, actor=actor)


def _turn_over(session: Session, month: str, event: str, proposal: ProposalView, *, actor: Actor) -> str:
    """Write the turn once nobody is posting into the month. Returns a reference to it."""
    freezing.refuse_frozen(session, actor.center_id)
    periods.wait_for_postings(session, actor.center_id)
    check = _check_closing if event == "closed" else _check_reopening
    check(session, month, actor.center_id)
    last = periods.find_last(session, actor.center_id)
    row = {
        "center_id": actor.center_id,
        "number": last.number + 1 if last is not None else 1,
        "month": month,
        "event": event,
        "closed_until": month_start(following(month) if event == "closed" else month, clock.zone()),
        "happened_at": clock.now(),
        "proposal_id": proposal.id,
        "decided_by": actor.identity_id,
    }
    session.connection().execute(sa.insert(_period), row)
    return f"period:{month}:{row['number']}"
