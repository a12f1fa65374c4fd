"""Nights in the demonstration: batches are sealed, and points that nobody spent in time expire."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from functools import partial

from ledger.approvals import service as approvals
from ledger.approvals.desk import Desk
from ledger.demo import words
from ledger.demo.stage import Stage
from ledger.kernel import clock
from ledger.kernel.ids import public_id
from ledger.people.access.holders import holders, owes
from ledger.people.households.together import housemates
from ledger.points.book import queries as points
from ledger.points.expiry import service as expiry
from ledger.points.expiry.kinds import RELEASE
from ledger.points.lots.policy import GRACE
from ledger.points.policy import POINT, AccountKey
from ledger.points.sealing import service as sealing

_DESK = Desk(kinds=(RELEASE,), housemates=housemates, holders=holders, owes=owes)
_A_WEEK = timedelta(days=7)


def sealing_nights(first_day: datetime, now: datetime) -> Iterator[datetime]:
    """One night a week, and the last moment, so that nothing stays unsealed."""
    night = first_day.replace(hour=3) + _A_WEEK
    while night < now:
        yield night
        night += _A_WEEK
    yield now


def seal(stage: Stage) -> None:
    """Do what the job does every few minutes: seal all waiting batches."""
    while sealing.seal(stage.session, stage.center_id):
        pass


def expiry_days(first_day: datetime, now: datetime) -> Iterator[datetime]:
    """The days on which points expire: they are valid until the end of the year after they were earned, plus GRACE."""
    for year in range(first_day.year + 2, now.year + 1):
        yield datetime(year, 1, 1, 9, tzinfo=first_day.tzinfo) + GRACE + timedelta(days=1)


def expire_points(stage: Stage) -> None:
    """One administrator prepares and proposes, another approves, and the job carries it out."""
    if stage.refused(partial(_release, stage)):
        return
    while expiry.carry_out(stage.session, stage.center_id):
        pass
    keys = {at: AccountKey(POINT, "member", stage.members[at].id) for at in stage.points}
    left = points.balances(stage.session, keys.values(), stage.center_id)
    stage.points = {at: left[key].available for at, key in keys.items()}


def _release(stage: Stage) -> None:
    """Refused if everything was spent in time."""
    first, second = stage.admins
    last_day = date(clock.today().year - 1, 12, 31)
    run = {"run_id": public_id(expiry.prepare(stage.session, last_day, actor=first))}
    proposal_id = approvals.propose(stage.session, RELEASE.name, run, words.EXPIRY_REASON, actor=first, desk=_DESK)
    approvals.approve(stage.session, proposal_id, words.EXPIRY_NOTE, actor=second, desk=_DESK)
