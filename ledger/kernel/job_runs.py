"""Which job has run in which slot: written in the job's own transaction, so that two processes never do one twice."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from ledger.kernel.types import STRICT, Base, table_of
from ledger.kernel.upserts import insert_or_ignore


class JobRun(Base):
    """A slot of a job that was done."""

    __tablename__ = "job_run"
    __table_args__ = (STRICT,)

    job: Mapped[str] = mapped_column(primary_key=True)
    slot: Mapped[str] = mapped_column(primary_key=True)
    ran_at: Mapped[datetime]


def claim(session: Session, job: str, slot: datetime) -> bool:
    """Take the slot for this unit; False when it was done before. Waits for a transaction that is doing it."""
    statement = insert_or_ignore(table_of(JobRun)).returning(JobRun.slot)
    row = {"job": job, "slot": slot.isoformat(), "ran_at": slot}
    return session.connection().execute(statement, row).first() is not None


def forget_runs(session: Session, before: datetime) -> int:
    """Remove the slots until then; how many went. Nobody asks for a slot of the past again."""
    return int(session.connection().execute(sa.delete(JobRun).where(JobRun.ran_at < before)).rowcount)
