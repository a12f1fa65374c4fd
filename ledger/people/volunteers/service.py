"""Writes to volunteers and their cards; registration of many is in registration.py."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.kernel import clock
from ledger.kernel.actor import Actor
from ledger.kernel.chunks import chunks
from ledger.kernel.crypto import token_hash
from ledger.kernel.errors import NotFound
from ledger.kernel.ids import new_id
from ledger.people.identities.service import prepare
from ledger.people.lookups import looking_up
from ledger.people.managing import need_to_manage
from ledger.people.models import Card
from ledger.people.volunteers.card_tokens import new_token
from ledger.people.volunteers.registration import NewVolunteer, register_volunteers
from ledger.places.queries import is_demonstration


@dataclass(frozen=True, slots=True)
class IssuedCard:
    """A new card; the token is printed and only its digest is stored."""

    card_id: int
    token: str


def register_volunteer(
    session: Session,
    *,
    name: str,
    phone: str | None = None,
    gender: str | None = None,
    id_last4: str | None = None,
    place_id: int | None = None,
    actor: Actor,
) -> int:
    """Make a person a volunteer of the actor's center and return the volunteer's id.

    Raises Forbidden("access.denied"), NotFound("people.place_not_found"), Rejected("people.phone_taken" and the other
    refusals of identities.prepare), TooMany("request.too_many").
    """
    person = prepare(
        name=name,
        center_id=actor.center_id,
        phone=phone,
        gender=gender,
        id_last4=id_last4,
        demonstration=is_demonstration(session, actor.center_id),
    )
    with looking_up(session, actor, "people.phone_taken", "people.name_differs"):
        return register_volunteers(session, [NewVolunteer(person, place_id)], actor=actor)[0]


def issue_card(session: Session, volunteer_id: int, *, actor: Actor, expires_on: date | None = None) -> IssuedCard:
    """Issue a card; the volunteer's earlier cards stop working.

    Raises NotFound("people.volunteer_not_found"), Forbidden("access.denied").
    """
    return issue_cards(session, [volunteer_id], actor=actor, expires_on=expires_on)[0]


def issue_cards(
    session: Session,
    volunteer_ids: Sequence[int],
    *,
    actor: Actor,
    tokens: Sequence[str] | None = None,
    expires_on: date | None = None,
) -> list[IssuedCard]:
    """Issue a card to each volunteer, in the same order; tokens of 26 base32 characters are random unless given.

    Raises what `issue_card` raises.
    """
    need_to_manage(session, volunteer_ids, actor)
    at = clock.now()
    _revoke_cards_of(session, volunteer_ids, actor.center_id, at)
    drawn = tokens if tokens is not None else [new_token() for _ in volunteer_ids]
    issued = [IssuedCard(new_id(), token.upper()) for token in drawn]
    rows = [
        {
            "center_id": actor.center_id,
            "id": card.card_id,
            "volunteer_id": volunteer_id,
            "token_hash": token_hash(card.token),
            "issued_by": actor.identity_id,
            "issued_at": at,
            "expires_on": expires_on,
            "revoked_at": None,
        }
        for card, volunteer_id in zip(issued, volunteer_ids, strict=True)
    ]
    if rows:
        session.connection().execute(sa.insert(Card), rows)
    return issued


def revoke_card(session: Session, card_id: int, *, actor: Actor) -> None:
    """Revoke a card that was lost or returned. A repeat changes nothing.

    Raises NotFound("people.card_not_found"), Forbidden("access.denied").
    """
    query = sa.select(Card.volunteer_id).where(Card.center_id == actor.center_id, Card.id == card_id)
    volunteer_id = session.connection().execute(query).scalar()
    if volunteer_id is None:
        raise NotFound("people.card_not_found")
    need_to_manage(session, [volunteer_id], actor)
    change = (
        sa.update(Card)
        .where(Card.center_id == actor.center_id, Card.id == card_id, Card.revoked_at.is_(None))
        .values(revoked_at=clock.now())
    )
    session.connection().execute(change)


def _revoke_cards_of(session: Session, volunteer_ids: Sequence[int], center_id: int, at: datetime) -> None:
    for part in chunks(volunteer_ids):
        change = (
            sa.update(Card)
            .where(Card.center_id == center_id, Card.volunteer_id.in_(part), Card.revoked_at.is_(None))
            .values(revoked_at=at)
        )
        session.connection().execute(change)
