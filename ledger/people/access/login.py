"""Logging in and setting the first password: limited, constant work, no hashing inside a unit."""

from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from sqlalchemy.orm import Session

from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.errors import Conflict, Forbidden, Rejected
from ledger.kernel.ids import public_id
from ledger.people.access import credentials, misses, tickets
from ledger.people.access.candidates import MOST_TRIED, Candidate, candidate_of, candidates
from ledger.people.access.credentials import CodeOwner, Kind
from ledger.people.access.devices import Device, Known, new_device, remember
from ledger.people.access.misses import Attempt
from ledger.people.access.passwords import hash_password, password_is_right, refuse_guessable
from ledger.people.access.tickets import Ticket
from ledger.people.identities.queries import lock_password, names_of, phone_hash
from ledger.people.policy import phone_key
from ledger.places.queries import find_center
from ledger.web.rate_limit import count_try, give_back, network_of


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """A new log-in session, whose token only its holder knows, and what its device remembers from now on."""

    token: str
    expires_at: datetime
    identity_id: int
    center_id: int
    device: Device


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
    device: Device | None = None,
) -> LoggedIn:
    """Log a person in to the named center, or else to the one whose password it is, of at most three.

    Raises TooMany("request.too_many"), Forbidden("people.login_failed") for any wrong credential,
    Rejected("people.center_needed") if there are more centers to try, Conflict("people.choose_center", ticket=…,
    choices=…) if the password fits in several, Forbidden("people.center_unknown").
    """
    device = device or new_device()
    key = _source(phone)
    attempt = in_transaction(misses.begin, key, network_of(address), device)
    found = in_snapshot(
        _find, phone_key(phone), attempt, center_id, [known.center_id for known in device.known_by(key)]
    )
    fits = [each for each in found.tried if password_is_right(each.password_hash, password)]
    if not found.tried:
        password_is_right(None, password)
    if not fits:
        in_transaction(misses.miss, attempt, found.tried)
        raise Rejected("people.center_needed") if found.more else Forbidden("people.login_failed")
    return _enter(attempt, [each for each in fits if each.belongs], kind=kind, device=device)


def choose_center(ticket: str, center_id: int, *, kind: Kind, device: Device | None = None) -> LoggedIn:
    """Log the holder of a ticket in to one of its centers, once.

    Raises Rejected("people.ticket_invalid"), Forbidden("people.center_unknown").
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
    return in_transaction(_open_by_ticket, read, candidate, kind=kind, device=device or new_device())


def set_first_password(
    phone: str, code: str, password: str, *, address: str | None, center_id: int | None, kind: Kind, device: Device
) -> LoggedIn:
    """Use up an activation code from paper and log its owner in to the browser; without a center all are tried.

    Raises TooMany("request.too_many"), Rejected("people.activation_code_invalid"), and for the password what
    passwords.hash_password raises.
    """
    key = _source(phone)
    network = network_of(address)
    tries = (misses.CODES_PER_ADDRESS, network), (misses.CODES_PER_PHONE_HERE, f"{key} {network}")
    count_try(*tries)
    password_hash = hash_password(password, phone=phone_key(phone) or phone)
    owner = in_transaction(
        credentials.set_password_with_code,
        phone=phone,
        code=code,
        center_id=center_id,
        password_hash=password_hash,
        check=partial(_refuse_names, password=password, phone=phone),
    )
    in_transaction(give_back, *tries)
    candidate = in_snapshot(candidate_of, owner.identity_id, owner.center_id)
    if candidate is None or not candidate.belongs:
        raise Forbidden("people.center_unknown")
    owned = replace(candidate, password_hash=password_hash)
    return in_transaction(_open, owned, key, kind=kind, device=device)


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


def _enter(attempt: Attempt, fits: list[Candidate], *, kind: Kind, device: Device) -> LoggedIn:
    if len(fits) == 1:
        return in_transaction(_succeed, attempt, fits[0], kind=kind, device=device)
    in_transaction(misses.succeed, attempt)
    if not fits:
        raise Forbidden("people.center_unknown")
    raise Conflict(
        "people.choose_center",
        ticket=tickets.make_ticket(fits, attempt.phone_hash),
        choices=in_snapshot(_choices, [each.center_id for each in fits]),
    )


def _choices(session: Session, center_ids: list[int]) -> list[dict[str, str]]:
    centers = [find_center(session, center_id) for center_id in center_ids]
    return [{"center_id": public_id(center.id), "name": center.name} for center in centers if center is not None]


def _succeed(session: Session, attempt: Attempt, fit: Candidate, *, kind: Kind, device: Device) -> LoggedIn:
    misses.succeed(session, attempt, fit)
    return _open(session, fit, attempt.phone_hash, kind=kind, device=device)


def _open_by_ticket(session: Session, ticket: Ticket, chosen: Candidate, *, kind: Kind, device: Device) -> LoggedIn:
    if not tickets.use_up(session, ticket):
        raise Rejected("people.ticket_invalid")
    return _open(session, chosen, ticket.phone_hash, kind=kind, device=device)


def _open(session: Session, fit: Candidate, used: str, *, kind: Kind, device: Device) -> LoggedIn:
    """Open a session if the password is still the one that was right: a rise in level may have cleared it since."""
    if lock_password(session, fit.identity_id, fit.center_id) != fit.password_hash:
        raise Forbidden("people.login_failed")
    opened = credentials.open_session(session, fit.identity_id, kind=kind, center_id=fit.center_id)
    known = remember(device, Known(fit.center_id, fit.identity_id, used))
    return LoggedIn(opened.token, opened.expires_at, fit.identity_id, fit.center_id, known)
