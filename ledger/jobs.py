"""Scheduled jobs of the service: the SCHEDULE, run by threads of the server or by a separate process.

However many processes run it, each slot of a job is done at most once: the job's own transaction writes the slot's
row. There is no leader, so no failover.
"""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger
from sqlalchemy.orm import Session

from ledger.audit.verifying import nightly
from ledger.checkin import service as checkin
from ledger.kernel import clock, idempotency, job_runs, outbox, rate_limit
from ledger.kernel.clocks import SystemClock
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.errors import Unavailable
from ledger.kernel.ids import public_id
from ledger.kernel.runtime import Runtime, current, within
from ledger.kernel.sweeping import MOST_SWEPT
from ledger.organisations.imports import service as imports
from ledger.people.access import attempts, credentials, staff
from ledger.places import queries as places
from ledger.points.expiry import service as expiry
from ledger.points.raw import releasing
from ledger.points.sealing import service as sealing
from ledger.shop import settling

_log = logging.getLogger(__name__)
_RUNS_KEPT = timedelta(days=1)
# Slots follow the machine's clock; the service's clock, which a rehearsal may turn back, decides what is due.
_machine = SystemClock()
Work = Callable[[Session], int]
CenterWork = Callable[[Session, int], int]
OutsideWork = Callable[[int, datetime], int]
# A transition takes longer than a deletion: these many still hold SQLite's writer only briefly.
_RELEASED, _CLOSED = 30, 100


@dataclass(frozen=True, slots=True)
class EachCenter:
    """A unit for each center that returns the number of changes, at most `full`; it is run again while that many."""

    work: CenterWork
    full: int | None = None


@dataclass(frozen=True, slots=True)
class AtOnce:
    """A unit for the whole service that returns the number of changes, at most `full`; run again while that many."""

    work: Work
    full: int | None = None


@dataclass(frozen=True, slots=True)
class Outside:
    """Work too long for a unit: called for each center with the machine's time, it claims its own slots."""

    work: OutsideWork


@dataclass(frozen=True, slots=True)
class Job:
    """What is done every `seconds`, a divisor of a day."""

    name: str
    seconds: int
    does: EachCenter | AtOnce | Outside


def _forget_keys(session: Session, center_id: int) -> int:
    return idempotency.forget_old(session, center_id, now=clock.now())


def _forget_runs(session: Session) -> int:
    return job_runs.forget_runs(session, _machine.now() - _RUNS_KEPT)


SCHEDULE: tuple[Job, ...] = (
    Job("release-holds", 15, EachCenter(partial(settling.release_expired, limit=_RELEASED), full=_RELEASED)),
    Job("release-raw-holds", 15, EachCenter(releasing.release_expired, full=releasing.MOST_RELEASED)),
    # Not again while full: the lots of a whole center leave over hours, so that nobody at a till waits for them.
    Job("expire-lots", 15, EachCenter(expiry.carry_out)),
    Job("seal", 120, EachCenter(sealing.seal, full=sealing.MOST_PER_BLOCK)),
    # Claims no slot: messages are claimed one by one, so two processes share them.
    Job("send-outbox", 30, Outside(lambda center_id, _at: outbox.deliver(center_id))),
    Job("verify", 3600, Outside(nightly.verify_tonight)),
    Job("close-forgotten", 60, EachCenter(partial(checkin.close_forgotten, limit=_CLOSED), full=_CLOSED)),
    Job("withdraw-of-ended-roles", 600, EachCenter(staff.withdraw_of_ended)),
    Job("sweep-payer-codes", 3600, EachCenter(settling.forget_codes, full=MOST_SWEPT)),
    Job("sweep-activation-codes", 3600, EachCenter(credentials.forget_codes, full=MOST_SWEPT)),
    Job("sweep-log-ins", 3600, EachCenter(credentials.forget_log_ins, full=MOST_SWEPT)),
    Job("sweep-login-attempts", 3600, EachCenter(attempts.forget_old, full=MOST_SWEPT)),
    Job("sweep-import-drafts", 3600, EachCenter(imports.forget_drafts, full=imports.MOST_DRAFTS_SWEPT)),
    Job("sweep-rate-limits", 600, AtOnce(rate_limit.forget_expired, full=MOST_SWEPT)),
    Job("sweep-idempotency-keys", 3600, EachCenter(_forget_keys, full=MOST_SWEPT)),
    Job("sweep-outbox", 3600, EachCenter(outbox.forget_sent, full=MOST_SWEPT)),
    Job("sweep-job-runs", 3600, AtOnce(_forget_runs, full=MOST_SWEPT)),
)


