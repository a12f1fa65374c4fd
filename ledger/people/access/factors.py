"""The second factor: codes of six digits that a phone makes (TOTP, RFC 6238), and codes on paper if it is lost."""

import hmac
import secrets
import unicodedata
from dataclasses import dataclass
from datetime import datetime

import pyotp
import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.approvals.service import withdraw_about
from ledger.kernel import clock
from ledger.kernel.actor import Actor
from ledger.kernel.crypto import keyring
from ledger.kernel.errors import Forbidden
from ledger.kernel.ids import public_id
from ledger.kernel.types import table_of
from ledger.kernel.upserts import insert_or_update
from ledger.people.access import events
from ledger.people.access.models import RecoveryCode, SecondFactor

_factor, _recovery = table_of(SecondFactor), table_of(RecoveryCode)
# The kind of proposal that ends a lost one.
LOST = "people.factor"
STEP_SECONDS = 30
# A phone's clock may be a step slow or fast.
_DRIFT = (0, -1, 1)
CODE_LENGTH, RECOVERY_LENGTH, RECOVERY_CODES = 6, 8, 8


@dataclass(frozen=True, slots=True)
class FactorView:
    """A second factor that is on: since when, and how many recovery codes are left."""

    confirmed_at: datetime
    recovery_codes: int


def find_factor(session: Session, identity_id: int, center_id: int) -> FactorView | None:
    """A person's second factor; None if it is off."""
    mine = _live(identity_id, center_id)
    confirmed_at = session.connection().execute(sa.select(_factor.c.confirmed_at).where(*mine)).scalar()
    if confirmed_at is None:
        return None
    left = sa.select(sa.func.count()).where(*_own(_recovery, identity_id, center_id), _recovery.c.used_at.is_(None))
    return FactorView(confirmed_at, int(session.connection().execute(left).scalar_one()))


def has_factor(session: Session, identity_id: int, center_id: int) -> bool:
    """Whether a person's second factor is on."""
    query = sa.select(_factor.c.identity_id).where(*_live(identity_id, center_id))
    return session.connection().execute(query).first() is not None


def step_of(secret: str, typed: str) -> int | None:
    """The step of time whose code was typed, of those that count now; None if it is the code of none."""
    now = int(clock.now().timestamp()) // STEP_SECONDS
    made, given = pyotp.TOTP(secret), _digits(typed)
    fits = [now + drift for drift in _DRIFT if hmac.compare_digest(made.generate_otp(now + drift), given)]
    return max(fits, default=None)


def turn_on(session: Session, secret: str, step: int, *, made_at: datetime, actor: Actor) -> list[str]:
    """Turn the actor's second factor on, whose code of this step was right; returns new recovery codes."""
    row = {"secret": secret, "last_step": step, "made_at": made_at, "confirmed_at": clock.now()}
    values = row | {"ended_at": None, "ended_by": None}
    keys = {"center_id": actor.center_id, "identity_id": actor.identity_id}
    session.connection().execute(insert_or_update(_factor, values, columns=tuple(keys)), keys | values)
    _note(session, events.FACTOR_MADE, actor.identity_id, actor.center_id)
    return make_recovery_codes(session, actor=actor)


def make_recovery_codes(session: Session, *, actor: Actor) -> list[str]:
    """Make new recovery codes for the actor (1234-5678), which are shown once; earlier ones stop working."""
    session.connection().execute(sa.delete(_recovery).where(*_own(_recovery, actor.identity_id, actor.center_id)))
    codes: set[str] = set()
    while len(codes) < RECOVERY_CODES:
        codes.add("".join(secrets.choice("0123456789") for _ in range(RECOVERY_LENGTH)))
    rows = [
        {
            "center_id": actor.center_id,
            "identity_id": actor.identity_id,
            "code_hash": _code_hash(code, actor.identity_id, actor.center_id),
            "made_at": clock.now(),
            "used_at": None,
        }
        for code in sorted(codes)
    ]
    session.connection().execute(sa.insert(_recovery), rows)
    _note(session, events.RECOVERY_MADE, actor.identity_id, actor.center_id)
    return [f"{code[:4]}-{code[4:]}" for code in sorted(codes)]


