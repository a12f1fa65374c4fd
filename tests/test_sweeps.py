"""Whatever ends by itself: each column with such a time is listed with its job, and the sweeps delete rows."""

import inspect
import re
from collections.abc import Iterable
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger import jobs
from ledger.jobs import SCHEDULE, Job, Outside
from ledger.kernel import clock, runtime, sweeping
from ledger.kernel.database import Database
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.rate_limit import RateLimit
from ledger.kernel.sweeping import MOST_SWEPT
from ledger.kernel.types import table_of
from ledger.organisations.imports import service as imports
from ledger.organisations.models import ImportDraft
from ledger.people.access import attempts, credentials
from ledger.people.access.attempts import Seen
from ledger.people.access.models import LoginAttempt
from ledger.people.levels import CODE_LASTS, VOLUNTEER
from ledger.people.models import ActivationCode, LoginSession
from ledger.tables import metadata
from tests.plans import sent_to
from tests.test_house_rules import fail_on
from tests.world import World

ENDS = re.compile(r"(expires?|ends?|extended|due)_(at|on|to)|\w+_until")
# Column with an end: the job that acts on it, or why none is needed.
ENDED_BY = {
    "activation_code.expires_at": "sweep-activation-codes",
    "login_session.expires_at": "sweep-log-ins",
    "payer_code.expires_at": "sweep-payer-codes",
    "rate_limit.expires_at": "sweep-rate-limits",
    "redemption.held_until": "release-holds",
    "redemption.bound_until": "release-holds",
    "transfer.expires_at": "release-raw-holds",
    "lot.expires_on": "expire-lots",
    "lot.extended_to": "expire-lots",
    "expiry_run.ends_on": "expire-lots",
    "lot_use.extended_to": "kept, because it is the fact that a posting put a lot off",
    "shift.ends_at": "kept, because it is the plan that hours are counted by",
    "card.expires_on": "kept, because a card that is found years later is still told from one that never was",
    "block.recorded_until": "kept, because it is what a seal covers",
    "seal_key.valid_until": "kept, because old seals are verified by old keys",
    # The row is kept, because records name the role behind them; what its holder proposed is withdrawn.
    "role_grant.valid_until": "withdraw-of-ended-roles",
    "period.closed_until": "kept, because it is the fact that a month was closed",
}
# Tables of short-lived rows without such a column: the job, which goes by when a row was made or used.
PASSING = {
    "import_draft": "sweep-import-drafts",
    "idempotency": "sweep-idempotency-keys",
    "job_run": "sweep-job-runs",
    "login_attempt": "sweep-login-attempts",
    "outbox": "sweep-outbox",
}

SWEEPS = [job for job in SCHEDULE if job.name.startswith("sweep-")]
# The lots of a whole center leave over hours, so that nobody at a till waits for them.
IN_NO_HURRY = {"expire-lots"}


def ends_of(tables: Iterable[sa.Table]) -> set[str]:
    """The columns that say how long a row is valid."""
    return {f"{table.name}.{column.name}" for table in tables for column in table.c if ENDS.fullmatch(column.name)}


def test_each_end_has_a_job_or_a_reason() -> None:
    fail_on(
        ends_of(metadata.sorted_tables) - ENDED_BY.keys(),
        "Name the job of jobs.SCHEDULE that ends such a row, or say why it is kept: 'kept, because …'.",
    )
    fail_on(ENDED_BY.keys() - ends_of(metadata.sorted_tables), "There is no such column: take it off ENDED_BY.")
    names = {job.name for job in SCHEDULE}
    fail_on(
        (
            f"{where}: {what}"
            for where, what in (ENDED_BY | PASSING).items()
            if what not in names and not what.startswith("kept, because ")
        ),
        "There is no such job in jobs.SCHEDULE.",
    )
    assert PASSING.keys() <= metadata.tables.keys()


def test_each_sweep_is_of_a_table() -> None:
    fail_on(
        {job.name for job in SWEEPS} - {*ENDED_BY.values(), *PASSING.values()},
        "Say which table it sweeps, in ENDED_BY or PASSING.",
    )


@pytest.mark.parametrize("column", ["expires_at", "ends_on", "good_until"])
def test_a_new_end_is_seen(column: str) -> None:
    new = sa.Table("loan", sa.MetaData(), sa.Column("id"), sa.Column("ended_by"), sa.Column(column))
    assert ends_of([new]) == {f"loan.{column}"}


def find_job(name: str) -> Job:
    """The job of that name."""
    return next(each for each in SCHEDULE if each.name == name)


def run_after(name: str, after: timedelta) -> int:
    """Run a job as it runs so much later; how many rows it took away."""
    at = clock.now() + after
    with clock.at(at):
        return jobs.run(runtime.current(), find_job(name), at=at)


