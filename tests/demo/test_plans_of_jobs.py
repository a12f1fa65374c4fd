"""Jobs cost the same in a long book: each statement reads what is due or waits, by an index of that.

Every job of the schedule, except for the nightly sums, is run on a book in which there is something for it to do.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger import jobs
from ledger.app import APPROVALS, create_app
from ledger.approvals.service import propose
from ledger.jobs import SCHEDULE, Job
from ledger.kernel import clock, job_runs, rate_limit, runtime
from ledger.kernel.database import Database
from ledger.kernel.db import in_transaction
from ledger.kernel.engines import is_sqlite
from ledger.kernel.ids import new_id
from ledger.kernel.outbox import OutboxMessage
from ledger.kernel.rate_limit import Limit
from ledger.people.access import credentials, kinds
from ledger.points.expiry import service as expiry
from ledger.points.raw import service as raw
from ledger.points.raw.service import WantedTransfer
from ledger.shop import service as till
from ledger.shop.policy import Wanted
from tests.demo.loaded import settings_for
from tests.plans import Walk, explaining, sent_to, walks
from tests.tour import Tour
from tests.world import World

FIRST = "goes along the index from its end, as far as rows are due"
WAITS = "has only what waits, however long the book is"
# Index that a job goes along, and why that is not the whole book.
MAY_GO_ALONG = {
    "ix_account_holding": WAITS,
    "ix_activation_code_center_id_expires_at": FIRST,
    "ix_attendance_center_id_status_opened_at": WAITS,
    "ix_idempotency_center_id_created_at": FIRST,
    "ix_job_run_ran_at": FIRST,
    "ix_login_attempt_center_id_at_id": FIRST,
    "ix_login_session_center_id_expires_at": FIRST,
    "ix_outbox_sent": FIRST,
    "ix_payer_code_unused": FIRST,
    "ix_rate_limit_expires_at": FIRST,
    "ix_proposal_center_id_status_proposed_at_id": WAITS,
    "ix_redemption_center_id_status_created_at": WAITS,
}
EVERYTHING = {"verify": "adds up the whole book"}
# Job and table that it walks over.
MAY_WALK = {
    ("seal", "unsealed"): WAITS,
    ("seal", "block"): "the last two blocks of a center",
}
ON_POSTGRES = {
    (
        "expire-lots",
        "lot",
    ): "reads the lots that end by the day of a run, and would rather sort them: that is the question",
    ("withdraw-of-ended-roles", "proposal"): "goes along the keys of what waits, which are few",
    ("withdraw-of-ended-roles", "newcomer"): "holds only whom a proposal that waits would add",
}
IDLE = {"send-outbox": "the book has no channel"}
MUCH_LATER = timedelta(days=200)


@dataclass(frozen=True, slots=True)
class Found:
    """A walk of a job, and the statement that caused it."""

    job: str
    walk: Walk
    text: str

    def __str__(self) -> str:
        return f"{self.job}: {self.walk.step}: {self.text[:2_000]}"

    @property
    def index(self) -> str:
        """The index that it goes along."""
        found = re.search(r"\b((?:ix|uq|pk|sqlite)_\w+)", self.walk.step)
        return found[1] if found else ""


def test_no_job_walks_over_the_whole_book(own_database: Database, tmp_path: Path) -> None:
    app = create_app(settings_for(own_database.url, tmp_path), database=own_database)
    leave_something_to_do(Tour(World(own_database), app))
    sent_by = {job.name: heard(own_database, job) for job in SCHEDULE if job.name not in EVERYTHING}

    with explaining(own_database) as session:
        found = [
            Found(name, walk, text)
            for name, statements in sent_by.items()
            for text, values in statements
            for walk in walks(session, text, values)
        ]
    assert [str(each) for each in found if not may_walk(each)] == []
    if is_sqlite(own_database.url):  # whose plans never change
        assert set(MAY_GO_ALONG) == {each.index for each in found} & set(MAY_GO_ALONG), "needs no exception"
        assert set(MAY_WALK) <= {(each.job, each.walk.table) for each in found}, "needs no exception"


def heard(database: Database, job: Job) -> list[tuple[str, Any]]:
    """The statements that a job sends much later, when what was left is due; it has to do something."""
    with (
        clock.at(clock.now() + MUCH_LATER),
        sent_to(database.writer) as written,
        sent_to(database.reader) as read,
    ):
        changed = jobs.run(runtime.current(), job, at=clock.now())
    assert changed > 0 or job.name in IDLE, f"{job.name} had nothing to do"
    return [*written.statements.values(), *read.statements.values()]


def may_walk(found: Found) -> bool:
    """Whether a walk is permitted above: for what is due, only if it is told until when."""
    why = MAY_GO_ALONG.get(found.index)
    if why is None:
        return (found.job, found.walk.table) in MAY_WALK | ON_POSTGRES
    return why == WAITS or "<" in found.walk.step


def leave_something_to_do(tour: Tour) -> None:
    """A row for each job: holds, open visits, lots, codes, log-ins, keys, messages, proposals."""
    world, volunteer = tour.world, tour.person("volunteer")
    debit, credit = (in_transaction(raw.open_account, "minute", overdraft=True, actor=world.builder) for _ in range(2))
    hold = WantedTransfer("hold", debit, credit, amount=5, unit="minute", kind="pending", timeout_seconds=1)
    in_transaction(raw.transfer_all, [hold], actor=world.builder)
    rice = [Wanted(int(tour.keys["item_id"]), 1)]
    code = in_transaction(till.issue_payer_code, actor=volunteer.actor)["code"]
    clerk = tour.person("clerk").actor
    in_transaction(till.open_and_hold, int(tour.keys["shop_id"]), code, rice, actor=clerk)
    in_transaction(till.issue_payer_code, actor=volunteer.actor)
    in_transaction(credentials.make_activation_code, volunteer.identity_id, actor=world.builder)
    in_transaction(expiry.release, int(tour.keys["run_id"]), actor=world.builder)
    rate_limit.count_try((Limit("tour", 5, 60), "somebody"))
    in_transaction(job_runs.claim, "tour", datetime(2020, 1, 1, tzinfo=UTC))
    in_transaction(_leave_sent_message, world.center_id)
    _leave_proposal_of_today(world, about=tour.person("admin").identity_id)


def _leave_proposal_of_today(world: World, *, about: int) -> None:
    """A proposal of somebody whose role ends today."""
    guest = world.add_staff("admin", place_id=world.top_id, valid_until=clock.today())
    wanted = kinds.code_payload(about)
    in_transaction(propose, kinds.CODE.name, wanted, "忘了密码", actor=guest.actor, desk=APPROVALS)


def _leave_sent_message(session: Session, center_id: int) -> None:
    row = {"center_id": center_id, "id": new_id(), "topic": "tour", "channel": "tour", "payload": "{}", "attempts": 1}
    times = {"created_at": clock.now(), "next_try_at": clock.now(), "sent_at": clock.now()}
    session.execute(sa.insert(OutboxMessage), row | times)
