"""Closed months, and freezes with the signatures that released them. Append only but for one column.

The second signature sets `book_freeze.released_at`.
"""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from ledger.kernel.types import STRICT, Base, center_key, inside_center, key

_NOT_RELEASED = sa.text("released_at IS NULL")


class Period(Base):
    """A closing of a month, or a reopening of the last closed one; numbered from 1 within the center.

    From then on no posting can be dated before `closed_until`. `month` is written as 2026-05.
    """

    __tablename__ = "period"
    __table_args__ = (
        inside_center("proposal_id", "proposal"),
        sa.CheckConstraint("event IN ('closed', 'reopened')", name="event"),
        sa.UniqueConstraint("center_id", "proposal_id"),
        STRICT,
    )

    center_id: Mapped[center_key]
    number: Mapped[key]
    month: Mapped[str]
    event: Mapped[str]
    closed_until: Mapped[datetime]
    happened_at: Mapped[datetime]
    proposal_id: Mapped[int]
    decided_by: Mapped[int]


class BookFreeze(Base):
    """From `frozen_at` until its release the center's book refuses every posting; at most one freeze is open."""

    __tablename__ = "book_freeze"
    __table_args__ = (
        sa.ForeignKeyConstraint(["center_id"], ["center.id"]),
        sa.Index(
            "uq_book_freeze_one",
            "center_id",
            unique=True,
            sqlite_where=_NOT_RELEASED,
            postgresql_where=_NOT_RELEASED,
        ),
        sa.Index(None, "center_id", "frozen_at"),
        STRICT,
    )

    center_id: Mapped[center_key]
    id: Mapped[key]
    reason: Mapped[str]
    run_id: Mapped[int | None]
    frozen_at: Mapped[datetime]
    released_at: Mapped[datetime | None]


class FreezeRelease(Base):
    """A signature on the release of a freeze: one by an admin, one by an auditor, never by the same person."""

    __tablename__ = "freeze_release"
    __table_args__ = (
        inside_center("freeze_id", "book_freeze"),
        sa.UniqueConstraint("center_id", "freeze_id", "signed_by"),
        sa.CheckConstraint("part IN ('admin', 'auditor')", name="part"),
        STRICT,
    )

    center_id: Mapped[center_key]
    freeze_id: Mapped[key]
    part: Mapped[str] = mapped_column(primary_key=True)
    signed_by: Mapped[int]
    signed_at: Mapped[datetime]
    note: Mapped[str]
