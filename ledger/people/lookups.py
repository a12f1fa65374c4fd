"""A limit on looking people up by what a stranger can count up or guess: number, phone, card, code.

What a list gives to managers of a place needs none, because it is cut to the places held. A lookup that ends in a
refusal is counted with the refusal, in the same unit, by who looks in which center.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.orm import Session

from ledger.kernel.actor import SYSTEM_IDENTITY, Actor
from ledger.kernel.errors import Conflict, Keep, Rejected, TooMany
from ledger.kernel.rate_limit import Limit, Try, give_back, hit, wait

# A clerk with twenty people waiting mistypes a few numbers; who counts up numbers needs thousands.
LOOKUPS = Limit("lookup", 60, 600)


@contextmanager
def looking_up(session: Session, actor: Actor, *codes: str) -> Iterator[None]:
    """Count a lookup that is refused with one of the codes, or with any if none are named.

    Raises TooMany("request.too_many", seconds=…) if the actor has missed too often.
    """
    if actor.identity_id == SYSTEM_IDENTITY:
        yield
        return
    _refuse_many(session, actor)
    try:
        yield
    except (Rejected, Conflict) as refusal:
        if not codes or refusal.code in codes:
            refusal.keep = _and_count(refusal.keep, actor)
        raise


def count_listed(session: Session, actor: Actor, people: int) -> None:
    """Count as many lookups as people of whom a list is about to tell, though the actor doesn't manage them.

    Call it before it tells. Raises Rejected("people.list_of_others", most=…) if they are more than the limit leaves,
    and TooMany("request.too_many", seconds=…), whomever the list names, if the actor has missed too often before.
    """
    if actor.identity_id == SYSTEM_IDENTITY:
        return
    _refuse_many(session, actor)

    def count(session: Session) -> None:
        hit(session, *_counted(actor), times=people)

    if people and hit(session, *_counted(actor), times=people):
        raise Rejected("people.list_of_others", keep=count, most=LOOKUPS.most)


def count_told(session: Session, actor: Actor) -> None:
    """Count one person whose name the answer shows, though the actor doesn't manage them: hits can be counted up too.

    Raises TooMany("request.too_many", seconds=…) above the limit; then nothing is shown.
    """
    seconds = 0 if actor.identity_id == SYSTEM_IDENTITY else hit(session, *_counted(actor))
    if seconds:
        raise TooMany("request.too_many", seconds=seconds)


def _refuse_many(session: Session, actor: Actor) -> None:
    seconds = wait(session, *_counted(actor))
    if seconds:
        raise TooMany("request.too_many", seconds=seconds)


def found(session: Session, actor: Actor) -> None:
    """Take one miss back, that of a question about a person which is answered now; something was recorded by it.

    Only the caller knows whose question it was: call it once for each.
    """
    give_back(session, _counted(actor))


def _and_count(keep: Keep | None, actor: Actor) -> Keep:
    def both(session: Session) -> None:
        if keep is not None:
            keep(session)
        hit(session, *_counted(actor))

    return both


def _counted(actor: Actor) -> Try:
    return LOOKUPS, f"{actor.center_id} {actor.identity_id}"
