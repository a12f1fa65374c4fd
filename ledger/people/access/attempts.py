"""The record of log-ins and their refusals, kept 180 days, without personal text.

A row names a log-in that was tried, so a number that has none leaves no row; the same statement is sent for it, so that
the answer takes as long. Rows are added in the unit that counts the attempt. Refusals can't fill the table: once the
tries of a log-in are spent, its last row says so and attempts are refused unseen, and of one kind of refusal a log-in
has at most `MOST_ALIKE` rows in a quarter of an hour, however many networks they come from.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.kernel import clock
from ledger.kernel.crypto import keyring
from ledger.kernel.errors import NotFound
from ledger.kernel.ids import new_id
from ledger.kernel.paging import Page, PageRequest, fetch_page
from ledger.kernel.rate_limit import Try
from ledger.kernel.sweeping import sweep
from ledger.kernel.types import table_of
from ledger.people.access import factors, guessing, misses
from ledger.people.access.candidates import Candidate, LogIn
from ledger.people.access.misses import Attempt
from ledger.people.access.models import LoginAttempt
from ledger.people.identities.queries import names_of
from ledger.people.models import Identity

LOGGED_IN, CODE_NEEDED, WRONG, TOO_MANY = "logged_in", "code_needed", "wrong", "too_many"
NO_PASSWORD, NOT_HERE = "no_password", "not_here"
OUTCOMES = (LOGGED_IN, WRONG, TOO_MANY, CODE_NEEDED, NO_PASSWORD, NOT_HERE)
PASSWORD, SLIP, FACTOR, RECOVERY = "password", "slip", "factor", "recovery"
CREDENTIALS = (PASSWORD, SLIP, FACTOR, RECOVERY)
KEPT = timedelta(days=180)
# As many as one network may try.
MOST_ALIKE, _ALIKE_WITHIN = 10, timedelta(minutes=15)
_MARK = 8

_attempt, _identity = table_of(LoginAttempt), table_of(Identity)


@dataclass(frozen=True, slots=True)
class Seen:
    """What is kept of where somebody tries to log in: what it is on, and the network, of which a digest is kept."""

    kind: str
    network: str


@dataclass(frozen=True, slots=True)
class AttemptView:
    """A log-in or its refusal. `outcome` is of OUTCOMES, `credential` of CREDENTIALS, `network` a mark of 8 letters."""

    id: int
    identity_id: int
    outcome: str
    credential: str
    kind: str
    network: str
    at: datetime


@dataclass(frozen=True, slots=True)
class AttemptFilter:
    """Which log-ins and refusals: of whom, with what outcome, from `since` until before `until`; None for all."""

    identity_id: int | None = None
    outcome: str | None = None
    since: datetime | None = None
    until: datetime | None = None


def miss(session: Session, attempt: Attempt, tried: Sequence[Candidate], seen: Seen) -> None:
    """Count a password that fits none of the log-ins, and keep it; as much work if there is none."""
    misses.miss(session, attempt, tried)
    _keep_missed(session, attempt, tried, seen)


def miss_others(session: Session, attempt: Attempt, others: Sequence[Candidate], seen: Seen) -> Attempt:
    """Count and keep a password that fits elsewhere as a miss of these log-ins, as `misses.miss_others` does."""
    attempt = misses.miss_others(session, attempt, others)
    _keep_missed(session, attempt, others, seen)
    return attempt


def miss_code(
    session: Session, attempt: Attempt, fit: Candidate, *, tries: Sequence[Try], typed: str, seen: Seen
) -> None:
    """Count a wrong code of the second factor, and keep it."""
    guessing.miss_code(session, attempt, fit, tries)
    spent = misses.are_spent(session, tries) or misses.is_spent(session, attempt, fit)
    refuse(session, fit.log_in, TOO_MANY if spent else WRONG, kind_of_code(typed), seen)


def miss_slip(session: Session, tried: Sequence[LogIn], tries: Sequence[Try], seen: Seen) -> None:
    """Keep a wrong code from paper at the log-ins that were tried, which counted already; as much work for none."""
    outcome = TOO_MANY if misses.are_spent(session, tries) else WRONG
    for log_in in tried or (misses.NO_LOG_IN,):
        refuse(session, log_in, outcome, SLIP, seen)


def postpone(session: Session, attempt: Attempt, fit: Candidate, seen: Seen) -> None:
    """Take the attempt off its counters, as `misses.postpone` does, and keep that a code is asked for."""
    misses.postpone(session, attempt)
    refuse(session, fit.log_in, CODE_NEEDED, PASSWORD, seen)


def turn_away(session: Session, attempt: Attempt, fits: Iterable[Candidate], seen: Seen) -> None:
    """Take the attempt off its counters, and keep at which log-ins the password fits though their time here is over."""
    misses.succeed(session, attempt)
    for each in fits:
        refuse(session, each.log_in, NOT_HERE, PASSWORD, seen)


def let_in(session: Session, log_in: LogIn, credential: str, seen: Seen) -> None:
    """Keep that somebody has logged in."""
    session.connection().execute(sa.insert(_attempt), _row(log_in, LOGGED_IN, credential, seen))


def refuse(session: Session, log_in: LogIn, outcome: str, credential: str, seen: Seen) -> None:
    """Keep a refusal, unless there is no such log-in or there are MOST_ALIKE of its kind already."""
    row = _row(log_in, outcome, credential, seen)
    given = {name: sa.literal(value, _attempt.c[name].type) for name, value in row.items()}
    alike = sa.select(sa.func.count()).where(
        *(_attempt.c[name] == given[name] for name in ("center_id", "identity_id", "outcome", "credential")),
        _attempt.c.at > clock.now() - _ALIKE_WITHIN,
        _attempt.c.at <= clock.latest(),
    )
    there = _identity.c.center_id == given["center_id"], _identity.c.id == given["identity_id"]
    one = sa.select(*given.values()).select_from(_identity).where(*there, alike.scalar_subquery() < MOST_ALIKE)
    session.connection().execute(sa.insert(_attempt).from_select(list(given), one))


def kind_of_code(typed: str) -> str:
    """Whether a code is read as one of the second factor or as a recovery code."""
    return RECOVERY if factors.is_recovery(typed) else FACTOR


def list_attempts(
    session: Session, center_id: int, wanted: AttemptFilter, *, request: PageRequest
) -> Page[AttemptView]:
    """The log-ins and refusals of a center that are wanted, newest first by default; of the last 180 days.

    Raises NotFound("people.identity_not_found") for somebody of no center or another.
    """
    who = wanted.identity_id
    if who is not None and not names_of(session, [who], center_id):
        raise NotFound("people.identity_not_found")
    chosen = [_attempt.c.center_id == center_id, _attempt.c.at >= clock.now() - KEPT]
    if who is not None:
        chosen.append(_attempt.c.identity_id == who)
    if wanted.outcome is not None:
        chosen.append(_attempt.c.outcome == wanted.outcome)
    if wanted.since is not None:
        chosen.append(_attempt.c.at >= wanted.since)
    if wanted.until is not None:
        chosen.append(_attempt.c.at < wanted.until)
    return fetch_page(
        session,
        sa.select(_attempt).where(*chosen),
        request=request,
        sorts={"at": LoginAttempt.at},
        tie=LoginAttempt.id,
        make=_view,
        usual="-at",
    )


def forget_old(session: Session, center_id: int) -> int:
    """Sweep the center's rows that are older than 180 days."""
    return sweep(session, _attempt, _attempt.c.center_id == center_id, _attempt.c.at < clock.now() - KEPT)


def _keep_missed(session: Session, attempt: Attempt, tried: Sequence[Candidate], seen: Seen) -> None:
    spent = [misses.is_spent(session, attempt, each) for each in tried or (None,)]
    if not tried:
        refuse(session, misses.NO_LOG_IN, WRONG, PASSWORD, seen)
    for each, is_last in zip(tried, spent, strict=False):
        outcome = TOO_MANY if is_last else WRONG if each.password_hash else NO_PASSWORD
        refuse(session, each.log_in, outcome, PASSWORD, seen)


def _row(log_in: LogIn, outcome: str, credential: str, seen: Seen) -> dict[str, object]:
    center_id, identity_id = log_in
    return {
        "center_id": center_id,
        "id": new_id(),
        "identity_id": identity_id,
        "outcome": outcome,
        "credential": credential,
        "kind": seen.kind,
        "network": keyring().index(f"{center_id} {seen.network}", purpose="network of a log-in")[:_MARK],
        "at": clock.now(),
    }


def _view(row: "sa.Row[tuple[object, ...]]") -> AttemptView:
    return AttemptView(**{name: getattr(row, name) for name in AttemptView.__slots__})
