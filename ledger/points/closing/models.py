"""What keeps a book shut: months that were closed, and freezes with who released them. Append only but for one column.

`book_freeze.released_at` is set by the second of two signatures.
"""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from ledger.kernel.types import STRICT, Base, center_key, inside_center, key

_NOT_RELEASED = sa.text("released_at IS NULL")


class Period(Base):
    """A turn in the history of a center's months, counted from 1: a month was closed, or the last closed one reopened.

    After it everything before `closed_until` takes no posting any more. `month` is as 2026-05.
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
    """A center's book refuses every posting from `frozen_at` until it is released; at most one at a time."""

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
    """A signature under the release of a freeze: one of an admin, one of an auditor, never of the same person."""

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
