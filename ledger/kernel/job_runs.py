"""Which job has run in which slot: written in the job's own transaction, so that two processes never do one twice."""

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from ledger.kernel.types import STRICT, Base


class JobRun(Base):
    """A slot of a job that was done."""

    __tablename__ = "job_run"
    __table_args__ = (STRICT,)

    job: Mapped[str] = mapped_column(primary_key=True)
    slot: Mapped[str] = mapped_column(primary_key=True)
    ran_at: Mapped[datetime]
