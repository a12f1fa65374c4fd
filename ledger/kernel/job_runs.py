"""Slots in which jobs have run: written in the job's own transaction, so that no slot is done twice."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from ledger.kernel.sweeping import sweep
from ledger.kernel.types import STRICT, Base, table_of
from ledger.kernel.upserts import insert_or_ignore


class JobRun(Base):
    """A completed slot of a job."""

    __tablename__ = "job_run"
    __table_args__ = (sa.Index(None, "ran_at"), STRICT)

    job: Mapped[str] = mapped_column(primary_key=True)
    slot: Mapped[str] = mapped_column(primary_key=True)
    ran_at: Mapped[datetime]


def claim(session: Session, job: str, slot: datetime) -> bool:
    """Claim the slot for this unit; False if it is done. Waits for a transaction that holds it."""
    statement = insert_or_ignore(table_of(JobRun)).returning(JobRun.slot)
    row = {"job": job, "slot": slot.isoformat(), "ran_at": slot}
    return session.connection().execute(statement, row).first() is not None


def forget_runs(session: Session, before: datetime) -> int:
    """Sweep slots before an instant. Past slots are never claimed again."""
    return sweep(session, table_of(JobRun), JobRun.ran_at < before)
