"""Reads of volunteers and their cards: by id, card, number and phone, and names to show."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.kernel.actor import Actor
from ledger.kernel.chunks import chunks
from ledger.kernel.crypto import token_hash
from ledger.kernel.errors import NotFound
from ledger.kernel.paging import Page, PageRequest, fetch_page
from ledger.kernel.paths import under
from ledger.kernel.permissions import Permission
from ledger.kernel.prepared import Prepared
from ledger.people.households.queries import number_of_household
from ledger.people.identities.queries import find_identity_by_phone, name_index
from ledger.people.models import Card, Identity, Volunteer
from ledger.people.policy import mask_name
from ledger.places.models import Place

_volunteer, _identity, _card = Volunteer.__table__, Identity.__table__, Card.__table__
_place = Place.__table__


@dataclass(frozen=True, slots=True)
class VolunteerView:
    """A volunteer as staff at the place may see them; strangers see `masked_name`."""

    id: int
    identity_id: int
    number: str
    name: str
    masked_name: str
    status: str
    place_id: int
    place_path: str
    registered_at: datetime


@dataclass(frozen=True, slots=True)
class VolunteerDetails:
    """Personal data of a volunteer, for managers of volunteers."""

    phone: str | None
    gender: str | None
    id_last4: str | None
    has_password: bool
    household: str | None


@dataclass(frozen=True, slots=True)
class CardView:
    """A printed card; the token itself is not stored."""

    id: int
    volunteer_id: int
    issued_at: datetime
    expires_on: date | None
    revoked_at: datetime | None


_VOLUNTEER_COLUMNS = (
    _volunteer.c.id,
    _volunteer.c.identity_id,
    _volunteer.c.number,
    _identity.c.name,
    _volunteer.c.status,
    _volunteer.c.place_id,
    _place.c.path,
    _volunteer.c.registered_at,
)
_of_identity = sa.and_(_identity.c.center_id == _volunteer.c.center_id, _identity.c.id == _volunteer.c.identity_id)
_VOLUNTEER = (
    sa.select(*_VOLUNTEER_COLUMNS)
    .join(_identity, _of_identity)
    .join(
        _place,
        sa.and_(_place.c.center_id == _volunteer.c.center_id, _place.c.id == _volunteer.c.place_id),
    )
    .where(_volunteer.c.center_id == sa.bindparam("center"))
)
_BY_ID = Prepared(_VOLUNTEER.where(_volunteer.c.id == sa.bindparam("id")))
_BY_IDS = _VOLUNTEER.where(_volunteer.c.id.in_(sa.bindparam("ids", expanding=True)))
_BY_NUMBER = Prepared(_VOLUNTEER.where(_volunteer.c.number == sa.bindparam("number")))
_BY_IDENTITY = _VOLUNTEER.where(_volunteer.c.identity_id == sa.bindparam("identity"))
_CARD = sa.select(_card.c.id, _card.c.volunteer_id, _card.c.issued_at, _card.c.expires_on, _card.c.revoked_at).where(
    _card.c.center_id == sa.bindparam("center")
)
_CARD_BY_TOKEN = Prepared(_CARD.where(_card.c.token_hash == sa.bindparam("hash")))
_CARDS_OF = _CARD.where(_card.c.volunteer_id == sa.bindparam("volunteer")).order_by(_card.c.issued_at.desc())
_OF_IDS = (
    _volunteer.c.center_id == sa.bindparam("center"),
    _volunteer.c.id.in_(sa.bindparam("ids", expanding=True)),
)
_NAMES = sa.select(_volunteer.c.id, _identity.c.name).join(_identity, _of_identity).where(*_OF_IDS)
_NAMES_AND_PLACES = (
    sa.select(_volunteer.c.id, _identity.c.name, _place.c.path)
    .join(_identity, _of_identity)
    .join(_place, sa.and_(_place.c.center_id == _volunteer.c.center_id, _place.c.id == _volunteer.c.place_id))
    .where(*_OF_IDS)
)


def get_volunteer(session: Session, volunteer_id: int, center_id: int) -> VolunteerView:
    """A volunteer of the center. Raises NotFound("people.volunteer_not_found")."""
    rows = _BY_ID.rows(session, {"center": center_id, "id": volunteer_id})
    if not rows:
        raise NotFound("people.volunteer_not_found")
    return _volunteer_view(rows[0])


def volunteer_rows(session: Session, volunteer_ids: Sequence[int], center_id: int) -> list[VolunteerView]:
    """Volunteers by id, at most chunks.MOST_AT_ONCE."""
    rows = session.connection().execute(_BY_IDS, {"center": center_id, "ids": volunteer_ids})
    return [_volunteer_view(row) for row in rows]


def get_volunteer_details(session: Session, volunteer_id: int, center_id: int) -> VolunteerDetails:
    """The personal part of a volunteer. Raises NotFound("people.volunteer_not_found")."""
    query = (
        sa.select(*(Identity.phone, Identity.gender, Identity.id_last4, Identity.password_hash), number_of_household())
        .join(Volunteer, _of_identity)
        .where(Volunteer.center_id == center_id, Volunteer.id == volunteer_id)
    )
    row = session.execute(query).one_or_none()
    if row is None:
        raise NotFound("people.volunteer_not_found")
    return VolunteerDetails(row.phone, row.gender, row.id_last4, row.password_hash is not None, row.household)


def find_volunteer_by_number(session: Session, number: str, center_id: int) -> VolunteerView | None:
    """A volunteer by the number on the card."""
    rows = _BY_NUMBER.rows(session, {"center": center_id, "number": number})
    return _volunteer_view(rows[0]) if rows else None


def find_volunteer_by_phone(session: Session, phone: str, center_id: int) -> VolunteerView | None:
    """A volunteer by full phone number, in any notation."""
    identity_id = find_identity_by_phone(session, phone, center_id)
    return None if identity_id is None else find_volunteer_by_identity(session, identity_id, center_id)


def find_volunteer_by_identity(session: Session, identity_id: int, center_id: int) -> VolunteerView | None:
    """The volunteer of the center with this identity."""
    row = session.connection().execute(_BY_IDENTITY, {"center": center_id, "identity": identity_id}).one_or_none()
    return None if row is None else _volunteer_view(row)


def find_volunteer_by_card(session: Session, token: str, center_id: int) -> CardView | None:
    """The card with this token, even if it is revoked or expired: the caller distinguishes the two."""
    parameters = {"center": center_id, "hash": token_hash(token.strip().upper())}
    rows = _CARD_BY_TOKEN.rows(session, parameters)
    return CardView(*rows[0]) if rows else None


def cards_of(session: Session, volunteer_id: int, center_id: int) -> list[CardView]:
    """All cards of a volunteer, newest first."""
    rows = session.connection().execute(_CARDS_OF, {"center": center_id, "volunteer": volunteer_id})
    return [CardView(*row) for row in rows]


def masked_names(session: Session, volunteer_ids: Iterable[int], center_id: int) -> dict[int, str]:
    """Names by volunteer as anybody may read them who meets the person."""
    return {row.id: mask_name(row.name) for row in _named(session, _NAMES, volunteer_ids, center_id)}


def names_for(session: Session, volunteer_ids: Iterable[int], actor: Actor) -> dict[int, str]:
    """Names by volunteer as the actor may read them: in full their own and those of people whose place they manage."""
    return {
        row.id: row.name
        if row.id == actor.volunteer_id or actor.may(Permission.MANAGE_VOLUNTEERS, row.path)
        else mask_name(row.name)
        for row in _named(session, _NAMES_AND_PLACES, volunteer_ids, actor.center_id)
    }


def _named(session: Session, query: sa.Select[Any], volunteer_ids: Iterable[int], center_id: int) -> Iterator[Any]:
    for part in chunks(volunteer_ids):
        yield from session.execute(query, {"center": center_id, "ids": part})


def list_volunteers(
    session: Session,
    actor: Actor,
    *,
    request: PageRequest,
    place_path: str | None = None,
    name: str | None = None,
    number: str | None = None,
    phone: str | None = None,
    status: str | None = None,
    ids: sa.Select[Any] | None = None,
) -> Page[VolunteerView]:
    """Volunteers at places whose volunteers the actor manages, sorted by number by default.

    `place_path` filters by a place and everything under it, `name` is a whole name, because names are encrypted; `ids`
    is a selection of volunteer ids (members of a team or household).
    """
    actor.need_somewhere(Permission.MANAGE_VOLUNTEERS)
    query = _list_query(actor)
    if place_path:
        query = query.where(under(_place.c.path, [place_path]))
    if name:
        query = query.where(Identity.name_index == name_index(name, actor.center_id))
    if number:
        query = query.where(Volunteer.number == number)
    if phone:
        identity_id = find_identity_by_phone(session, phone, actor.center_id)
        query = query.where(Volunteer.identity_id == (identity_id or 0))
    if status:
        query = query.where(Volunteer.status == status)
    if ids is not None:
        query = query.where(Volunteer.id.in_(ids))
    sorts = {"number": Volunteer.number, "registered_at": Volunteer.registered_at}
    return fetch_page(session, query, request=request, sorts=sorts, tie=Volunteer.id, make=_volunteer_view)


def _list_query(actor: Actor) -> sa.Select[Any]:
    mine = under(_place.c.path, actor.paths(Permission.MANAGE_VOLUNTEERS))
    return _VOLUNTEER.where(mine).params(center=actor.center_id)


def _volunteer_view(row: Sequence[Any]) -> VolunteerView:
    """Make a view of a row of `_VOLUNTEER`."""
    own = row[: len(_VOLUNTEER_COLUMNS)]
    volunteer_id, identity_id, number, name, status, place_id, place_path, registered_at = own
    return VolunteerView(
        id=volunteer_id,
        identity_id=identity_id,
        number=number,
        name=name,
        masked_name=mask_name(name),
        status=status,
        place_id=place_id,
        place_path=place_path,
        registered_at=registered_at,
    )
