"""What was done with people's credentials and roles: rows that are added and never changed, without personal text."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.kernel import clock
from ledger.kernel.ids import new_id
from ledger.kernel.paging import Page, PageRequest, fetch_page
from ledger.kernel.types import table_of
from ledger.people.models import CredentialEvent

_event = table_of(CredentialEvent)
CODE_MADE, CODE_USED = "code_made", "code_used"
PASSWORD_SET, PASSWORD_CHANGED, LOGGED_OUT = "password_set", "password_changed", "logged_out"
CREDENTIALS_ENDED, SESSIONS_ENDED = "credentials_ended", "sessions_ended"
FACTOR_MADE, FACTOR_USED, FACTOR_ENDED = "factor_made", "factor_used", "factor_ended"
FACTOR_TRIED = "factor_tried"
RECOVERY_MADE, RECOVERY_USED = "recovery_made", "recovery_used"
ROLE_GRANTED, ROLE_REVOKED = "role_granted", "role_revoked"
RENAMED, PHONE_CHANGED = "renamed", "phone_changed"
# Whoever gave somebody one of these gave them what they decide with.
_GIVES = (CODE_MADE, ROLE_GRANTED)
_MOST_RECENT = 50


@dataclass(frozen=True, slots=True)
class EventView:
    """What was done with a person's credentials or role."""

    id: int
    identity_id: int
    kind: str
    made_by: int
    proposed_by: int | None
    at: datetime
    about: str
    reason: str


def record(
    session: Session,
    identity_id: int,
    kind: str,
    *,
    made_by: int,
    center_id: int,
    about: str = "",
    proposed_by: int | None = None,
    reason: str = "",
) -> int:
    """Add what was done to the unit; returns its id."""
    event_id = new_id()
    row = {
        "center_id": center_id,
        "id": event_id,
        "identity_id": identity_id,
        "kind": kind,
        "made_by": made_by,
        "proposed_by": proposed_by,
        "at": clock.now(),
        "about": about,
        "reason": reason,
    }
    session.connection().execute(sa.insert(_event), row)
    return event_id


def happened(session: Session, kind: str, about: str, center_id: int) -> bool:
    """Whether this was done about it before."""
    own = (_event.c.center_id == center_id, _event.c.about == about, _event.c.kind == kind)
    return session.connection().execute(sa.select(_event.c.id).where(*own).limit(1)).first() is not None


def has_moved(session: Session, identity_id: int, center_id: int, *, since: datetime) -> bool:
    """Whether a person's level has risen or fallen since then, or their number has changed.

    A rise ends credentials, a role's end sessions.
    """
    own = (_event.c.center_id == center_id, _event.c.identity_id == identity_id, _event.c.at >= since)
    fell = sa.and_(_event.c.kind == SESSIONS_ENDED, _event.c.about.like("grant:%"))
    query = (
        sa.select(_event.c.id).where(*own, sa.or_(_event.c.kind.in_((CREDENTIALS_ENDED, PHONE_CHANGED)), fell)).limit(1)
    )
    return session.connection().execute(query).first() is not None


def used_since(session: Session, identity_id: int, since: datetime, center_id: int) -> bool:
    """Whether the person has set a password by a code since then."""
    own = (_event.c.center_id == center_id, _event.c.identity_id == identity_id, _event.c.at >= since)
    return (
        session.connection().execute(sa.select(_event.c.id).where(*own, _event.c.kind == CODE_USED).limit(1)).first()
        is not None
    )


def has_had_password(session: Session, identity_id: int, center_id: int) -> bool:
    """Whether the person has ever set a password, or was given one on the server."""
    own = (_event.c.center_id == center_id, _event.c.identity_id == identity_id)
    query = sa.select(_event.c.id).where(*own, _event.c.kind.in_((CODE_USED, PASSWORD_SET, PASSWORD_CHANGED))).limit(1)
    return session.connection().execute(query).first() is not None


def given_by(session: Session, identity_id: int, giver_id: int, center_id: int, *, since: timedelta) -> bool:
    """Whether a person has got a role or a code from the giver within this time, or because the giver proposed it."""
    own = (_event.c.center_id == center_id, _event.c.identity_id == identity_id, _event.c.at >= clock.now() - since)
    giver = sa.or_(_event.c.made_by == giver_id, _event.c.proposed_by == giver_id)
    query = sa.select(_event.c.id).where(*own, _event.c.kind.in_(_GIVES), giver).limit(1)
    return session.connection().execute(query).first() is not None


def list_events(
    session: Session, center_id: int, *, identity_id: int | None = None, request: PageRequest
) -> Page[EventView]:
    """What was done in a center, or with one person's credentials; newest first by default."""
    query = sa.select(_event).where(_event.c.center_id == center_id)
    if identity_id is not None:
        query = query.where(_event.c.identity_id == identity_id)
    return fetch_page(
        session,
        query,
        request=request,
        sorts={"at": CredentialEvent.at},
        tie=CredentialEvent.id,
        make=_view,
        usual="-at",
    )


def revoked_since(session: Session, center_id: int, since: datetime) -> list[EventView]:
    """The roles that somebody revoked since a time, newest first; a span, so that only its own events are read."""
    own = (_event.c.center_id == center_id, _event.c.at.between(since, clock.now()), _event.c.kind == ROLE_REVOKED)
    query = sa.select(_event).where(*own).order_by(_event.c.at.desc(), _event.c.id.desc()).limit(_MOST_RECENT)
    return [_view(row) for row in session.connection().execute(query)]


def _view(row: "sa.Row[tuple[object, ...]]") -> EventView:
    return EventView(**{name: getattr(row, name) for name in EventView.__slots__})
