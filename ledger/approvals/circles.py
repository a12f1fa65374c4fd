"""Whether people decide for one another in turn: each for whoever decided for them, two of them or three."""

from datetime import timedelta

from sqlalchemy.orm import Session

from ledger.approvals import queries
from ledger.approvals.asked import Holder
from ledger.approvals.desk import AUDITS, IN_TURN, Desk
from ledger.approvals.queries import ProposalView
from ledger.kernel import clock
from ledger.kernel.actor import Actor

_LATELY = timedelta(days=30)


def remark_circle(session: Session, proposal: ProposalView, *, actor: Actor, desk: Desk) -> tuple[str, ...]:
    """(IN_TURN,) if who gains by this has lately decided for the actor, or for somebody who has. It is allowed."""
    matter, kind = desk.matter(proposal, actor.center_id), desk.kind(proposal.kind)
    if not matter.gains:
        return ()
    others = desk.holders(session, (*kind.decide, *AUDITS), actor.center_id)
    gains = {each.identity_id for each in others if each.identity_id == matter.person or _is(each, matter.member_id)}
    if not gains:
        return ()
    since = clock.now() - _LATELY
    decided_for_me = queries.deciders_for(
        session, actor.identity_id, actor.volunteer_id, center_id=actor.center_id, since=since
    )
    between = [each for each in others if each.identity_id in decided_for_me]
    decided_for_them = [
        queries.deciders_for(session, each.identity_id, each.volunteer_id, center_id=actor.center_id, since=since)
        for each in between
    ]
    return (IN_TURN,) if gains & decided_for_me.union(*decided_for_them) else ()


def _is(holder: Holder, member_id: int | None) -> bool:
    return member_id is not None and holder.volunteer_id == member_id
