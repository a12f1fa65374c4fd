"""Rows for tests of units: runs of jobs, because that table has no foreign keys."""

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.kernel import clock
from ledger.kernel.db import in_snapshot
from ledger.kernel.ids import new_id, public_id
from ledger.kernel.job_runs import JobRun


def new_job() -> str:
    """A job name that no other test uses."""
    return f"job-{public_id(new_id())}"


def add(session: Session, job: str, slot: str) -> str:
    """Write a row and return its slot."""
    session.add(JobRun(job=job, slot=slot, ran_at=clock.now()))
    return slot


def slots(job: str) -> list[str]:
    """The job's slots in order, read from a snapshot."""
    return in_snapshot(_slots, job)


def _slots(session: Session, job: str) -> list[str]:
    return list(session.scalars(sa.select(JobRun.slot).where(JobRun.job == job).order_by(JobRun.slot)))
