"""What people do with their own second factor: turn it on, print new recovery codes, turn it off."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pyotp
from sqlalchemy.orm import Session

from ledger.kernel import clock
from ledger.kernel.actor import Actor
from ledger.kernel.crypto import keyring
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.errors import Conflict, Rejected
from ledger.kernel.rate_limit import Limit, hit
from ledger.kernel.signed import read_signed, sign
from ledger.people.access import factors, proving
from ledger.people.access.proving import Given
from ledger.people.access.sessions import level_in
from ledger.people.identities.queries import lock_password, phone_of
from ledger.people.levels import STAFF
from ledger.people.policy import mask_phone

# So long may it take to install an authenticator.
_LASTS = timedelta(minutes=15)
_PURPOSE = "second factor"
# A use is remembered for as long as a ticket lasts, so until this one is over.
_USES = Limit("use of a second factor's ticket", most=1, window_seconds=int(_LASTS.total_seconds()))
_GROUP = 4


@dataclass(frozen=True, slots=True)
class Setup:
    """A secret for the authenticator, what it calls the log-in, and the ticket that turns it on with a first code."""

    secret: str
    name: str
    ticket: str

    def address(self, issuer: str) -> str:
        """What the authenticator scans; `issuer` is the heading that it shows."""
        return pyotp.TOTP(self.secret).provisioning_uri(name=self.name, issuer_name=issuer)

    @property
    def groups(self) -> str:
        """The secret to be typed, in groups of four."""
        return " ".join(self.secret[start : start + _GROUP] for start in range(0, len(self.secret), _GROUP))


@dataclass(frozen=True, slots=True)
class _Ticket:
    """What a ticket says, good for one use."""

    secret: str
    seal: str
    made_at: datetime


def make_setup(actor: Actor, given: Given) -> Setup:
    """A new secret for somebody of the staff, who has given the password. Nothing is stored before a code is right.

    Raises Rejected("people.factor_for_staff"), Conflict("people.factor_on"), and what proving.prove raises.
    """
    in_snapshot(_need_off, actor)
    seal = _seal(proving.prove(actor, given).password_hash)
    until = int((clock.now() + _LASTS).timestamp())
    secret = pyotp.random_base32()
    name = in_snapshot(_name, actor)
    return Setup(secret, name, sign([until, actor.center_id, actor.identity_id, secret, seal], purpose=_PURPOSE))


def read_setup(ticket: str, *, actor: Actor) -> Setup:
    """What `make_setup` gave to this person. Raises Rejected("people.setup_over")."""
    return Setup(_read(ticket, actor).secret, in_snapshot(_name, actor), ticket)


def confirm(ticket: str, totp: str, *, actor: Actor) -> list[str]:
    """Turn the second factor on with a first code; returns the recovery codes, which are shown once.

    Raises Rejected("people.setup_over" | "people.own_totp_wrong"), Conflict("people.factor_on").
    """
    read = _read(ticket, actor)
    in_snapshot(_need_off, actor)
    step = factors.step_of(read.secret, totp)
    if step is None:
        raise Rejected("people.own_totp_wrong")
    return in_transaction(_turn_on, read, step, actor=actor)


def remove(actor: Actor, given: Given) -> None:
    """Turn one's own second factor off, by a code and the password.

    Raises Rejected("people.factor_off"), and what proving.prove raises.
    """
    if not in_snapshot(factors.has_factor, actor.identity_id, actor.center_id):
        raise Rejected("people.factor_off")
    proving.prove(actor, given)
    in_transaction(factors.turn_off, actor.identity_id, actor=actor)


def new_recovery_codes(session: Session, *, actor: Actor) -> list[str]:
    """New recovery codes for one's own second factor. Raises Rejected("people.factor_off")."""
    lock_password(session, actor.identity_id, actor.center_id)
    if not factors.has_factor(session, actor.identity_id, actor.center_id):
        raise Rejected("people.factor_off")
    return factors.make_recovery_codes(session, actor=actor)


def _turn_on(session: Session, read: _Ticket, step: int, *, actor: Actor) -> list[str]:
    password_hash = lock_password(session, actor.identity_id, actor.center_id)
    _need_off(session, actor)
    if read.seal != _seal(password_hash) or hit(session, _USES, keyring().index(read.secret, purpose=_PURPOSE)):
        raise Rejected("people.setup_over")
    codes = factors.turn_on(session, read.secret, step, made_at=read.made_at, actor=actor)
    proving.note_proof(session, actor, factor=True)
    return codes


def _need_off(session: Session, actor: Actor) -> None:
    if level_in(session, actor.identity_id, actor.center_id) < STAFF:
        raise Rejected("people.factor_for_staff")
    if factors.has_factor(session, actor.identity_id, actor.center_id):
        raise Conflict("people.factor_on")


def _read(ticket: str, actor: Actor) -> _Ticket:
    found = read_signed(ticket, purpose=_PURPOSE)
    lasts = found is not None and clock.now().timestamp() < found[0] <= (clock.latest() + _LASTS).timestamp()
    if not lasts or found[1:3] != [actor.center_id, actor.identity_id]:
        raise Rejected("people.setup_over")
    until, _center, _identity, secret, seal = found
    return _Ticket(secret, seal, datetime.fromtimestamp(until, UTC) - _LASTS)


def _seal(password_hash: str | None) -> str:
    """A digest of the password that was given: whoever has another one since begins anew."""
    return keyring().index(password_hash or "", purpose=_PURPOSE)


def _name(session: Session, actor: Actor) -> str:
    """What the authenticator calls the log-in: the phone number, masked, as it lies about on a screen."""
    phone = phone_of(session, actor.identity_id, actor.center_id)
    return mask_phone(phone) if phone else ""
