"""Recomputes the book of a center and its log from the facts and names the first row that says otherwise.

It reads one snapshot in chunks, believes no counter and no balance, and needs no lock: people go on working meanwhile.
"""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, islice

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.audit.checks.attendances import check_attendances
from ledger.audit.checks.chains import check_chains
from ledger.audit.checks.checkpoints import check_checkpoints, check_waiting
from ledger.audit.checks.decisions import check_approvals, check_expiry, check_periods
from ledger.audit.checks.finding import Check, Difference
from ledger.audit.checks.kinds import check_kinds
from ledger.audit.checks.lots import check_lots
from ledger.audit.checks.redemptions import check_deliveries, check_redemptions
from ledger.audit.checks.scope import LogHead, Scope
from ledger.audit.checks.seals import check_against, check_seals
from ledger.audit.checks.totals import check_receipts, check_redeemed, check_sources
from ledger.audit.checks.transfers import check_transfers
from ledger.checkin.models import Attendance
from ledger.kernel import clock
from ledger.kernel.types import Base, table_of
from ledger.points.models import Account, Batch, Transfer
from ledger.points.sealing.models import Block, CheckpointRow, Leaf
from ledger.shop.models import GoodsIn, Redemption

# One deed leaves many traces: the others are kept beside the first, so that its release is one of them all.
_MOST_DIFFERENCES = 500
Progress = Callable[[str, int, int], None]
_block = table_of(Block)

# Name of the step (words.py), the check, and the table whose rows it goes through, where it can count them.
STEPS: tuple[tuple[str, Check, type[Base] | None], ...] = (
    ("against", check_against, None),
    ("waiting", check_waiting, None),
    ("seals", check_seals, Leaf),
    ("checkpoints", check_checkpoints, CheckpointRow),
    ("chains", check_chains, None),
    ("lots", check_lots, None),
    ("kinds", check_kinds, None),
    ("transfers", check_transfers, None),
    ("attendances", check_attendances, Attendance),
    ("redemptions", check_redemptions, Redemption),
    ("deliveries", check_deliveries, GoodsIn),
    ("receipts", check_receipts, None),
    ("redeemed", check_redeemed, None),
    ("sources", check_sources, None),
    ("approvals", check_approvals, None),
    ("expiry", check_expiry, None),
    ("periods", check_periods, None),
)


@dataclass(frozen=True, slots=True)
class Verification:
    """What a verification found: how much there is, and the first row that differs, None where none does.

    `log` is the beginning of the log that is verified with it; `differences` are the first few hundred of all that
    differ. The first is `known` where an admin and an auditor have released a freeze because of it and all the others.
    """

    center_id: int
    started_at: datetime
    finished_at: datetime
    accounts: int
    batches: int
    transfers: int
    log: LogHead | None
    difference: Difference | None
    differences: tuple[Difference, ...] = ()
    known: bool = False

    @property
    def clean(self) -> bool:
        """Whether every row is what the facts say."""
        return self.difference is None


def verify(
    session: Session,
    center_id: int,
    *,
    progress: Progress | None = None,
    since: LogHead | None = None,
    against: LogHead | None = None,
    known: Collection[Difference] = (),
) -> Verification:
    """Verify a center's book; `progress(step, done, total)` is called now and then, with a total of 0 where unknown.

    With `since` only what came behind that beginning of the log; `against` is one that was kept outside. Differences
    that are `known` are passed over as long as there is another.
    """
    started_at = clock.now()
    scope = Scope(center_id, started_at, since=since, against=against)
    found = list(islice(differences(session, scope, progress=progress), _MOST_DIFFERENCES))
    new = [difference for difference in found if difference not in known]
    return Verification(
        center_id=center_id,
        accounts=_count(session, Account, center_id),
        batches=_count(session, Batch, center_id),
        transfers=_count(session, Transfer, center_id),
        log=_log(session, center_id),
        difference=next(iter([*new, *found]), None),
        differences=tuple(found),
        known=bool(found) and not new,
        started_at=started_at,
        finished_at=clock.now(),
    )


def differences(session: Session, scope: Scope, *, progress: Progress | None = None) -> Iterator[Difference]:
    """All rows that differ, in the order of the steps; looked for as they are asked for."""
    return chain.from_iterable(_run(session, scope, step, progress) for step in range(len(STEPS)))


def _run(session: Session, scope: Scope, step: int, progress: Progress | None) -> Iterator[Difference]:
    name, check, model = STEPS[step]
    whole = model is not None and progress is not None and scope.since is None
    total = _count(session, model, scope.center_id) if whole and model is not None else 0
    done = 0

    def advance(rows: int) -> None:
        nonlocal done
        done += rows
        if progress is not None:
            progress(name, done, total)

    advance(0)
    yield from check(session, scope, advance)


def _log(session: Session, center_id: int) -> LogHead | None:
    """The log as it is in the snapshot that was verified."""
    size = _block.c.first_leaf + _block.c.leaves
    query = sa.select(size, _block.c.root).where(_block.c.center_id == center_id)
    row = session.connection().execute(query.order_by(_block.c.first_leaf.desc()).limit(1)).one_or_none()
    return None if row is None else LogHead(*row)


def _count(session: Session, model: type[Base], center_id: int) -> int:
    table = table_of(model)
    return int(session.execute(sa.select(sa.func.count()).where(table.c.center_id == center_id)).scalar_one())
