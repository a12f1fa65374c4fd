"""How many wrong passwords are allowed, so that nobody spends the allowance of another.

Strangers are counted by phone number and network, and by phone number, before anything is looked up, so a number that
nobody has is answered like any other. What is counted by a log-in that was found never changes the answer's kind: where
its tries are spent, no password fits. A device that has logged in before has an allowance of its own for that log-in,
which no stranger can spend. Each log-in has its own misses: who succeeds in one center gains no tries in another, and
a log-in that was tried counts its miss even where the password fits in another.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from ledger.kernel.errors import TooMany
from ledger.kernel.rate_limit import Limit, Try, forgive, give_back, hit, site_of, wait
from ledger.people.access.candidates import Candidate
from ledger.people.access.devices import Device
from ledger.people.access.seals import seal_of

_QUARTER_HOUR = 15 * 60
PER_PHONE_HERE = Limit("log-in by phone and network", most=10, window_seconds=_QUARTER_HOUR)
# A site has 65,536 networks of its own, so one could spend the whole allowance of a number; a carrier's site has many
# people in it, so one network may not spend the site's.
PER_PHONE_AT_SITE = Limit("log-in by phone and site", most=30, window_seconds=_QUARTER_HOUR)
PER_PHONE = Limit("log-in by phone", most=100, window_seconds=_QUARTER_HOUR)
# A whole station or village may share one address.
PER_ADDRESS = Limit("log-in by address", most=300, window_seconds=_QUARTER_HOUR)
PER_LOGIN_HERE = Limit("log-in by person and network", most=10, window_seconds=_QUARTER_HOUR)
PER_DEVICE = Limit("log-in by person and device", most=10, window_seconds=_QUARTER_HOUR)
# Three of a million codes fit, and whoever may try them has given the password: on all networks and devices together.
FACTOR = Limit("code of the second factor by person", most=20, window_seconds=_QUARTER_HOUR)
FACTOR_A_DAY = Limit("code of the second factor by person and day", most=30, window_seconds=24 * 60 * 60)
# A code has 59 bits, so only a flood is stopped, and nobody far away can spend the tries of whoever holds the slip.
CODES_PER_PHONE_HERE = Limit("code by phone and network", most=10, window_seconds=_QUARTER_HOUR)
CODES_PER_ADDRESS = Limit("code by address", most=300, window_seconds=_QUARTER_HOUR)
NO_LOG_IN = (0, 0)


@dataclass(frozen=True, slots=True)
class Attempt:
    """An attempt that was counted. `own` are the log-ins, as (center, identity), that this device may try by its own
    allowance; `as_stranger` says whether it may try others. `missed` are those whose misses were counted already.
    """

    phone_hash: str
    network: str
    device: str
    own: frozenset[tuple[int, int]]
    as_stranger: bool
    missed: frozenset[tuple[int, int]] = frozenset()

    @property
    def of_stranger(self) -> tuple[Try, ...]:
        """What counts an attempt on a log-in that the device does not know."""
        here = f"{self.phone_hash} {self.network}"
        site = site_of(self.network)
        at_site = ((PER_PHONE_AT_SITE, f"{self.phone_hash} {site}"),) if site else ()
        return (PER_ADDRESS, self.network), (PER_PHONE_HERE, here), *at_site, (PER_PHONE, self.phone_hash)

    @property
    def not_missed(self) -> tuple[Try, ...]:
        """What counts the attempt, without what has to count the misses of strange log-ins on all networks."""
        if self.missed <= self.own:
            return self.of_stranger
        return tuple(each for each in self.of_stranger if each[0] not in (PER_PHONE_AT_SITE, PER_PHONE))

    def of_device(self, center_id: int, identity_id: int) -> Try:
        """What counts an attempt of this device on a log-in that it knows."""
        return PER_DEVICE, f"{self.device} {center_id} {identity_id}"

    def of_login(self, center_id: int, identity_id: int) -> Try:
        """What counts the misses of strangers of this network on a log-in."""
        return PER_LOGIN_HERE, f"{center_id} {identity_id} {self.network}"


def begin(session: Session, phone_hash: str, network: str, device: Device) -> Attempt:
    """Count an attempt to log in by a phone number. Raises TooMany("request.too_many", seconds=…)."""
    known = {
        (each.center_id, each.identity_id)
        for each in device.known_by(phone_hash)
        if each.seal == seal_of(session, each.identity_id, each.center_id)
    }
    counted = Attempt(phone_hash, network, device.name, frozenset(known), as_stranger=True)
    own = frozenset(login for login in known if not hit(session, *counted.of_device(*login)))
    seconds = max(hit(session, *each) for each in counted.of_stranger)
    if seconds and not own:
        raise TooMany("request.too_many", seconds=seconds)
    return Attempt(phone_hash, network, device.name, own, as_stranger=not seconds)


def allowed(session: Session, attempt: Attempt, found: Sequence[Candidate]) -> list[Candidate]:
    """Those of the log-ins that the attempt may try.

    Another is answered as if its password didn't fit, because a refusal of its own would tell that the number is known.
    """
    return [each for each in found if not _wait(session, attempt, each)]


def need_allowed(session: Session, attempt: Attempt, own: Candidate) -> None:
    """Refuse an attempt of somebody logged in on their own log-in, if it may not try it now.

    Raises TooMany("request.too_many", seconds=…).
    """
    if seconds := _wait(session, attempt, own):
        raise TooMany("request.too_many", seconds=seconds)


def miss(session: Session, attempt: Attempt, tried: Sequence[Candidate]) -> None:
    """Count a password that fits none of the log-ins as a miss of each; as much work if there is none."""
    strange = [each.log_in for each in tried if each.log_in not in attempt.own] if tried else [NO_LOG_IN]
    for key in strange:
        hit(session, *attempt.of_login(*key))
    if not strange:
        # Counted by the device's own allowance already, so strangers keep theirs.
        give_back(session, *attempt.not_missed)


def miss_others(session: Session, attempt: Attempt, others: Sequence[Candidate]) -> Attempt:
    """Count a password that fits elsewhere as a miss of these log-ins; no success gives these misses back.

    Otherwise whoever has a log-in of their own for the number sets its password to each guess, and guesses for ever.
    """
    missed = frozenset(each.log_in for each in others)
    for key in sorted(missed - attempt.own):
        hit(session, *attempt.of_login(*key))
    return replace(attempt, missed=missed)


def succeed(session: Session, attempt: Attempt, *fits: Candidate) -> None:
    """Take the attempt off its counters, and clear the misses of the log-ins it fits."""
    postpone(session, attempt)
    for each in (fit.log_in for fit in fits):
        if each in attempt.own:
            forgive(session, attempt.of_device(*each))
        else:
            forgive(session, attempt.of_login(*each), attempt.of_stranger[1])


def postpone(session: Session, attempt: Attempt) -> None:
    """Take the attempt off its counters: the password was right, and a code is asked for. No misses are cleared.

    Otherwise who knows the password would get new tries for the code by giving it again.
    """
    give_back(session, *attempt.not_missed, *(attempt.of_device(*login) for login in attempt.own - attempt.missed))


def count_code(session: Session, candidate: Candidate, way: str) -> tuple[Try, ...]:
    """Count a code of the second factor before it is looked at; returns what a right one gives back.

    `way` is "in" for log-ins and "again" for whoever is logged in, whose tries no stranger can spend. A new password or
    factor brings new tries. Raises TooMany("request.too_many", seconds=…).
    """
    identity_id, center_id = candidate.identity_id, candidate.center_id
    source = f"{center_id} {identity_id} {seal_of(session, identity_id, center_id)} {way}"
    counted = (FACTOR, source), (FACTOR_A_DAY, source)
    if seconds := max(hit(session, *each) for each in counted):
        raise TooMany("request.too_many", seconds=seconds)
    return counted


def are_spent(session: Session, tries: Sequence[Try]) -> bool:
    """Whether one of them is the last that is allowed."""
    return any(wait(session, *each) for each in tries)


def is_spent(session: Session, attempt: Attempt, candidate: Candidate | None) -> bool:
    """Whether the attempt was the last that is allowed on this log-in, by whoever may make it; None for no log-in."""
    key = NO_LOG_IN if candidate is None else candidate.log_in
    if key in attempt.own:
        return are_spent(session, [attempt.of_device(*key)])
    of_number = [each for each in attempt.of_stranger if each[0] is not PER_ADDRESS]
    return are_spent(session, [*of_number, attempt.of_login(*key)])


def _wait(session: Session, attempt: Attempt, candidate: Candidate) -> int:
    key = candidate.log_in
    if key in attempt.own:
        return 0
    return wait(session, *attempt.of_login(*key)) if attempt.as_stranger else _QUARTER_HOUR
