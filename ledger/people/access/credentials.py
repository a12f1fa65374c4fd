"""Credentials of the log-ins of a center: activation codes on paper, passwords, and revocable sessions."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Literal

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.kernel import clock
from ledger.kernel.actor import SYSTEM_IDENTITY, Actor
from ledger.kernel.crypto import keyring
from ledger.kernel.errors import Forbidden, Rejected
from ledger.kernel.ids import new_id, public_id
from ledger.kernel.sweeping import sweep
from ledger.kernel.types import table_of
from ledger.people.access import events
from ledger.people.access.authority import need_say
from ledger.people.access.candidates import LogIn, centers_of_phone
from ledger.people.access.idle import ends_after
from ledger.people.access.sessions import level_in, roles_of
from ledger.people.access.tokens import new_token, read_token
from ledger.people.ending import end_codes, end_sessions, replace_password
from ledger.people.identities.queries import find_identity_by_phone, lock_password
from ledger.people.levels import CODE_LASTS, DECIDER
from ledger.people.models import ActivationCode, LoginSession
from ledger.people.policy import phone_key

_session = table_of(LoginSession)
# No letter that looks like a digit on paper.
_ALPHABET = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"
_CODE_LENGTH, _CODE_GROUP = 12, 4
Kind = Literal["browser", "phone", "device"]
# Records name the log-in behind them, so log-ins are kept for a while after they end.
_SESSIONS_KEPT = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class OpenedSession:
    """A new log-in; the token is shown only once and stored as a digest."""

    token: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class CodeOwner:
    """The log-in whose password a code has set."""

    identity_id: int
    center_id: int


def slip_fragment(code: str, center_id: int) -> str:
    """What follows the # in the address on a slip: a browser keeps it to itself, so that no log ever holds a code."""
    return f"{public_id(center_id)}.{code}"


def make_activation_code(session: Session, identity_id: int, *, actor: Actor, reason: str = "") -> str:
    """Make a code for paper (ABCD-EFGH-JKMN) that sets a password once; earlier codes stop working.

    It is for the log-in in the actor's center alone, and lasts for `code_lasts`. `reason` is for what is done on
    the server. Raises Forbidden("people.code_takes_two"), and what `need_say` raises.
    """
    need_say(session, identity_id, actor)
    if level_in(session, identity_id, actor.center_id) == DECIDER and actor.identity_id != SYSTEM_IDENTITY:
        raise Forbidden("people.code_takes_two")
    return store_code(session, identity_id, actor=actor, reason=reason)


def store_code(
    session: Session,
    identity_id: int,
    *,
    actor: Actor,
    about: str = "",
    proposed_by: int | None = None,
    reason: str = "",
) -> str:
    """Make a code for a person whose row is locked, whoever may; `about` is the proposal that it comes from."""
    letters = "".join(secrets.choice(_ALPHABET) for _ in range(_CODE_LENGTH))
    now = clock.now()
    end_codes(session, identity_id, actor.center_id)
    row = {
        "center_id": actor.center_id,
        "code_hash": _code_hash(letters),
        "identity_id": identity_id,
        "made_by": actor.identity_id,
        "made_at": now,
        "expires_at": now + code_lasts(session, identity_id, actor.center_id),
        "used_at": None,
    }
    session.connection().execute(sa.insert(ActivationCode), row)
    events.record(
        session,
        identity_id,
        events.CODE_MADE,
        made_by=actor.identity_id,
        center_id=actor.center_id,
        about=about,
        proposed_by=proposed_by,
        reason=reason,
    )
    return "-".join(letters[start : start + _CODE_GROUP] for start in range(0, _CODE_LENGTH, _CODE_GROUP))


def code_lasts(session: Session, identity_id: int, center_id: int) -> timedelta:
    """How long a new code for this person is good: 7 days, or 24 hours if they decide or audit."""
    return CODE_LASTS[level_in(session, identity_id, center_id)]


def set_password_with_code(
    session: Session,
    *,
    phone: str,
    code: str,
    center_id: int | None = None,
    password_hash: str,
    check: Callable[[Session, CodeOwner], None] | None = None,
    missed: Callable[[Session, list[LogIn]], None] | None = None,
) -> CodeOwner:
    """Use up an activation code of the center, or else of any in which the number has a log-in.

    Ends all of its owner's log-in sessions there. Call passwords.hash_password before the unit to make
    `password_hash`; `check` may refuse it for its owner, and the code stays. `missed` keeps the log-ins of the number
    that a wrong code was tried on. Raises Rejected("people.activation_code_invalid") for every mismatch of phone and
    code.
    """
    tried: list[LogIn] = []
    number = phone_key(phone)
    centers = [] if number is None else [center_id] if center_id is not None else centers_of_phone(session, number)
    for center in centers:
        identity_id = find_identity_by_phone(session, phone, center)
        if identity_id is None:
            continue
        tried.append((center, identity_id))
        if _spend_code(session, identity_id, center, code):
            owner = CodeOwner(identity_id, center)
            if check is not None:
                check(session, owner)
            made = (events.CODE_USED, identity_id)
            set_password(session, identity_id, center, password_hash=password_hash, made=made)
            return owner
    raise Rejected(
        "people.activation_code_invalid", keep=None if missed is None else lambda session: missed(session, tried)
    )


def code_fits(session: Session, *, phone: str, code: str, center_id: int | None) -> bool:
    """Whether the code is in force for this number, in the center or else in any; it stays."""
    number = phone_key(phone)
    centers = [] if number is None else [center_id] if center_id is not None else centers_of_phone(session, number)
    for center in centers:
        identity_id = find_identity_by_phone(session, phone, center)
        live = _live(identity_id or 0, center, code)
        if session.connection().execute(sa.select(ActivationCode.identity_id).where(*live)).first() is not None:
            return True
    return False


