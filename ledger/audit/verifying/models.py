"""Results of verifications, so that the console can show since when the book has balanced and by which check."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from ledger.kernel.types import STRICT, Base, center_key, key


class VerificationRun(Base):
    """One verification, from its start to its result; `difference` is the first differing row, as JSON.

    `beat_at` is by the machine's clock: a run that has been silent for a while died with its process. The run covers
    what came after the first `since_size` leaves of the log, or everything if that is NULL. A clean result holds for
    the first `log_size` leaves, whose root is `log_root`.
    """

    __tablename__ = "verification_run"
    __table_args__ = (
        sa.ForeignKeyConstraint(["center_id"], ["center.id"]),
        sa.Index(None, "center_id", "started_at"),
        sa.Index(
            "uq_verification_run_running",
            *("center_id", "status"),
            unique=True,
            sqlite_where=sa.text("status = 'running'"),
            postgresql_where=sa.text("status = 'running'"),
        ),
        sa.CheckConstraint("status IN ('running', 'clean', 'different', 'failed')", name="status"),
        sa.CheckConstraint("(status = 'running') = (finished_at IS NULL)", name="finished"),
        STRICT,
    )

    center_id: Mapped[center_key]
    id: Mapped[key]
    status: Mapped[str]
    started_by: Mapped[int]
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    beat_at: Mapped[datetime]
    step: Mapped[str]
    done: Mapped[int] = mapped_column(default=0)
    total: Mapped[int] = mapped_column(default=0)
    accounts: Mapped[int] = mapped_column(default=0)
    batches: Mapped[int] = mapped_column(default=0)
    transfers: Mapped[int] = mapped_column(default=0)
    difference: Mapped[str | None]
    since_size: Mapped[int | None]
    log_size: Mapped[int | None]
    log_root: Mapped[bytes | None]
