"""What people do with their own log-ins: see them, end them, and change the password."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.kernel import clock
from ledger.kernel.actor import Actor
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.errors import NotFound, Rejected
from ledger.kernel.ids import public_id
from ledger.kernel.types import table_of
from ledger.people.access import credentials, events, proving
from ledger.people.access.devices import Device
from ledger.people.access.passwords import hash_password, refuse_guessable
from ledger.people.access.proving import Given
from ledger.people.identities.queries import lock_password, names_of, phone_of
from ledger.people.models import LoginSession
from ledger.places.queries import find_center

_session = table_of(LoginSession)
# Whoever has more of them ends all at once.
MOST_SHOWN = 100


@dataclass(frozen=True, slots=True)
class OwnSession:
    """A log-in that is open. `kind`: "browser", "phone" or "device", which calls the API. `current`: the one in use."""

    id: int
    kind: str
    created_at: datetime
    used_at: datetime
    expires_at: datetime
    current: bool


@dataclass(frozen=True, slots=True)
class _Owner:
    """What a new password is checked by."""

    phone: str
    names: list[str]
    words: list[str]


def own_sessions(session: Session, actor: Actor) -> list[OwnSession]:
    """The actor's open log-ins in the center, the latest used first; at most MOST_SHOWN."""
    live = _session.c.revoked_at.is_(None), _session.c.expires_at > clock.now(), _session.c.used_at <= clock.latest()
    query = sa.select(_session).where(*_own(actor), *live).order_by(_session.c.used_at.desc(), _session.c.id.desc())
    rows = session.connection().execute(query.limit(MOST_SHOWN))
    return [
        OwnSession(
            id=row.id,
            kind=row.kind,
            created_at=row.created_at,
            used_at=row.used_at,
            expires_at=row.expires_at,
            current=f"session:{public_id(row.id)}" == actor.origin,
        )
        for row in rows
    ]


def end_own_session(session: Session, session_id: int, *, actor: Actor) -> None:
    """End one of the actor's log-ins; one that is over stays so. Raises NotFound("people.session_not_found")."""
    mine = *_own(actor), _session.c.id == session_id
    if session.connection().execute(sa.select(_session.c.id).where(*mine)).first() is None:
        raise NotFound("people.session_not_found")
    end = sa.update(_session).where(*mine, _session.c.revoked_at.is_(None)).values(revoked_at=clock.now())
    session.connection().execute(end)


def log_out_everywhere(session: Session, *, actor: Actor) -> None:
    """End all of the actor's log-ins in the center, the one in use too."""
    credentials.revoke_all_sessions(session, actor.identity_id, actor.center_id)
    _record(session, actor, events.LOGGED_OUT)


def change_password(
    old: str,
    new: str,
    *,
    actor: Actor,
    address: str | None,
    totp: str | None = None,
    device: Device | None = None,
) -> None:
    """Replace the actor's password, and end all their other log-ins and their codes.

    A wrong old password counts as a miss at log-in does, so whoever finds a phone unlocked can't guess on. Who has a
    second factor gives a code too, unless they gave one just now. Raises TooMany("request.too_many"),
    Rejected("people.old_password_wrong" | "people.own_totp_wrong"), and for the new one what passwords.hash_password
    raises.
    """
    asks_code = in_snapshot(proving.missing_proof, actor) == "totp"
    code = (totp or "") if asks_code else None
    candidate = proving.prove(actor, Given(address, password=old, totp=code, device=device))
    owner = in_snapshot(_owner, actor)
    password_hash = hash_password(new, phone=owner.phone, names=owner.names)
    refuse_guessable(new, phone=owner.phone, words=owner.words)
    in_transaction(_replace, candidate.password_hash, password_hash, actor=actor)


def _replace(session: Session, old_hash: str | None, new_hash: str, *, actor: Actor) -> None:
    """Store the new hash if the old password is still the one that was right."""
    if lock_password(session, actor.identity_id, actor.center_id) != old_hash:
        raise Rejected("people.old_password_wrong")
    kept = next((each.id for each in own_sessions(session, actor) if each.current), None)
    made = (events.PASSWORD_CHANGED, actor.identity_id)
    credentials.set_password(session, actor.identity_id, actor.center_id, password_hash=new_hash, made=made, kept=kept)


def _owner(session: Session, actor: Actor) -> _Owner:
    names = names_of(session, [actor.identity_id], actor.center_id)
    center = find_center(session, actor.center_id)
    phone = phone_of(session, actor.identity_id, actor.center_id) or public_id(actor.identity_id)
    return _Owner(phone, list(names.values()), [center.name] if center else [])


def _record(session: Session, actor: Actor, kind: str) -> None:
    events.record(session, actor.identity_id, kind, made_by=actor.identity_id, center_id=actor.center_id)


def _own(actor: Actor) -> tuple[sa.ColumnElement[bool], ...]:
    return _session.c.center_id == actor.center_id, _session.c.identity_id == actor.identity_id
