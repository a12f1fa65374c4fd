"""Credentials: activation codes on paper, passwords, and revocable log-in sessions."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.kernel import clock
from ledger.kernel.actor import SYSTEM_IDENTITY, Actor
from ledger.kernel.crypto import keyring, token_hash
from ledger.kernel.errors import Forbidden, NotFound, Rejected
from ledger.kernel.ids import new_id
from ledger.kernel.paths import ROOT
from ledger.kernel.permissions import Permission
from ledger.kernel.sweeping import sweep
from ledger.kernel.types import table_of
from ledger.people.access.sessions import roles_of
from ledger.people.identities.queries import find_identity_by_phone
from ledger.people.models import ActivationCode, Identity, LoginSession, RoleGrant
from ledger.people.volunteers.queries import find_volunteer_by_identity

# No letter that looks like a digit on paper.
_ALPHABET = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"
_CODE_LENGTH, _CODE_GROUP = 12, 4
CODE_LASTS = timedelta(days=7)
SESSION_LASTS: dict[str, timedelta] = {"browser": timedelta(hours=12), "device": timedelta(days=30)}
# A volunteer's own phone stays logged in; staff share computers and log in each day.
VOLUNTEERS_BROWSER_LASTS = timedelta(days=30)
# Records name the log-in behind them, so log-ins are kept for a while after they end.
_SESSIONS_KEPT = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class OpenedSession:
    """A new log-in; the token is shown only once and stored as a digest."""

    token: str
    expires_at: datetime


def make_activation_code(session: Session, identity_id: int, *, actor: Actor) -> str:
    """Make a code for paper (ABCD-EFGH-JKMN) that sets a password once within 7 days; earlier codes stop working.

    Raises Forbidden("access.denied"), Forbidden("people.staff_elsewhere") if the person works for another center,
    NotFound("people.identity_not_found").
    """
    _may_give_password(session, identity_id, actor)
    letters = "".join(secrets.choice(_ALPHABET) for _ in range(_CODE_LENGTH))
    now = clock.now()
    _end_codes(session, identity_id)
    row = {
        "code_hash": _code_hash(letters),
        "identity_id": identity_id,
        "made_by": actor.identity_id,
        "made_at": now,
        "expires_at": now + CODE_LASTS,
        "used_at": None,
    }
    session.connection().execute(sa.insert(ActivationCode), row)
    return "-".join(letters[start : start + _CODE_GROUP] for start in range(0, _CODE_LENGTH, _CODE_GROUP))


def set_password_with_code(session: Session, *, phone: str, code: str, password_hash: str) -> int:
    """Use up an activation code and end all of the person's log-in sessions. Returns the identity.

    Call passwords.hash_password before the unit to make `password_hash`. Raises
    Rejected("people.activation_code_invalid") for every mismatch of phone and code.
    """
    identity_id = find_identity_by_phone(session, phone)
    now = clock.now()
    spend = (
        sa.update(ActivationCode)
        .where(
            ActivationCode.code_hash == _code_hash(code),
            ActivationCode.identity_id == identity_id,
            ActivationCode.used_at.is_(None),
            ActivationCode.expires_at > now,
        )
        .values(used_at=now)
        .returning(ActivationCode.identity_id)
    )
    if identity_id is None or session.connection().execute(spend).scalar() is None:
        raise Rejected("people.activation_code_invalid")
    set_password(session, identity_id, password_hash=password_hash)
    return identity_id


def set_password(session: Session, identity_id: int, *, password_hash: str) -> None:
    """Store a new hash and end all of the person's log-in sessions and activation codes.

    Checks no permission: for operators' commands, and for people who have just authenticated.
    """
    change = sa.update(Identity).where(Identity.id == identity_id).values(password_hash=password_hash)
    session.connection().execute(change)
    _end_codes(session, identity_id)
    revoke_all_sessions(session, identity_id)


def open_session(
    session: Session, identity_id: int, *, kind: Literal["browser", "device"], center_id: int
) -> OpenedSession:
    """Log a person in to a center: 12 hours in a browser (30 days without a role), 30 days on a device."""
    token = secrets.token_urlsafe(32)
    now = clock.now()
    working = kind == "device" or bool(roles_of(session, identity_id, center_id))
    expires_at = now + (SESSION_LASTS[kind] if working else VOLUNTEERS_BROWSER_LASTS)
    row = {
        "token_hash": token_hash(token),
        "id": new_id(),
        "identity_id": identity_id,
        "center_id": center_id,
        "kind": kind,
        "created_at": now,
        "expires_at": expires_at,
        "revoked_at": None,
    }
    session.connection().execute(sa.insert(LoginSession), row)
    return OpenedSession(token, expires_at)


def revoke_session(session: Session, token: str) -> None:
    """End the log-in session with this token, if there is one."""
    _revoke(session, LoginSession.token_hash == token_hash(token))


def revoke_all_sessions(session: Session, identity_id: int) -> None:
    """End every log-in session of a person, on all devices."""
    _revoke(session, LoginSession.identity_id == identity_id)


def forget_codes(session: Session) -> int:
    """Sweep expired activation codes."""
    return sweep(session, table_of(ActivationCode), ActivationCode.expires_at <= clock.now())


def forget_log_ins(session: Session) -> int:
    """Sweep log-ins that ended a month ago."""
    return sweep(session, table_of(LoginSession), LoginSession.expires_at < clock.now() - _SESSIONS_KEPT)


def _may_give_password(session: Session, identity_id: int, actor: Actor) -> None:
    """A code is as good as the password, so the actor must outrank every role of the person."""
    if session.connection().execute(sa.select(Identity.id).where(Identity.id == identity_id)).scalar() is None:
        raise NotFound("people.identity_not_found")
    if actor.identity_id == SYSTEM_IDENTITY:
        return
    query = sa.select(RoleGrant.center_id, RoleGrant.place_path).where(
        RoleGrant.identity_id == identity_id, RoleGrant.revoked_at.is_(None)
    )
    grants = session.connection().execute(query).all()
    if any(grant.center_id != actor.center_id for grant in grants):
        raise Forbidden("people.staff_elsewhere")
    for grant in grants:
        actor.need(Permission.MANAGE_STAFF, grant.place_path)
    volunteer = find_volunteer_by_identity(session, identity_id, actor.center_id)
    if volunteer is not None and not grants:
        actor.need(Permission.MANAGE_VOLUNTEERS, volunteer.place_path)
    if volunteer is None and not grants:
        actor.need(Permission.MANAGE_STAFF, ROOT)


def _end_codes(session: Session, identity_id: int) -> None:
    delete = sa.delete(ActivationCode).where(
        ActivationCode.identity_id == identity_id, ActivationCode.used_at.is_(None)
    )
    session.connection().execute(delete)


def _revoke(session: Session, which: sa.ColumnElement[bool]) -> None:
    change = sa.update(LoginSession).where(which, LoginSession.revoked_at.is_(None)).values(revoked_at=clock.now())
    session.connection().execute(change)


def _code_hash(code: str) -> str:
    """A keyed digest: with a copy of the database, 59 bits alone could be brute-forced."""
    letters = "".join(letter for letter in code.upper() if letter in _ALPHABET)
    return keyring().index(letters, purpose="activation_code")
