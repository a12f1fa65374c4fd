"""Log-ins in the demonstration: once a week everybody who works logs in, some mistype, and somebody guesses."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from ledger.demo.people_plan import DEMO_VOLUNTEER
from ledger.demo.stage import Stage
from ledger.kernel.actor import Actor
from ledger.people.access import attempts
from ledger.people.access.attempts import Seen
from ledger.people.access.misses import PER_PHONE_HERE

_A_WEEK = timedelta(days=7)
_GUESSER = Seen("browser", "198.51.100.9")
# Of so many log-ins one begins with a wrong password.
_MISTYPED = 6


def mornings(first_day: datetime, now: datetime) -> Iterator[datetime]:
    """One morning a week, of those whose log-ins are still kept."""
    kept_since = (now - attempts.KEPT).astimezone(first_day.tzinfo) + timedelta(days=1)
    morning = max(first_day + _A_WEEK, kept_since).replace(hour=7, minute=50)
    while morning < now:
        yield morning
        morning += _A_WEEK


def log_in(week: int, stage: Stage) -> None:
    """Staff log in at their station, administrators and the volunteer of the printed log-ins on their phones."""
    for at, staff in (*stage.managers.items(), *stage.clerks.items()):
        _enter(stage, staff, Seen("browser", f"192.0.2.{at % 200}"), mistypes=(week + at) % _MISTYPED == 0)
    people = *stage.admins, *([stage.members[DEMO_VOLUNTEER].actor] if DEMO_VOLUNTEER in stage.members else [])
    for at, person in enumerate(people):
        _enter(stage, person, Seen("phone", f"203.0.113.{at}"), mistypes=(week + at) % _MISTYPED == 0)


def guess(stage: Stage) -> None:
    """A stranger tries an administrator's password until they are stopped."""
    victim = stage.center_id, stage.admins[0].identity_id
    for number in range(1, PER_PHONE_HERE.most + 1):
        outcome = attempts.TOO_MANY if number == PER_PHONE_HERE.most else attempts.WRONG
        attempts.refuse(stage.session, victim, outcome, attempts.PASSWORD, _GUESSER)


def _enter(stage: Stage, person: Actor, seen: Seen, *, mistypes: bool) -> None:
    own = stage.center_id, person.identity_id
    if mistypes:
        attempts.refuse(stage.session, own, attempts.WRONG, attempts.PASSWORD, seen)
    attempts.let_in(stage.session, own, attempts.PASSWORD, seen)
