"""Proving again who one is: for one's own credentials, and before what can't be undone.

Who has a second factor gives a code of it, others their password. Wrong ones count as misses of the log-in, so whoever
finds a computer unlocked can't guess on.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.kernel import clock
from ledger.kernel.actor import Actor
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.errors import NotFound, Rejected
from ledger.kernel.ids import parse_public_id, public_id
from ledger.kernel.rate_limit import Try, give_back, network_of
from ledger.kernel.types import table_of
from ledger.people.access import factors, guessing, misses
from ledger.people.access.candidates import Candidate, candidate_of
from ledger.people.access.devices import Device, new_device
from ledger.people.access.misses import Attempt
from ledger.people.access.passwords import password_is_right
from ledger.people.identities.queries import lock_password, phone_hash, phone_of
from ledger.people.models import LoginSession

_session = table_of(LoginSession)
# So long nobody is asked again.
FRESH = timedelta(minutes=10)
Proof = Literal["password", "totp"]


@dataclass(frozen=True, slots=True)
class Given:
    """What somebody gives to prove who they are, None for what nobody asked for; and from where."""

    address: str | None
    password: str | None = None
    totp: str | None = None
    device: Device | None = None


def missing_proof(session: Session, actor: Actor) -> Proof | None:
    """What the actor has to give before what can't be undone; None if they gave it in this log-in just now."""
    with_factor = factors.has_factor(session, actor.identity_id, actor.center_id)
    given_at = _session.c.factor_at if with_factor else _session.c.password_at
    lately = given_at > clock.now() - FRESH, given_at <= clock.latest()
    fresh = sa.select(_session.c.id).where(*_this_log_in(actor), *lately)
    if session.connection().execute(fresh).first() is not None:
        return None
    return "totp" if with_factor else "password"


def step_up(actor: Actor, given: Given) -> None:
    """Prove again who one is, by a code or else by the password. Raises what `prove` raises."""
    with_factor = in_snapshot(factors.has_factor, actor.identity_id, actor.center_id)
    totp, password = (given.totp or "", None) if with_factor else (None, given.password or "")
    prove(actor, Given(given.address, password, totp, given.device))


def prove(actor: Actor, given: Given) -> Candidate:
    """Check the password or the code or both, and note it at the log-in; returns the log-in whose they are.

    Raises TooMany("request.too_many"), Rejected("people.old_password_wrong" | "people.own_totp_wrong").
    """
    candidate, source = in_snapshot(_me, actor)
    attempt = in_transaction(misses.begin, source, network_of(given.address), given.device or new_device())
    in_snapshot(misses.need_allowed, attempt, candidate)
    if given.password is not None and not password_is_right(candidate.password_hash, given.password):
        in_transaction(misses.miss, attempt, [candidate])
        raise Rejected("people.old_password_wrong")
    tries = in_transaction(misses.count_code, candidate, "again") if given.totp else ()
    try:
        in_transaction(_succeed, attempt, candidate, given, actor=actor, tries=tries)
    except Rejected:
        in_transaction(guessing.miss_code, attempt, candidate, tries)
        raise
    return candidate


def note_proof(session: Session, actor: Actor, *, password: bool = False, factor: bool = False) -> None:
    """Note at the log-in in use what its holder has just given."""
    now = clock.now()
    given = ({"password_at": now} if password else {}) | ({"factor_at": now} if factor else {})
    session.connection().execute(sa.update(_session).where(*_this_log_in(actor)).values(given))


def _succeed(
    session: Session, attempt: Attempt, candidate: Candidate, given: Given, *, actor: Actor, tries: tuple[Try, ...]
) -> None:
    """Note the proof, if the password is still the one that was right. Locks in the order of a log-in."""
    misses.succeed(session, attempt, candidate)
    give_back(session, *tries)
    stored = lock_password(session, actor.identity_id, actor.center_id)
    if given.password is not None and stored != candidate.password_hash:
        raise Rejected("people.old_password_wrong")
    by_factor = given.totp is not None
    if by_factor and not factors.use_code(session, actor.identity_id, actor.center_id, given.totp or ""):
        raise Rejected("people.own_totp_wrong")
    note_proof(session, actor, password=given.password is not None, factor=by_factor)


def _me(session: Session, actor: Actor) -> tuple[Candidate, str]:
    """The actor's log-in, and what its misses are counted by."""
    candidate = candidate_of(session, actor.identity_id, actor.center_id)
    if candidate is None:
        raise NotFound("people.identity_not_found")
    phone = phone_of(session, actor.identity_id, actor.center_id) or public_id(actor.identity_id)
    return candidate, phone_hash(phone)


def _this_log_in(actor: Actor) -> tuple[sa.ColumnElement[bool], ...]:
    kind, _, ref = actor.origin.partition(":")
    session_id = parse_public_id(ref) if kind == "session" else 0
    mine = _session.c.center_id == actor.center_id, _session.c.identity_id == actor.identity_id
    return *mine, _session.c.id == session_id
