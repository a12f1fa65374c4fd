"""Scan events (append only, failed ones too), attendances derived from them, and review decisions."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from ledger.kernel.types import STRICT, Base, center_key, inside_center, key

_OPEN = sa.text("status = 'OPEN'")


class ScanEvent(Base):
    """One scan as received and answered. `origin` is the device or log-in session that sent it.

    `answer` holds what a retry needs (ids, codes, times). `entry_nonce` makes a screen code valid for one person.
    """

    __tablename__ = "scan_event"
    __table_args__ = (
        sa.UniqueConstraint("center_id", "origin", "client_scan_id"),
        sa.UniqueConstraint("center_id", "entry_nonce"),
        sa.Index(None, "center_id", "volunteer_id", "received_at"),
        sa.Index(None, "center_id", "station_id", "received_at"),
        sa.CheckConstraint("method IN ('screen', 'paper', 'card', 'number')", name="method"),
        STRICT,
    )

    center_id: Mapped[center_key]
    id: Mapped[key]
    origin: Mapped[str]
    client_scan_id: Mapped[str]
    request_hash: Mapped[str]
    method: Mapped[str]
    intent: Mapped[str]
    outcome: Mapped[str]
    reason: Mapped[str]
    station_id: Mapped[int | None]
    volunteer_id: Mapped[int | None]
    card_id: Mapped[int | None]
    attendance_id: Mapped[int | None]
    scanned_by: Mapped[int]
    scanned_at: Mapped[datetime]
    received_at: Mapped[datetime]
    entry_nonce: Mapped[str | None]
    answer: Mapped[str]


class CodeUse(Base):
    """How many people a 30-second step of a station's code has let in, by which the screen's serial follows.

    `moved_at` is when the serial now in force came, None while it is the first.
    """

    __tablename__ = "code_use"
    __table_args__ = (
        inside_center("station_id", "place"),
        sa.CheckConstraint("let_in > 0", name="let_in"),
        STRICT,
    )

    center_id: Mapped[center_key]
    # Steps come first, so that one query a second finds all stations where somebody comes now.
    step: Mapped[key]
    station_id: Mapped[key]
    let_in: Mapped[int]
    moved_at: Mapped[datetime | None]


class Attendance(Base):
    """One person's presence in a shift; minutes and points are posted when CONFIRMED, once per revision.

    `visit` numbers the person's visits to the shift. `review_reason` says why the attendance needs a decision.
    """

    __tablename__ = "attendance"
    __table_args__ = (
        inside_center("volunteer_id", "volunteer"),
        inside_center("shift_id", "shift"),
        inside_center("station_id", "place"),
        inside_center("rule_id", "rule_version"),
        sa.UniqueConstraint("center_id", "shift_id", "volunteer_id", "visit"),
        sa.Index(
            "uq_attendance_one_open",
            "center_id",
            "volunteer_id",
            unique=True,
            sqlite_where=_OPEN,
            postgresql_where=_OPEN,
        ),
        sa.Index(None, "center_id", "volunteer_id", "opened_at"),
        sa.Index(None, "center_id", "status", "opened_at"),
        sa.Index(None, "center_id", "station_id", "opened_at"),
        sa.Index(None, "center_id", "opened_at"),
        sa.CheckConstraint("status IN ('OPEN', 'CLOSED', 'PENDING', 'CONFIRMED', 'REJECTED', 'VOID')", name="status"),
        sa.CheckConstraint("minutes >= 0 AND points >= 0", name="amounts"),
        sa.CheckConstraint("closed_at IS NULL OR closed_at >= opened_at", name="order"),
        STRICT,
    )

    center_id: Mapped[center_key]
    id: Mapped[key]
    volunteer_id: Mapped[int]
    shift_id: Mapped[int]
    station_id: Mapped[int]
    visit: Mapped[int] = mapped_column(default=1)
    status: Mapped[str]
    opened_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    in_scan_id: Mapped[int]
    out_scan_id: Mapped[int | None]
    opened_by: Mapped[int]
    minutes: Mapped[int] = mapped_column(default=0)
    points: Mapped[int] = mapped_column(default=0)
    rule_id: Mapped[int | None]
    revision: Mapped[int] = mapped_column(default=1)
    review_reason: Mapped[str | None]


class ReviewDecision(Base):
    """A decision on a pending attendance: by whom, what and why. Append only."""

    __tablename__ = "review_decision"
    __table_args__ = (
        inside_center("attendance_id", "attendance"),
        sa.UniqueConstraint("center_id", "attendance_id", "revision"),
        sa.CheckConstraint("decision IN ('approve', 'reject')", name="decision"),
        STRICT,
    )

    center_id: Mapped[center_key]
    id: Mapped[key]
    attendance_id: Mapped[int]
    revision: Mapped[int]
    decision: Mapped[str]
    ended_at: Mapped[datetime | None]
    decided_by: Mapped[int]
    decided_at: Mapped[datetime]
    note: Mapped[str]
