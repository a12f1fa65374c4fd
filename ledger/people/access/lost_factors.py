"""The end of somebody's lost second factor: two people agree, or it is done on the server."""

from functools import partial

from sqlalchemy.orm import Session

from ledger.kernel.actor import Actor
from ledger.kernel.ids import public_id
from ledger.kernel.signals import signal
from ledger.people.access import credentials, events, factors
from ledger.people.access.sessions import level_in
from ledger.people.levels import DECIDER

NAME = "people.factor"
# Who decides or audits has none from now on until they turn one on again.
SIGNAL = "people.factor_ended"


def end_factor(session: Session, identity_id: int, *, actor: Actor, about: str, by: int) -> None:
    """End a person's second factor and their log-ins; the person's row is locked, and the factor is on.

    `about` is the proposal, and `by` made it. Of somebody who decides or audits it is a signal.
    """
    center_id = actor.center_id
    factors.turn_off(session, identity_id, center_id, ended_by=actor.identity_id, about=about, proposed_by=by)
    credentials.end_sessions_and_codes(session, identity_id, center_id)
    note = partial(events.record, session, identity_id, made_by=actor.identity_id, center_id=center_id)
    note(events.SESSIONS_ENDED, about=about, proposed_by=by)
    if level_in(session, identity_id, center_id) == DECIDER:
        signal(session, SIGNAL, [about, f"identity:{public_id(identity_id)}"], center_id=center_id)
