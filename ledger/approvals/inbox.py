"""What waits for one reader: the proposals that they may decide on now, and those that wait for others."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from ledger.approvals import queries
from ledger.approvals.desk import Desk
from ledger.kernel.actor import Actor

# Each is asked about by itself. Nobody has so many to decide on.
MOST_ASKED = 50


@dataclass(frozen=True, slots=True)
class Inbox:
    """How many open proposals the reader may decide on, of the oldest `MOST_ASKED`, and how many wait for others."""

    mine: int
    others: int


def inbox(session: Session, actor: Actor, desk: Desk) -> Inbox:
    """Count what waits for the reader, and what waits for others."""
    asked = queries.waiting(session, actor.center_id, most=MOST_ASKED)
    mine = sum(desk.say_of(session, actor, each).why_not is None for each in asked)
    total = len(asked) if len(asked) < MOST_ASKED else queries.count_waiting(session, actor.center_id)
    return Inbox(mine, total - mine)
