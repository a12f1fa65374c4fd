"""Expiry runs: prepared for review, released by two people, carried out by a job."""

from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped

from ledger.kernel.types import STRICT, Base, center_key, key


class ExpiryRun(Base):
    """Covers all lots good until `ends_on` or earlier; keeps what was expected at preparation and what was taken."""

    __tablename__ = "expiry_run"
    __table_args__ = (
        sa.ForeignKeyConstraint(["center_id"], ["center.id"]),
        sa.Index(None, "center_id", "status"),
        sa.CheckConstraint("status IN ('prepared', 'released', 'done', 'dropped')", name="status"),
        sa.CheckConstraint("(released_at IS NULL) = (released_by IS NULL)", name="released"),
        STRICT,
    )

    center_id: Mapped[center_key]
    id: Mapped[key]
    ends_on: Mapped[date]
    status: Mapped[str]
    expected_lots: Mapped[int]
    expected_amount: Mapped[int]
    expired_lots: Mapped[int]
    expired_amount: Mapped[int]
    prepared_by: Mapped[int]
    prepared_at: Mapped[datetime]
    released_by: Mapped[int | None]
    released_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