def _spend_code(session: Session, identity_id: int, center_id: int, code: str) -> bool:
    """Use up the code if it is this person's and in force; whether it was. Their roles can't change meanwhile."""
    lock_password(session, identity_id, center_id)
    spend = sa.update(ActivationCode).where(*_live(identity_id, center_id, code)).values(used_at=clock.now())
    spent = session.connection().execute(spend.returning(ActivationCode.identity_id))
    return spent.scalar() is not None


def _live(identity_id: int, center_id: int, code: str) -> tuple["sa.ColumnElement[bool]", ...]:
    """Conditions: this code is this person's, unused and not over; nor was it made by a clock that was fast."""
    return (
        ActivationCode.center_id == center_id,
        ActivationCode.code_hash == _code_hash(code),
        ActivationCode.identity_id == identity_id,
        ActivationCode.used_at.is_(None),
        ActivationCode.expires_at > clock.now(),
        ActivationCode.made_at <= clock.latest(),
    )


def set_password(
    session: Session,
    identity_id: int,
    center_id: int,
    *,
    password_hash: str,
    made: tuple[str, int] = (events.PASSWORD_SET, SYSTEM_IDENTITY),
    kept: int | None = None,
) -> None:
    """Store a new hash and end all of the person's log-in sessions, except `kept`, and activation codes in the center.

    `made` is how it is kept, and by whom: usually on the server. Checks no permission: for operators' commands, and for
    people who have just authenticated.
    """
    replace_password(session, identity_id, center_id, password_hash, kept)
    how, made_by = made
    events.record(session, identity_id, how, made_by=made_by, center_id=center_id)


def end_credentials(session: Session, identity_id: int, center_id: int) -> None:
    """Clear a person's password and end all of their codes and log-in sessions in the center, whoever made them."""
    replace_password(session, identity_id, center_id, None)


def end_sessions_and_codes(
    session: Session, identity_id: int, *, actor: Actor, about: str = "", by: int | None = None, reason: str = ""
) -> None:
    """End all of a person's codes and log-in sessions in the actor's center; the password stays.

    It is kept as an event: `about` what, proposed by whom if it took two, and for what `reason`.
    """
    end_codes(session, identity_id, actor.center_id)
    revoke_all_sessions(session, identity_id, actor.center_id)
    note = partial(events.record, session, identity_id, made_by=actor.identity_id, center_id=actor.center_id)
    note(events.SESSIONS_ENDED, about=about, proposed_by=by, reason=reason)


def open_session(
    session: Session, identity_id: int, *, kind: Kind, center_id: int, with_factor: bool = False
) -> OpenedSession:
    """Log a person in who has just given the password, and a code if `with_factor`; unused it ends (see idle.py)."""
    token, key = new_token(center_id)
    now = clock.now()
    expires_at = now + ends_after(is_staff=bool(roles_of(session, identity_id, center_id)))
    row = {
        "center_id": center_id,
        "token_hash": key.token_hash,
        "id": new_id(),
        "identity_id": identity_id,
        "kind": kind,
        "created_at": now,
        "used_at": now,
        "expires_at": expires_at,
        "revoked_at": None,
        "password_at": now,
        "factor_at": now if with_factor else None,
    }
    session.connection().execute(sa.insert(LoginSession), row)
    return OpenedSession(token, expires_at)


def note_use(session: Session, token: str) -> datetime | None:
    """Note a use of the log-in with this token. Returns when it ends without another; None if it is over."""
    key = read_token(token)
    if key is None:
        return None
    now = clock.now()
    mine = _session.c.center_id == key.center_id, _session.c.token_hash == key.token_hash
    live = *mine, _session.c.revoked_at.is_(None), _session.c.expires_at > now, _session.c.used_at <= clock.latest()
    connection = session.connection()
    identity_id = connection.execute(sa.select(_session.c.identity_id).where(*live)).scalar()
    if identity_id is None:
        return None
    expires_at = now + ends_after(is_staff=bool(roles_of(session, identity_id, key.center_id)))
    noted = sa.update(_session).where(*live).values(used_at=now, expires_at=expires_at)
    return expires_at if connection.execute(noted).rowcount else None


def revoke_session(session: Session, token: str) -> None:
    """End the log-in session with this token, if there is one."""
    key = read_token(token)
    if key is not None:
        end_sessions(session, key.center_id, LoginSession.token_hash == key.token_hash)


def revoke_all_sessions(session: Session, identity_id: int, center_id: int, *, kept: int | None = None) -> None:
    """End every log-in session of a person in the center, on all devices, except `kept`."""
    end_sessions(
        session, center_id, sa.and_(_session.c.identity_id == identity_id, _session.c.id.is_distinct_from(kept))
    )


def forget_codes(session: Session, center_id: int) -> int:
    """Sweep the center's expired activation codes."""
    over = (ActivationCode.center_id == center_id, ActivationCode.expires_at <= clock.now())
    return sweep(session, table_of(ActivationCode), *over)


def forget_log_ins(session: Session, center_id: int) -> int:
    """Sweep the center's log-ins that ended a month ago."""
    over = (LoginSession.center_id == center_id, LoginSession.expires_at < clock.now() - _SESSIONS_KEPT)
    return sweep(session, table_of(LoginSession), *over)


def _code_hash(code: str) -> str:
    """A keyed digest: with a copy of the database, 59 bits alone could be brute-forced."""
    letters = "".join(letter for letter in code.upper() if letter in _ALPHABET)
    return keyring().index(letters, purpose="activation_code")
