"""What a new center still lacks before its first day of service: station, staff, activity, volunteers, goods."""

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.activities.models import Activity
from ledger.organisations.policy import STATION
from ledger.people.models import RoleGrant, Volunteer
from ledger.places.models import Place
from ledger.shop.models import GoodsIn

_CENTER: "sa.BindParameter[int]" = sa.bindparam("center")
_THERE = sa.select(
    sa.exists().where(Place.center_id == _CENTER, Place.kind == STATION).label("station"),
    sa.exists().where(RoleGrant.center_id == _CENTER, RoleGrant.role != "admin").label("staff"),
    sa.exists().where(Activity.center_id == _CENTER).label("activity"),
    sa.exists().where(Volunteer.center_id == _CENTER).label("volunteers"),
    sa.exists().where(GoodsIn.center_id == _CENTER).label("goods"),
)


@dataclass(frozen=True, slots=True)
class FirstSteps:
    """Which of the steps have been taken."""

    station: bool
    staff: bool
    activity: bool
    volunteers: bool
    goods: bool

    @property
    def done(self) -> bool:
        """Whether service can begin; an administrator may do all the work of staff."""
        return self.station and self.activity and self.volunteers and self.goods


def first_steps(session: Session, center_id: int) -> FirstSteps:
    """How far a center has got."""
    return FirstSteps(*session.connection().execute(_THERE, {"center": center_id}).one())
