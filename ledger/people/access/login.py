"""Logging in and setting the first password: limited, constant work, no hashing inside a unit."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from sqlalchemy.orm import Session

from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.errors import Conflict, Forbidden, Rejected
from ledger.kernel.ids import public_id
from ledger.kernel.rate_limit import Try, count_try, give_back, network_of
from ledger.people.access import attempts, credentials, factors, misses, tickets
from ledger.people.access.attempts import Seen
from ledger.people.access.candidates import MOST_TRIED, Candidate, LogIn, candidate_of, candidates
from ledger.people.access.credentials import CodeOwner, Kind
from ledger.people.access.devices import Device, Known, new_device, remember
from ledger.people.access.misses import Attempt
from ledger.people.access.passwords import hash_password, password_is_right, refuse_guessable
from ledger.people.access.seals import seal_of
from ledger.people.access.tickets import Ticket
from ledger.people.identities.queries import lock_password, names_of, phone_hash
from ledger.people.policy import phone_key
from ledger.places.queries import find_center

_NEEDED, _WRONG = "people.totp_needed", "people.totp_wrong"


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """A new log-in session, whose token only its holder knows, and what its device remembers from now on."""

    token: str
    expires_at: datetime
    identity_id: int
    center_id: int
    device: Device


@dataclass(frozen=True, slots=True)
class Way:
    """How somebody comes in: on what, by which browser, and with which code of a second factor, if with one.

    `network` is where from; `credential` is what came before the code, a password or the code from paper.
    """

    kind: Kind
    device: Device
    totp: str | None = None
    network: str = network_of(None)
    credential: str = attempts.PASSWORD

    @property
    def seen(self) -> Seen:
        """What the record keeps of it."""
        return Seen(self.kind, self.network)


@dataclass(frozen=True, slots=True)
class _Found:
    """The log-ins to try, and whether there are more."""

    tried: list[Candidate]
    more: bool


def log_in(
    phone: str,
    password: str,
    *,
    kind: Kind,
    address: str | None,
    center_id: int | None = None,
    totp: str | None = None,
    device: Device | None = None,
) -> LoggedIn:
    """Log a person in to the named center, or else to the one whose password it is, of at most three.

    Raises TooMany("request.too_many"), Forbidden("people.login_failed") for any wrong credential,
    Rejected("people.center_needed") if there are more centers to try, Conflict("people.choose_center", ticket=…,
    choices=…) if the password fits in several, Forbidden("people.center_unknown"), and of whoever has a second factor
    Forbidden("people.totp_needed", ticket=…, center_id=…) without a code, Forbidden("people.totp_wrong").
    """
    device = device or new_device()
    way = Way(kind, device, totp, network_of(address))
    key = _source(phone)
    attempt = in_transaction(misses.begin, key, way.network, device)
    found = in_snapshot(
        _find, phone_key(phone), attempt, center_id, [known.center_id for known in device.known_by(key)]
    )
    fits = [each for each in found.tried if password_is_right(each.password_hash, password)]
    if not found.tried:
        password_is_right(None, password)
    if not fits:
        in_transaction(attempts.miss, attempt, found.tried, way.seen)
        raise Rejected("people.center_needed") if found.more else Forbidden("people.login_failed")
    if others := [each for each in found.tried if each not in fits]:
        attempt = in_transaction(attempts.miss_others, attempt, others, way.seen)
    return _enter(attempt, fits, way)


def choose_center(
    ticket: str,
    center_id: int,
    *,
    kind: Kind,
    address: str | None = None,
    totp: str | None = None,
    device: Device | None = None,
) -> LoggedIn:
    """Log the holder of a ticket in to one of its centers, once; with a code if they have a second factor there.

    Raises Rejected("people.ticket_invalid"), Forbidden("people.center_unknown" | "people.totp_needed" |
    "people.totp_wrong"), TooMany("request.too_many") for codes.
    """
    read = tickets.read_ticket(ticket)
    choice = next((each for each in read.choices if each.center_id == center_id), None) if read else None
    if read is None or choice is None:
        raise Rejected("people.ticket_invalid")
    candidate = in_snapshot(candidate_of, choice.identity_id, center_id)
    if candidate is None or not tickets.still_fits(choice, candidate):
        raise Rejected("people.ticket_invalid")
    if not candidate.belongs:
        raise Forbidden("people.center_unknown")
    way = Way(kind, device or new_device(), totp, network_of(address))
    if not totp:
        try:
            return in_transaction(_open_by_ticket, read, candidate, way)
        except Forbidden as error:
            raise _with_ticket(error, ticket, center_id) from error
    attempt = in_transaction(misses.begin, read.phone_hash, way.network, way.device)
    in_snapshot(misses.need_allowed, attempt, candidate)
    return _counted(attempt, candidate, way, by=read)


def set_first_password(
    phone: str, code: str, password: str, *, address: str | None, center_id: int | None, kind: Kind, device: Device
) -> LoggedIn:
    """Use up an activation code from paper and log its owner in to the browser; without a center all are tried.

    Raises TooMany("request.too_many"), Rejected("people.activation_code_invalid"), for the password what
    passwords.hash_password raises, and Forbidden("people.totp_needed", …) if a code of the second factor is left to
    give; the password is set by then.
    """
    key = _source(phone)
    way = Way(kind, device, network=network_of(address), credential=attempts.SLIP)
    here = misses.CODES_PER_PHONE_HERE, f"{key} {way.network}"
    tries = (misses.CODES_PER_ADDRESS, way.network), here
    count_try(*tries)
    missed = partial(attempts.miss_slip, tries=[here], seen=way.seen)
    try:
        password_hash, owner = _use_code(phone, code, password, center_id, missed)
    except Rejected:
        # Whoever holds the slip has not guessed, however many passwords of theirs are refused.
        if in_snapshot(credentials.code_fits, phone=phone, code=code, center_id=center_id):
            in_transaction(give_back, *tries)
        raise
    in_transaction(give_back, *tries)
    candidate = in_snapshot(candidate_of, owner.identity_id, owner.center_id)
    if candidate is None or not candidate.belongs:
        raise Forbidden("people.center_unknown")
    owned = replace(candidate, password_hash=password_hash)
    try:
        return in_transaction(_open, owned, key, way)
    except Forbidden as error:
        raise _with_ticket(error, tickets.make_ticket([owned], key), owner.center_id) from error


def _use_code(
    phone: str, code: str, password: str, center_id: int | None, missed: Callable[[Session, list[LogIn]], None]
) -> tuple[str, CodeOwner]:
    """Set the password that the code allows; returns its hash and whose it is."""
    password_hash = hash_password(password, phone=phone_key(phone) or phone)
    owner = in_transaction(
        credentials.set_password_with_code,
        phone=phone,
        code=code,
        center_id=center_id,
        password_hash=password_hash,
        check=partial(_refuse_names, password=password, phone=phone),
        missed=missed,
    )
    return password_hash, owner


def _refuse_names(session: Session, owner: CodeOwner, *, password: str, phone: str) -> None:
    """Refuse the names of the code's owner and center. To whoever holds no code it would tell a stranger's name."""
    name = names_of(session, [owner.identity_id], owner.center_id)[owner.identity_id]
    center = find_center(session, owner.center_id)
    refuse_guessable(password, phone=phone, names=[name], words=[center.name] if center else [])


def _source(phone: str) -> str:
    """What attempts of a phone number are counted by, whether it can be a number or not."""
    return phone_hash(phone_key(phone) or phone[:40])


def _find(session: Session, number: str | None, attempt: Attempt, center_id: int | None, first: list[int]) -> _Found:
    found = [] if number is None else candidates(session, number, center_id=center_id, first=first)
    allowed = misses.allowed(session, attempt, found)
    return _Found(allowed[:MOST_TRIED], len(allowed) > MOST_TRIED)


def _enter(attempt: Attempt, fits: list[Candidate], way: Way) -> LoggedIn:
    """Log in to the only one of the log-ins that fit whose person belongs there; or say what there is to choose."""
    here = [each for each in fits if each.belongs]
    if len(here) == 1:
        return _counted(attempt, here[0], way)
    if not here:
        in_transaction(attempts.turn_away, attempt, fits, way.seen)
        raise Forbidden("people.center_unknown")
    in_transaction(misses.succeed, attempt)
    raise Conflict(
        "people.choose_center",
        ticket=tickets.make_ticket(here, attempt.phone_hash),
        choices=in_snapshot(_choices, [each.center_id for each in here]),
    )


def _choices(session: Session, center_ids: list[int]) -> list[dict[str, str]]:
    centers = [find_center(session, center_id) for center_id in center_ids]
    return [{"center_id": public_id(center.id), "name": center.name} for center in centers if center is not None]


def _counted(attempt: Attempt, fit: Candidate, way: Way, *, by: Ticket | None = None) -> LoggedIn:
    """Log in; a wrong code is a miss, and the misses are cleared only by whoever has given all that is asked for."""
    tries = in_transaction(misses.count_code, fit, "in") if way.totp else ()
    try:
        return in_transaction(_succeed, attempt, fit, way, by=by, tries=tries)
    except Forbidden as error:
        if error.code == _WRONG:
            in_transaction(attempts.miss_code, attempt, fit, tries=tries, typed=way.totp or "", seen=way.seen)
        elif error.code == _NEEDED:
            in_transaction(attempts.postpone, attempt, fit, way.seen)
        raise _with_ticket(error, tickets.make_ticket([fit], attempt.phone_hash), fit.center_id) from error


def _with_ticket(error: Forbidden, ticket: str, center_id: int) -> Forbidden:
    """The refusal; if only the code is missing, with the ticket that stands in for the password."""
    return Forbidden(error.code, ticket=ticket, center_id=center_id) if error.code == _NEEDED else error


def _succeed(
    session: Session, attempt: Attempt, fit: Candidate, way: Way, *, by: Ticket | None, tries: tuple[Try, ...]
) -> LoggedIn:
    misses.succeed(session, attempt, fit)
    give_back(session, *tries)
    return _open(session, fit, attempt.phone_hash, way) if by is None else _open_by_ticket(session, by, fit, way)


def _open_by_ticket(session: Session, ticket: Ticket, chosen: Candidate, way: Way) -> LoggedIn:
    if not tickets.use_up(session, ticket, chosen.center_id):
        raise Rejected("people.ticket_invalid")
    return _open(session, chosen, ticket.phone_hash, way)


def _open(session: Session, fit: Candidate, used: str, way: Way) -> LoggedIn:
    """Open a session if the password is still the one that was right: a rise in level may have cleared it since."""
    if lock_password(session, fit.identity_id, fit.center_id) != fit.password_hash:
        raise Forbidden("people.login_failed")
    with_factor = factors.need_code(session, fit.identity_id, fit.center_id, way.totp)
    opened = credentials.open_session(
        session, fit.identity_id, kind=way.kind, center_id=fit.center_id, with_factor=with_factor
    )
    credential = attempts.kind_of_code(way.totp or "") if with_factor else way.credential
    attempts.let_in(session, (fit.center_id, fit.identity_id), credential, way.seen)
    seal = seal_of(session, fit.identity_id, fit.center_id)
    known = remember(way.device, Known(fit.center_id, fit.identity_id, used, seal))
    return LoggedIn(opened.token, opened.expires_at, fit.identity_id, fit.center_id, known)
