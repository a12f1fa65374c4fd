"""Recomputes the whole book of a center from its facts and names the first row that says otherwise.

It reads one snapshot in chunks, believes no counter and no balance, and needs no lock: people go on working meanwhile.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import chain

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.audit.checks.attendances import check_attendances
from ledger.audit.checks.chains import check_chains
from ledger.audit.checks.finding import Check, Difference
from ledger.audit.checks.redemptions import check_deliveries, check_redemptions
from ledger.audit.checks.totals import check_receipts, check_redeemed, check_sources
from ledger.audit.checks.transfers import check_transfers
from ledger.checkin.models import Attendance
from ledger.kernel import clock
from ledger.kernel.types import Base, table_of
from ledger.points.models import Account, Batch, Transfer
from ledger.shop.models import GoodsIn, Redemption

Progress = Callable[[str, int, int], None]

# Name of the step (words.py), the check, and the table whose rows it goes through, where it can count them.
STEPS: tuple[tuple[str, Check, type[Base] | None], ...] = (
    ("chains", check_chains, Account),
    ("transfers", check_transfers, None),
    ("attendances", check_attendances, Attendance),
    ("redemptions", check_redemptions, Redemption),
    ("deliveries", check_deliveries, GoodsIn),
    ("receipts", check_receipts, None),
    ("redeemed", check_redeemed, None),
    ("sources", check_sources, Batch),
)


@dataclass(frozen=True, slots=True)
class Verification:
    """What a verification found: how much it went through, and the first row that differs, None where none does."""

    center_id: int
    started_at: datetime
    finished_at: datetime
    accounts: int
    batches: int
    transfers: int
    difference: Difference | None

    @property
    def clean(self) -> bool:
        """Whether every row is what the facts say."""
        return self.difference is None


def verify(session: Session, center_id: int, *, progress: Progress | None = None) -> Verification:
    """Verify a center's book; `progress(step, done, total)` is called now and then, with a total of 0 where unknown."""
    started_at = clock.now()
    return Verification(
        center_id=center_id,
        accounts=_count(session, Account, center_id),
        batches=_count(session, Batch, center_id),
        transfers=_count(session, Transfer, center_id),
        difference=next(differences(session, center_id, progress=progress), None),
        started_at=started_at,
        finished_at=clock.now(),
    )


def differences(session: Session, center_id: int, *, progress: Progress | None = None) -> Iterator[Difference]:
    """All rows that differ, in the order of the steps; looked for as they are asked for."""
    return chain.from_iterable(_run(session, center_id, step, progress) for step in range(len(STEPS)))


def _run(session: Session, center_id: int, step: int, progress: Progress | None) -> Iterator[Difference]:
    name, check, model = STEPS[step]
    total = _count(session, model, center_id) if model is not None and progress is not None else 0
    done = 0

    def advance(rows: int) -> None:
        nonlocal done
        done += rows
        if progress is not None:
            progress(name, done, total)

    advance(0)
    yield from check(session, center_id, advance)


def _count(session: Session, model: type[Base], center_id: int) -> int:
    table = table_of(model)
    return int(session.execute(sa.select(sa.func.count()).where(table.c.center_id == center_id)).scalar_one())
