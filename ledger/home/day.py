"""A day at the places of a manager or clerk: shifts with attendance, pending reviews, low stock, results."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from ledger.activities import queries as activities
from ledger.activities import signup_queries as signups
from ledger.activities.policy import ShiftView
from ledger.checkin.waiting import Presence, Waiting, presence, waiting
from ledger.kernel import clock
from ledger.kernel.actor import Actor
from ledger.kernel.permissions import Permission
from ledger.shop.running_low import LowItem, redeemed_between, running_low

_NOBODY = Presence()


@dataclass(frozen=True, slots=True)
class ShiftToday:
    """A shift of the day; `state` is "before", "now", "after" or "cancelled"."""

    shift: ShiftView
    signed_up: int
    presence: Presence
    state: str

    @property
    def missing(self) -> int:
        """People who signed up but have not come, once the shift has begun."""
        return max(0, self.signed_up - self.presence.came) if self.state in ("now", "after") else 0


@dataclass(frozen=True, slots=True)
class Day:
    """What needs doing, and how the day is going."""

    at: datetime
    shifts: list[ShiftToday]
    waiting: list[Waiting]
    low: list[LowItem]
    minutes: int
    receipts: int
    redeemed: int

    @property
    def to_do(self) -> int:
        """Number of open tasks."""
        return len(self.waiting) + len(self.low)

    @property
    def signed_up(self) -> int:
        """People signed up for all shifts."""
        return sum(each.signed_up for each in self.shifts)

    @property
    def came(self) -> int:
        """People who came to all shifts."""
        return sum(each.presence.came for each in self.shifts)

    @property
    def there(self) -> int:
        """People at work now."""
        return sum(each.presence.there for each in self.shifts)


def day_of(session: Session, actor: Actor, zone: ZoneInfo) -> Day:
    """The current local day at the places where the actor works."""
    now = clock.now()
    start = datetime.combine(clock.local_day(now, zone), time(), tzinfo=zone)
    end = start + timedelta(days=1)
    served = _paths(actor, Permission.MANAGE_ACTIVITIES, Permission.CHECK_IN_OTHERS)
    sold = _paths(actor, Permission.MANAGE_SHOP, Permission.TILL)
    shifts = _shifts(session, actor, served, (start, end), now)
    receipts, redeemed = redeemed_between(session, actor.center_id, sold, start=start, end=end)
    return Day(
        at=now,
        shifts=shifts,
        waiting=waiting(session, actor.center_id, actor.paths(Permission.REVIEW)),
        low=running_low(session, actor.center_id, actor.paths(Permission.MANAGE_SHOP)),
        minutes=sum(each.presence.minutes for each in shifts),
        receipts=receipts,
        redeemed=redeemed,
    )


def _shifts(
    session: Session, actor: Actor, paths: Sequence[str], day: tuple[datetime, datetime], now: datetime
) -> list[ShiftToday]:
    start, end = day
    found = activities.shifts_between(session, actor.center_id, start=start, end=end, paths=paths)
    approved = [shift for shift in found if shift.activity_status == "approved"]
    ids = [shift.id for shift in approved]
    signed_up = signups.counts_of(session, ids, actor.center_id)
    came = presence(session, ids, actor.center_id)
    return [
        ShiftToday(shift, signed_up[shift.id].signed_up, came.get(shift.id, _NOBODY), _state(shift, now))
        for shift in approved
    ]


def _state(shift: ShiftView, now: datetime) -> str:
    if shift.cancelled_at is not None:
        return "cancelled"
    if now < shift.starts_at:
        return "before"
    return "now" if now < shift.ends_at else "after"


def _paths(actor: Actor, *permissions: Permission) -> list[str]:
    return sorted({path for permission in permissions for path in actor.paths(permission)})
