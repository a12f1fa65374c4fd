"""Recompute the book of a center and its log from the facts, and name the first row that contradicts them.

Reads one snapshot in chunks, trusts no counter or balance, and takes no lock, so people can go on working.
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

# One act leaves many traces: the others are stored with the first, so that one release covers them all.
_MOST_DIFFERENCES = 500
Progress = Callable[[str, int, int], None]
_block = table_of(Block)

# Name of the step (words.py), the check, and the table whose rows measure its progress, if any.
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
    """Result of a verification: how much was covered, and the first differing row, None if there is none.

    `log` is the head of the log verified with it; `differences` are the first few hundred. `known` means that every
    difference found was released before by an admin and an auditor.
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
        """Whether nothing differs."""
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
    """Verify a center's book; `progress(step, done, total)` is called now and then, with a total of 0 if unknown.

    With `since` only what came after that head of the log; `against` is a head kept outside. A difference in `known` is
    reported first only if there is no other.
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
    """All differing rows in order of the steps, found lazily."""
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
    """The head of the log in the verified snapshot."""
    size = _block.c.first_leaf + _block.c.leaves
    query = sa.select(size, _block.c.root).where(_block.c.center_id == center_id)
    row = session.connection().execute(query.order_by(_block.c.first_leaf.desc()).limit(1)).one_or_none()
    return None if row is None else LogHead(*row)


def _count(session: Session, model: type[Base], center_id: int) -> int:
    table = table_of(model)
    return int(session.execute(sa.select(sa.func.count()).where(table.c.center_id == center_id)).scalar_one())
