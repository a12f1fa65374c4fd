"""What the service does by itself, and when: the SCHEDULE, run by threads of the served process or by a process alone.

However many processes run it, each slot of a job is done at most once: the slot's row is written in the job's own
transaction. Nobody leads, so nobody has to be found dead.
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
# Slots are of the machine's clock: what is due is decided by the service's, which a rehearsal may turn back.
_machine = SystemClock()
Work = Callable[[Session], int]
CenterWork = Callable[[Session, int], int]
OutsideWork = Callable[[int, datetime], int]


@dataclass(frozen=True, slots=True)
class Job:
    """Work done every so many seconds (a divisor of a day), for each center or once for the whole service.

    The work returns how many things it changed and takes so many at once that it holds the writer briefly. Where it
    changed `full`, it has left some and is asked again at once. What takes too long for a unit works `outside` of one,
    for each center, takes its slots itself, and is told the time.
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
    # No slot is taken: messages are claimed one by one, so two processes share them.
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
    """Start the schedule on threads of this process; call it after any fork. `.shutdown()` ends it."""
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
    """Do the job's slot of `at`, which is now, where nobody has; how many things it changed. A fault is only logged."""
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
    """When the slot began that the instant falls into."""
    since = int(instant.timestamp())
    return datetime.fromtimestamp(since - since % seconds, UTC)


def _parts(job: Job) -> list[tuple[str, Work]]:
    """The units of a run: each center has one of its own, so that one center's fault is not another's."""
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
    """At every multiple of so many seconds, as the clock on the wall shows them, in all processes alike."""
    if seconds < 60:
        return CronTrigger(second=f"*/{seconds}", timezone=UTC)
    if seconds < 3600:
        return CronTrigger(minute=f"*/{seconds // 60}", second=0, timezone=UTC)
    return CronTrigger(hour=f"*/{seconds // 3600}", minute=0, second=0, timezone=UTC)
