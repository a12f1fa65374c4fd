"""Which job has run in which slot: written in the job's own transaction, so that two processes never do one twice."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from ledger.kernel.types import STRICT, Base

_INSERT: dict[str, Any] = {
    "sqlite": sqlite.insert,
    "postgresql": postgresql.insert,
}


class JobRun(Base):
    """A slot of a job that was done."""

    __tablename__ = "job_run"
    __table_args__ = (STRICT,)

    job: Mapped[str] = mapped_column(primary_key=True)
    slot: Mapped[str] = mapped_column(primary_key=True)
    ran_at: Mapped[datetime]


def claim(session: Session, job: str, slot: datetime) -> bool:
    """Take the slot for this unit; False when it was done before. Waits for a transaction that is doing it."""
    statement = _INSERT[session.get_bind().dialect.name](JobRun).on_conflict_do_nothing().returning(JobRun.slot)
    row = {"job": job, "slot": slot.isoformat(), "ran_at": slot}
    # A row comes back if it was written; SQLAlchemy keeps no rowcount of an INSERT on PostgreSQL.
    return session.connection().execute(statement, row).first() is not None


def forget_runs(session: Session, before: datetime) -> int:
    """Remove the slots until then; how many went. Nobody asks for a slot of the past again."""
    return int(session.connection().execute(sa.delete(JobRun).where(JobRun.ran_at < before)).rowcount)
