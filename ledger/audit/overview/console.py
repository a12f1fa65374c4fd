"""The console's first page in one read: state of the book, points outstanding, what is pending, what runs low."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from ledger.approvals.desk import Desk
from ledger.approvals.inbox import Inbox, inbox
from ledger.audit.overview.first_steps import FirstSteps, first_steps
from ledger.audit.overview.monthly import Holders, Month, holders, months
from ledger.audit.verifying import queries
from ledger.audit.verifying.queries import RunView
from ledger.checkin.waiting import Waiting, minutes_by_station, waiting
from ledger.kernel import clock
from ledger.kernel.actor import Actor
from ledger.shop.running_low import LowItem, redeemed_between, running_low

_MOST_STATIONS = 6
_EVERYWHERE = ("/",)


@dataclass(frozen=True, slots=True)
class Console:
    """The page's figures; minutes by station are for the current month."""

    at: datetime
    steps: FirstSteps
    run: RunView | None
    running: RunView | None
    clean_since: datetime | None
    holders: Holders
    months: list[Month]
    receipts: int
    stations: list[tuple[str, int]]
    other_stations: int
    other_minutes: int
    waiting: list[Waiting]
    inbox: Inbox
    low: list[LowItem]

    @property
    def this_year(self) -> list[Month]:
        """The months of the current year."""
        return [month for month in self.months if month.first.year == self.months[-1].first.year]

    @property
    def is_blank(self) -> bool:
        """Whether no month has any points to chart."""
        return not any(month.issued or month.redeemed or month.outstanding for month in self.months)

    @property
    def issued(self) -> int:
        """Points issued this year."""
        return sum(month.issued for month in self.this_year)

    @property
    def redeemed(self) -> int:
        """Points redeemed this year, voided receipts deducted."""
        return sum(month.redeemed for month in self.this_year)

    @property
    def minutes(self) -> int:
        """Minutes this month across all stations."""
        return sum(minutes for _name, minutes in self.stations) + self.other_minutes


def console_of(session: Session, actor: Actor, zone: ZoneInfo, desk: Desk) -> Console:
    """The whole center, as an admin or auditor sees it."""
    now = clock.now()
    today = clock.local_day(now, zone)
    center_id = actor.center_id
    stations = minutes_by_station(
        session, center_id, start=_midnight(today.replace(day=1), zone), end=now + timedelta(days=1)
    )
    receipts, _points = redeemed_between(
        session,
        center_id,
        _EVERYWHERE,
        start=_midnight(today.replace(month=1, day=1), zone),
        end=now + timedelta(days=1),
    )
    rest = stations[_MOST_STATIONS:]
    return Console(
        at=now,
        steps=first_steps(session, center_id),
        run=queries.find_last_run(session, center_id),
        running=queries.find_running(session, center_id),
        clean_since=queries.find_clean_since(session, center_id),
        holders=holders(session, center_id),
        months=months(session, center_id, zone, today=today),
        receipts=receipts,
        stations=stations[:_MOST_STATIONS],
        other_stations=len(rest),
        other_minutes=sum(minutes for _name, minutes in rest),
        waiting=waiting(session, center_id, _EVERYWHERE),
        inbox=inbox(session, actor, desk),
        low=running_low(session, center_id, _EVERYWHERE, limit=5),
    )


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), tzinfo=zone)
