"""A book with what the small one lacks: two-person decisions, debts, expired lots, a closed month, a long log."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.kernel import clock
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.ids import public_id
from ledger.points.closing.kinds import CLOSE
from ledger.points.closing.months import month_of
from ledger.points.corrections import clawback
from ledger.points.expiry import service as expiry
from ledger.points.expiry.kinds import RELEASE
from ledger.points.models import Account, Transfer
from ledger.points.policy import POINT
from ledger.points.raw import service as raw
from ledger.points.raw.service import WantedTransfer
from ledger.points.sealing import keys as seal_keys
from tests.approvals.office import Office
from tests.audit.small_book import SmallBook, make_small_book, seal, serve
from tests.runtimes import ZONE
from tests.world import World

# More than 256, so that the log stores a node.
_RAW_TRANSFERS = 260


@dataclass
class FullBook:
    """The small book and the office that made the decisions."""

    small: SmallBook
    office: Office
    free_accounts: Sequence[int]

    @property
    def world(self) -> World:
        """The world of its center."""
        return self.small.world


def make_full_book(world: World) -> FullBook:
    """Fill a center: hours of 800 days ago, expired by now, and what followed; four blocks, two keys."""
    now = clock.now()
    day = (now - timedelta(days=800)).replace(hour=1, minute=0, second=0, microsecond=0)
    small = make_small_book(world, day=day)
    office = Office(world)
    office.volunteer = small.other
    free_accounts = [
        in_transaction(raw.open_account, POINT, overdraft=overdraft, actor=world.builder) for overdraft in (True, False)
    ]
    with clock.at(now - timedelta(days=4)):
        moves = [WantedTransfer(None, *free_accounts, 100, POINT)] * _RAW_TRANSFERS
        in_transaction(raw.transfer_all, moves, actor=world.builder)
        seal(world)
        in_transaction(seal_keys.change_key, world.center_id)
    with clock.at(now - timedelta(days=3)):
        in_transaction(clawback.claw_back, in_snapshot(_award_of, small), actor=world.builder, reason="clawback")
        office.approve(office.adjustment(300))
        seal(world)
    with clock.at(now - timedelta(days=2)):
        world.add_shift(now - timedelta(days=2))
        _expire(office)
        office.approve(office.propose(CLOSE.name, {"month": month_of(day, ZONE)}))
    serve(world, small.clerk, small.other, now - timedelta(days=2), minutes=100)
    seal(world)
    return FullBook(small, office, free_accounts)


def _expire(office: Office) -> None:
    run_id = in_transaction(expiry.prepare, expiry.last_day_over(), actor=office.first.actor)
    office.approve(office.propose(RELEASE.name, {"run_id": public_id(run_id)}))
    while in_transaction(expiry.carry_out, office.world.center_id):
        pass


def _award_of(session: Session, small: SmallBook) -> int:
    """The first award of the other volunteer, partly spent."""
    member = sa.select(Account.id).where(
        Account.center_id == small.world.center_id,
        Account.kind == "member",
        Account.owner_id == small.other.volunteer_id,
        Account.unit == POINT,
    )
    query = sa.select(sa.func.min(Transfer.id)).where(
        Transfer.center_id == small.world.center_id,
        Transfer.credit_account_id == member.scalar_subquery(),
        Transfer.code == "award",
    )
    return int(session.scalars(query).one())
