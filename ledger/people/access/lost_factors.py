"""The end of somebody's lost second factor: two people agree, or it is done on the server."""

from datetime import datetime

from sqlalchemy.orm import Session

from ledger.approvals.queries import find_waiting, get_proposal
from ledger.kernel.actor import Actor
from ledger.kernel.errors import Conflict, Rejected
from ledger.kernel.ids import public_id
from ledger.kernel.signals import signal
from ledger.people.access import credentials, factors
from ledger.people.access.sessions import level_in
from ledger.people.levels import DECIDER

NAME = factors.LOST
# Whoever decides or audits has none from now on until they turn one on again.
SIGNAL = "people.factor_ended"


def end_factor(session: Session, identity_id: int, *, actor: Actor, about: str, by: int) -> None:
    """End a person's second factor and their log-ins; the person's row is locked, and the factor is on.

    `about` is the proposal, and `by` made it. Of somebody who decides or audits it is a signal.
    """
    center_id = actor.center_id
    factors.turn_off(session, identity_id, actor=actor, about=about, proposed_by=by)
    credentials.end_sessions_and_codes(session, identity_id, actor=actor, about=about, by=by)
    if level_in(session, identity_id, center_id) == DECIDER:
        signal(session, SIGNAL, [about, f"identity:{public_id(identity_id)}"], center_id=center_id)


def waits_since(session: Session, identity_id: int, center_id: int) -> datetime | None:
    """When somebody proposed to end this person's second factor, if it waits for a decision."""
    waiting = find_waiting(session, center_id, NAME, f"identity:{public_id(identity_id)}")
    return None if waiting is None else get_proposal(session, waiting, center_id).proposed_at


def need_same(session: Session, identity_id: int, center_id: int, *, since: datetime) -> None:
    """Refuse what was proposed before the present factor: it was about another one.

    Raises Rejected("people.factor_off"), Conflict("people.factor_other").
    """
    found = factors.find_factor(session, identity_id, center_id)
    if found is None:
        raise Rejected("people.factor_off")
    if found.confirmed_at > since:
        raise Conflict("people.factor_other")