def start(runtime: Runtime, schedule: tuple[Job, ...] = SCHEDULE) -> BackgroundScheduler:
    """Start the schedule on threads of this process; if the process forks, call it then. `.shutdown()` ends it."""
    scheduler = BackgroundScheduler(timezone=UTC)
    for job in schedule:
        scheduler.add_job(
            run,
            _trigger(job.seconds),
            args=(runtime, job),
            id=job.name,
            coalesce=True,
            max_instances=1,
            misfire_grace_time=job.seconds,
        )
    scheduler.start()
    return scheduler


def run(runtime: Runtime, job: Job, *, at: datetime | None = None) -> int:
    """Run the job in the slot of `at` (default now) unless it is done; returns the number of changes, logs faults."""
    with within(runtime):
        return _run(job, at or _machine.now())


def _run(job: Job, now: datetime) -> int:
    changed = 0
    for name, steps in _parts(job, now):
        try:
            for done in steps:
                changed += done
        except Unavailable as told:
            _log.warning("job %s was put off: %s", name, current().database.cause_of(told) or told.code)
        except Exception:
            _log.exception("job %s failed", name)
    return changed


def slot_of(instant: datetime, seconds: int) -> datetime:
    """The start of the slot that contains the instant."""
    since = int(instant.timestamp())
    return datetime.fromtimestamp(since - since % seconds, UTC)


def _parts(job: Job, now: datetime) -> list[tuple[str, Iterator[int]]]:
    """The parts of a run with their steps: one per center, so that a fault in one center doesn't affect others."""
    does, slot = job.does, slot_of(now, job.seconds)
    if isinstance(does, AtOnce):
        return [(job.name, _units(job.name, slot, does.work, does.full))]
    centers = {f"{job.name}:{public_id(center_id)}": center_id for center_id in in_snapshot(places.center_ids)}
    if isinstance(does, Outside):
        return [(name, _outside(does.work, center_id, now)) for name, center_id in centers.items()]
    return [
        (name, _units(name, slot, _for_center(does.work, center_id), does.full)) for name, center_id in centers.items()
    ]


def _units(name: str, slot: datetime, work: Work, full: int | None) -> Iterator[int]:
    """Run the work's units; each yields its number of changes once it is committed."""
    done = in_transaction(_once, name, slot, work)
    yield done
    while full is not None and done >= full:
        done = in_transaction(work)
        yield done


def _outside(work: OutsideWork, center_id: int, now: datetime) -> Iterator[int]:
    yield work(center_id, now)


def _for_center(work: CenterWork, center_id: int) -> Work:
    return lambda session: work(session, center_id)


def _once(session: Session, name: str, slot: datetime, work: Work) -> int:
    return work(session) if job_runs.claim(session, name, slot) else 0


def _trigger(seconds: int) -> CronTrigger:
    """Trigger at every multiple of `seconds` by UTC wall clock, the same in all processes."""
    if seconds < 60:
        return CronTrigger(second=f"*/{seconds}", timezone=UTC)
    if seconds < 3600:
        return CronTrigger(minute=f"*/{seconds // 60}", second=0, timezone=UTC)
    return CronTrigger(hour=f"*/{seconds // 3600}", minute=0, second=0, timezone=UTC)
