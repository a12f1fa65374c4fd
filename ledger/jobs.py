"""Scheduled jobs of the service: the SCHEDULE, run by threads of the server or by a separate process.

However many processes run it, each slot of a job is done at most once: the job's own transaction writes the slot's
row. There is no leader, so no failover.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger
from sqlalchemy.orm import Session

from ledger.audit.verifying import nightly
from ledger.checkin import service as checkin
from ledger.kernel import clock, idempotency, job_runs, outbox
from ledger.kernel.clocks import SystemClock
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.errors import Unavailable
from ledger.kernel.ids import public_id
from ledger.kernel.runtime import Runtime, within
from ledger.organisations.imports import service as imports
from ledger.people.access import credentials
from ledger.places import queries as places
from ledger.points.expiry import service as expiry
from ledger.points.raw import releasing
from ledger.points.sealing import service as sealing
from ledger.shop import settling
from ledger.web import rate_limit

_log = logging.getLogger(__name__)
_RUNS_KEPT = timedelta(days=1)
# Slots follow the machine's clock; the service's clock, which a rehearsal may turn back, decides what is due.
_machine = SystemClock()
Work = Callable[[Session], int]
CenterWork = Callable[[Session, int], int]
OutsideWork = Callable[[int, datetime], int]


@dataclass(frozen=True, slots=True)
class Job:
    """Work done every `seconds` (a divisor of a day), for each center or once for the whole service.

    The work returns the number of changes, at most as many as hold the writer only briefly. If it changed `full` or
    more, some are left, and it is run again immediately. Work too long for a unit runs `outside` of one, for each
    center, with the time as argument, and claims its own slots.
    """

    name: str
    seconds: int
    each_center: CenterWork | None = None
    at_once: Work | None = None
    full: int | None = None
    outside: OutsideWork | None = None


def _forget_keys(session: Session) -> int:
    return idempotency.forget_old(session, now=clock.now())


def _forget_runs(session: Session) -> int:
    return job_runs.forget_runs(session, _machine.now() - _RUNS_KEPT)


SCHEDULE: tuple[Job, ...] = (
    Job("release-holds", 15, each_center=partial(settling.release_expired, limit=30)),
    Job("release-raw-holds", 15, each_center=releasing.release_expired),
    Job("expire-lots", 15, each_center=expiry.carry_out),
    Job("seal", 120, each_center=sealing.seal, full=sealing.MOST_PER_BLOCK),
    # Claims no slot: messages are claimed one by one, so two processes share them.
    Job("send-outbox", 30, outside=lambda center_id, _at: outbox.deliver(center_id)),
    Job("verify", 3600, outside=nightly.verify_tonight),
    Job("close-forgotten", 60, each_center=partial(checkin.close_forgotten, limit=100)),
    Job("sweep-payer-codes", 3600, each_center=settling.forget_codes),
    Job("sweep-log-ins", 3600, at_once=credentials.forget_ended, full=credentials.MOST_FORGOTTEN),
    Job("sweep-import-drafts", 3600, each_center=imports.forget_drafts),
    Job("sweep-rate-limits", 600, at_once=rate_limit.forget_expired),
    Job("sweep-idempotency-keys", 3600, at_once=_forget_keys),
    Job("sweep-outbox", 3600, each_center=outbox.forget_sent),
    Job("sweep-job-runs", 3600, at_once=_forget_runs),
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
    slot = slot_of(now, job.seconds)
    changed = _run_outside(job, now)
    for name, work in _parts(job):
        try:
            done = in_transaction(_once, name, slot, work)
            changed += done
            while job.full is not None and done >= job.full:
                done = in_transaction(work)
                changed += done
        except Unavailable as told:
            _log.warning("job %s was put off: %s", name, told.code)
        except Exception:
            _log.exception("job %s failed", name)
    return changed


def _run_outside(job: Job, now: datetime) -> int:
    changed = 0
    for center_id in in_snapshot(places.center_ids) if job.outside is not None else ():
        try:
            changed += job.outside(center_id, now) if job.outside is not None else 0
        except Unavailable as told:
            _log.warning("job %s was put off: %s", job.name, told.code)
        except Exception:
            _log.exception("job %s failed", job.name)
    return changed


def slot_of(instant: datetime, seconds: int) -> datetime:
    """The start of the slot that contains the instant."""
    since = int(instant.timestamp())
    return datetime.fromtimestamp(since - since % seconds, UTC)


def _parts(job: Job) -> list[tuple[str, Work]]:
    """The units of a run: one per center, so that a fault in one center doesn't affect others."""
    if job.each_center is None:
        return [(job.name, job.at_once)] if job.at_once is not None else []
    return [
        (f"{job.name}:{public_id(each)}", _for_center(job.each_center, each)) for each in in_snapshot(places.center_ids)
    ]


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