def need_code(session: Session, identity_id: int, center_id: int, typed: str | None) -> bool:
    """Use up the code of somebody who logs in; False if they have no second factor.

    Raises Forbidden("people.totp_needed") if there is none, Forbidden("people.totp_wrong").
    """
    if not has_factor(session, identity_id, center_id):
        return False
    if not typed:
        raise Forbidden("people.totp_needed")
    if not use_code(session, identity_id, center_id, typed):
        raise Forbidden("people.totp_wrong")
    return True


def use_code(session: Session, identity_id: int, center_id: int, typed: str) -> bool:
    """Use up a code of a person's second factor or one of their recovery codes; whether it was good."""
    given = _digits(typed)
    if is_recovery(typed):
        used, kind = _use_recovery(session, identity_id, center_id, given), events.RECOVERY_USED
    else:
        used, kind = _use_step(session, identity_id, center_id, given), events.FACTOR_USED
    if used:
        _note(session, kind, identity_id, center_id)
    return used


def is_recovery(typed: str) -> bool:
    """Whether what was typed is as long as a recovery code; it is looked for among these alone."""
    return len(_digits(typed)) == RECOVERY_LENGTH


def turn_off(
    session: Session,
    identity_id: int,
    *,
    actor: Actor,
    about: str = "",
    proposed_by: int | None = None,
    reason: str = "",
) -> bool:
    """End a person's second factor and their recovery codes; whether it was on. Checks no permission.

    `about` is the proposal that is carried out. Whatever else ends it withdraws the one that waits, which would
    otherwise end the next factor.
    """
    center_id, ended_by = actor.center_id, actor.identity_id
    if not about:
        withdraw_about(session, LOST, f"identity:{public_id(identity_id)}", actor=actor)
    over = {"secret": None, "ended_at": clock.now(), "ended_by": ended_by}
    mine = _live(identity_id, center_id)
    if not session.connection().execute(sa.update(_factor).where(*mine).values(over)).rowcount:
        return False
    session.connection().execute(sa.delete(_recovery).where(*_own(_recovery, identity_id, center_id)))
    events.record(
        session,
        identity_id,
        events.FACTOR_ENDED,
        made_by=ended_by,
        center_id=center_id,
        about=about,
        proposed_by=proposed_by,
        reason=reason,
    )
    return True


def _use_step(session: Session, identity_id: int, center_id: int, given: str) -> bool:
    """One statement decides: of two requests with the same code at the same moment, one finds its step used."""
    mine = _live(identity_id, center_id)
    secret = session.connection().execute(sa.select(_factor.c.secret).where(*mine)).scalar()
    step = None if secret is None else step_of(secret, given)
    if step is None:
        return False
    later = sa.update(_factor).where(*mine, _factor.c.last_step < step).values(last_step=step)
    return session.connection().execute(later).rowcount == 1


def _use_recovery(session: Session, identity_id: int, center_id: int, given: str) -> bool:
    mine = *_own(_recovery, identity_id, center_id), _recovery.c.used_at.is_(None)
    this = _recovery.c.code_hash == _code_hash(given, identity_id, center_id)
    spend = sa.update(_recovery).where(*mine, this).values(used_at=clock.now())
    return session.connection().execute(spend).rowcount == 1


def _note(session: Session, kind: str, identity_id: int, center_id: int) -> None:
    events.record(session, identity_id, kind, made_by=identity_id, center_id=center_id)


def _digits(typed: str) -> str:
    """What was typed without spaces and dashes; full-width digits become digits."""
    plain = unicodedata.normalize("NFKC", typed[:40])
    return "".join(sign for sign in plain if sign.isascii() and sign.isdigit())


def _code_hash(code: str, identity_id: int, center_id: int) -> str:
    """A keyed digest, because eight digits are soon guessed with a copy of the database."""
    return keyring().index(f"{center_id}:{identity_id}:{code}", purpose="recovery_code")


def _own(table: sa.Table, identity_id: int, center_id: int) -> tuple[sa.ColumnElement[bool], ...]:
    return table.c.center_id == center_id, table.c.identity_id == identity_id


def _live(identity_id: int, center_id: int) -> tuple[sa.ColumnElement[bool], ...]:
    return *_own(_factor, identity_id, center_id), _factor.c.ended_at.is_(None)
