"""What verifications found, so that the console can say since when the book has balanced and by which check."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from ledger.kernel.types import STRICT, Base, center_key, key


class VerificationRun(Base):
    """One verification, from its start to what it found; `difference` is the first row that differed, as JSON.

    `beat_at` is of the machine's clock: a run that has not been heard of for a while was stopped with its process. It
    looked at what came after the first `since_size` leaves of the log, at everything where that is NULL; what it found
    clean ends with `log_size` leaves, whose root is `log_root`.
    """

    __tablename__ = "verification_run"
    __table_args__ = (
        sa.ForeignKeyConstraint(["center_id"], ["center.id"]),
        sa.Index(None, "center_id", "started_at"),
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
