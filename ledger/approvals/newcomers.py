"""People whom a proposal would add to the center: nobody there until it is approved.

What is known of them is sealed, and goes as soon as the proposal ends or they become somebody of the center otherwise.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.approvals.models import Newcomer, Proposal
from ledger.kernel.chunks import chunks
from ledger.kernel.ids import parse_public_id, public_id
from ledger.kernel.types import table_of

_newcomer, _proposal = table_of(Newcomer), table_of(Proposal)
_PREFIX = "identity:"
_FIELDS = ("identity_id", "name", "name_index", "phone", "phone_index")


@dataclass(frozen=True, slots=True)
class NewcomerView:
    """Somebody who would be added, with the key that their log-in would have; `phone` is E.164."""

    identity_id: int
    name: str
    name_index: str
    phone: str
    phone_index: str


def ref_of(identity_id: int) -> str:
    """What a proposal about this person is about."""
    return f"{_PREFIX}{public_id(identity_id)}"


def announce(session: Session, who: NewcomerView, center_id: int) -> None:
    """Keep what a proposal says of somebody new until it ends."""
    session.connection().execute(sa.insert(_newcomer), {"center_id": center_id, **asdict(who)})


def newcomers(session: Session, identity_ids: Iterable[int], center_id: int) -> dict[int, NewcomerView]:
    """Those of these people who would be added, by key."""
    query = sa.select(*(_newcomer.c[name] for name in _FIELDS)).where(_newcomer.c.center_id == center_id)
    return {
        row.identity_id: NewcomerView(*row)
        for part in chunks(identity_ids)
        for row in session.connection().execute(query.where(_newcomer.c.identity_id.in_(part)))
    }


def newcomer_with_phone(session: Session, phone_index: str | None, center_id: int) -> int | None:
    """The key of whoever would be added with this number."""
    own = (_newcomer.c.center_id == center_id, _newcomer.c.phone_index == phone_index)
    return session.connection().execute(sa.select(_newcomer.c.identity_id).where(*own)).scalar()


def claim(session: Session, people: Iterable[tuple[str | None, str]], center_id: int) -> dict[str, int]:
    """The keys of those who become somebody of the center now, by the digest of the number; they wait no more.

    People are given by the digests of number and name, and must have both. Their proposals are locked, so that nobody
    decides by what these people were before.
    """
    names = {phone: name for phone, name in people if phone is not None}
    query = sa.select(_newcomer.c.identity_id, _newcomer.c.phone_index, _newcomer.c.name_index)
    waiting = [
        row
        for part in chunks(names)
        for row in session.connection().execute(
            query.where(_newcomer.c.center_id == center_id, _newcomer.c.phone_index.in_(part))
        )
    ]
    same = [row for row in waiting if names[row.phone_index] == row.name_index]
    return {row.phone_index: row.identity_id for row in same if _take(session, row.identity_id, center_id)}


def forget(session: Session, subject_ref: str, center_id: int) -> None:
    """Delete what a proposal about this subject said of somebody new."""
    if subject_ref.startswith(_PREFIX):
        _delete(session, parse_public_id(subject_ref.removeprefix(_PREFIX)), center_id)


def _take(session: Session, identity_id: int, center_id: int) -> bool:
    waits = (_proposal.c.status == sa.literal_column("'proposed'"), _proposal.c.subject_ref == ref_of(identity_id))
    about = sa.select(_proposal.c.id).where(_proposal.c.center_id == center_id, *waits)
    session.connection().execute(about.with_for_update()).all()
    return _delete(session, identity_id, center_id)


def _delete(session: Session, identity_id: int, center_id: int) -> bool:
    own = (_newcomer.c.center_id == center_id, _newcomer.c.identity_id == identity_id)
    return session.connection().execute(sa.delete(_newcomer).where(*own)).rowcount > 0
