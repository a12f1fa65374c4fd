"""What takes two people about households: the facts that bar a decider are not written by one person alone.

Who decides or audits moves between households by a proposal, and so does everybody who leaves a household in which such
a person lives, or changes over to one. To say for the first time that somebody lives there takes one person, because
whole villages are registered in one list; it is a signal.
"""

from collections.abc import Collection, Mapping

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.kernel import clock
from ledger.kernel.actor import SYSTEM_IDENTITY, Actor
from ledger.kernel.errors import Forbidden
from ledger.kernel.ids import public_id
from ledger.kernel.signals import signal
from ledger.kernel.types import table_of
from ledger.people.households.together import (
    Span,
    households_of,
    households_of_numbers,
    identities_by_volunteer,
    of_late,
)
from ledger.people.levels import DECIDER, level_of
from ledger.people.models import RoleGrant
from ledger.people.terms import in_force

SIGNAL = "people.decider_household"
_TAKES_TWO = "people.household_takes_two"
_grant = table_of(RoleGrant)
Move = tuple[int | None, int | None]


def need_no_second(session: Session, moves: Mapping[int, Move], actor: Actor) -> None:
    """Check that one person may move these volunteers, each from one household to another, None for none.

    Raises Forbidden("people.household_takes_two").
    """
    told = {who: (({old} if old else set()), goal) for who, (old, goal) in moves.items()}
    people = identities_by_volunteer(session, moves, actor.center_id)
    news = _first_told(session, {people[who]: said for who, said in told.items()}, actor)
    if news:
        evidence = [f"volunteer:{public_id(who)}" for who in moves if people[who] in news]
        signal(session, SIGNAL, evidence, center_id=actor.center_id)


def need_said_before(session: Session, identity_id: int, number: str | None, actor: Actor) -> None:
    """Check what one person says about somebody's household at a grant. Raises as `need_no_second` does."""
    known = households_of(session, [identity_id], actor.center_id, Span(clock.now())).get(identity_id, set())
    goal = None if number is None else next(iter(households_of_numbers(session, [number], actor.center_id)), 0)
    if goal in known or (goal is None and not known):
        return
    if _first_told(session, {identity_id: (known, goal)}, actor):
        signal(session, SIGNAL, [f"identity:{public_id(identity_id)}"], center_id=actor.center_id)


def takes_two(session: Session, identity_id: int, center_id: int) -> bool:
    """Whether it takes two people to move this person out of where they live now."""
    who_decides = _deciders(session, center_id)
    if identity_id in who_decides:
        return True
    mine = households_of(session, [identity_id], center_id, Span(clock.now())).get(identity_id, set())
    return bool(mine & _guarded(session, who_decides, center_id))


def who_take_two(session: Session, actor: Actor) -> set[int]:
    """The log-ins whose household this actor alone can't say, not even for the first time: who decides or audits."""
    return set() if actor.identity_id == SYSTEM_IDENTITY else _deciders(session, actor.center_id)


def _first_told(session: Session, told: Mapping[int, tuple[Collection[int], int | None]], actor: Actor) -> set[int]:
    """Those of whom it is said for the first time that they live with somebody who decides or audits."""
    if actor.identity_id == SYSTEM_IDENTITY:
        return set()
    who_decides = _deciders(session, actor.center_id)
    guarded = _guarded(session, who_decides, actor.center_id)
    news = {who for who, (known, goal) in told.items() if goal in guarded and not known}
    for who, (known, goal) in told.items():
        if who in who_decides or guarded & {*known} or (goal in guarded and known):
            raise Forbidden(_TAKES_TWO)
    return news


def _deciders(session: Session, center_id: int) -> set[int]:
    """Everybody who decides or audits now."""
    query = sa.select(_grant.c.identity_id, _grant.c.role, _grant.c.place_path)
    found = session.connection().execute(
        query.where(_grant.c.center_id == center_id, *in_force()), {"today": clock.today()}
    )
    return {row.identity_id for row in found if level_of([(row.role, row.place_path)]) == DECIDER}


def _guarded(session: Session, who_decides: Collection[int], center_id: int) -> set[int]:
    """The households of these people, of late."""
    found = households_of(session, who_decides, center_id, of_late())
    return {each for theirs in found.values() for each in theirs}