@pytest.mark.parametrize("each", SWEEPS, ids=lambda each: each.name)
def test_a_sweep_deletes_no_more_at_once_than_is_full(own_database: Database, each: Job) -> None:
    World(own_database)
    with sent_to(own_database.writer) as sent:
        jobs.run(runtime.current(), each)

    deletes = [(text, values) for text, values in sent.statements.values() if text.startswith("DELETE")]
    assert not isinstance(each.does, Outside)
    assert each.does.full is not None
    for text, values in deletes:
        assert "LIMIT" in text
        assert each.does.full in (values.values() if isinstance(values, dict) else values)
    assert deletes != []


@pytest.mark.parametrize("each", [each for each in SCHEDULE if each not in SWEEPS], ids=lambda each: each.name)
def test_a_limited_job_goes_on_while_it_takes_its_limit(each: Job) -> None:
    """Or a queue that grows faster than one limit a slot is never empty."""
    limit = inspect.signature(each.does.work).parameters.get("limit")
    if limit is not None and each.name not in IN_NO_HURRY:
        assert not isinstance(each.does, Outside)
        assert each.does.full == limit.default


def test_a_sweep_takes_at_most_its_limit_of_what_is_over(own_database: Database) -> None:
    limits = table_of(RateLimit)
    rows = [{"key": str(number), "hits": 1, "expires_at": number} for number in range(5)]
    in_transaction(lambda session: session.connection().execute(sa.insert(limits), rows).close())
    over = limits.c.expires_at < 3
    assert [in_transaction(sweeping.sweep, limits, over, limit=2) for _ in range(3)] == [2, 1, 0]
    assert in_snapshot(lambda session: sorted(session.scalars(sa.select(RateLimit.key)))) == ["3", "4"]


def test_more_than_is_full_is_swept_in_one_run(own_database: Database) -> None:
    rows = [{"key": str(number), "hits": 1, "expires_at": 1} for number in range(2 * MOST_SWEPT + 1)]
    in_transaction(lambda session: session.connection().execute(sa.insert(RateLimit), rows).close())
    assert run_after("sweep-rate-limits", timedelta(0)) == len(rows)


def test_an_activation_code_is_kept_as_long_as_it_can_be_used(world: World) -> None:
    member = world.add_volunteer()
    in_transaction(credentials.make_activation_code, member.identity_id, actor=world.builder)
    run_after("sweep-activation-codes", CODE_LASTS[VOLUNTEER] - timedelta(hours=2))
    assert in_snapshot(_codes_of, member.identity_id) == 1
    run_after("sweep-activation-codes", CODE_LASTS[VOLUNTEER])
    assert in_snapshot(_codes_of, member.identity_id) == 0


def _codes_of(session: Session, identity_id: int) -> int:
    query = sa.select(sa.func.count()).where(ActivationCode.identity_id == identity_id)
    return int(session.scalar(query) or 0)


def test_a_log_in_goes_a_month_after_its_end(own_database: Database) -> None:
    world = World(own_database)
    person = world.add_volunteer()
    for _ in range(4):
        in_transaction(credentials.open_session, person.identity_id, kind="browser", center_id=world.center_id)
    day = timedelta(days=1)

    assert run_after("sweep-log-ins", 59 * day) == 0
    assert in_snapshot(_log_ins) == 5
    assert run_after("sweep-log-ins", 61 * day) == 5
    assert in_snapshot(_log_ins) == 0


def _log_ins(session: Session) -> int:
    return int(session.scalar(sa.select(sa.func.count()).select_from(LoginSession)) or 0)


def test_the_record_of_log_ins_goes_back_180_days(world: World) -> None:
    log_in = world.center_id, world.add_volunteer().identity_id
    in_transaction(attempts.let_in, log_in, attempts.PASSWORD, Seen("browser", "192.0.2.7"))
    run_after("sweep-login-attempts", timedelta(days=180) - timedelta(hours=2))
    assert in_snapshot(_attempts_of, *log_in) == 1
    run_after("sweep-login-attempts", timedelta(days=180))
    assert in_snapshot(_attempts_of, *log_in) == 0


def _attempts_of(session: Session, center_id: int, identity_id: int) -> int:
    own = LoginAttempt.center_id == center_id, LoginAttempt.identity_id == identity_id
    return int(session.scalar(sa.select(sa.func.count()).where(*own)) or 0)


def test_a_list_that_nobody_went_on_with_goes_after_a_day(world: World) -> None:
    in_transaction(
        imports.keep_draft,
        lines="{}",
        others=0,
        file_name="名单.csv",
        place_id=None,
        make_teams=False,
        actor=world.builder,
    )
    run_after("sweep-import-drafts", timedelta(hours=23))
    assert in_snapshot(_drafts, world) == 1
    run_after("sweep-import-drafts", timedelta(hours=25))
    assert in_snapshot(_drafts, world) == 0


def _drafts(session: Session, world: World) -> int:
    query = sa.select(sa.func.count()).where(ImportDraft.center_id == world.center_id)
    return int(session.scalar(query) or 0)
