"""Activities, their shifts and sign-ups."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from ledger.kernel.types import STRICT, Base, center_key, inside_center, key


class Activity(Base):
    """An activity; people can only check in to approved ones."""

    __tablename__ = "activity"
    __table_args__ = (
        inside_center("place_id", "place"),
        inside_center("team_id", "team"),
        sa.Index(None, "center_id", "created_at"),
        sa.Index(None, "center_id", "status", "created_at"),
        sa.CheckConstraint("status IN ('draft', 'approved', 'cancelled')", name="status"),
        STRICT,
    )

    center_id: Mapped[center_key]
    id: Mapped[key]
    place_id: Mapped[int]
    team_id: Mapped[int | None]
    name: Mapped[str]
    category: Mapped[str]
    status: Mapped[str]
    created_by: Mapped[int]
    created_at: Mapped[datetime]


class Shift(Base):
    """A shift of an activity at one station; `walk_in` admits people who haven't signed up."""

    __tablename__ = "shift"
    __table_args__ = (
        inside_center("activity_id", "activity"),
        inside_center("station_id", "place"),
        sa.Index(None, "center_id", "station_id", "starts_at"),
        sa.Index(None, "center_id", "activity_id", "starts_at"),
        sa.Index(None, "center_id", "starts_at"),
        sa.Index(None, "center_id", "ends_at"),
        sa.CheckConstraint("starts_at < ends_at", name="order"),
        sa.CheckConstraint("capacity IS NULL OR capacity > 0", name="capacity"),
        STRICT,
    )

    center_id: Mapped[center_key]
    id: Mapped[key]
    activity_id: Mapped[int]
    station_id: Mapped[int]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    capacity: Mapped[int | None]
    walk_in: Mapped[bool] = mapped_column(sa.Boolean, default=True)
    cancelled_at: Mapped[datetime | None]


class Signup(Base):
    """A volunteer's place in a shift."""

    __tablename__ = "signup"
    __table_args__ = (
        inside_center("shift_id", "shift"),
        inside_center("volunteer_id", "volunteer"),
        sa.UniqueConstraint("center_id", "shift_id", "volunteer_id"),
        sa.Index(None, "center_id", "volunteer_id"),
        sa.CheckConstraint("status IN ('signed_up', 'waitlisted', 'cancelled')", name="status"),
        STRICT,
    )

    center_id: Mapped[center_key]
    id: Mapped[key]
    shift_id: Mapped[int]
    volunteer_id: Mapped[int]
    status: Mapped[str]
    created_at: Mapped[datetime]
