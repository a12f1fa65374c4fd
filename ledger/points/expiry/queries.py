"""Reads of expiry: lots that end by a day, their owners, and the runs."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.kernel.chunks import chunks
from ledger.kernel.errors import NotFound
from ledger.kernel.ids import public_id
from ledger.kernel.paging import Page, PageRequest, fetch_page
from ledger.kernel.types import table_of
from ledger.points.expiry.models import ExpiryRun
from ledger.points.models import Account, Batch, Lot, LotUse, Transfer
from ledger.points.policy import POINT

_lot, _account, _run = table_of(Lot), table_of(Account), table_of(ExpiryRun)
_batch, _transfer = table_of(Batch), table_of(Transfer)
_good_until = sa.func.coalesce(_lot.c.extended_to, _lot.c.expires_on)
_free = _lot.c.remaining - _lot.c.held


@dataclass(frozen=True, slots=True)
class RunView:
    """An expiry run: last day, status, what was expected, what was taken; amounts in minor units."""

    id: int
    ends_on: date
    status: str
    expected_lots: int
    expected_amount: int
    expired_lots: int
    expired_amount: int
    prepared_by: int
    prepared_at: datetime
    released_by: int | None
    released_at: datetime | None
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class Ending:
    """Points of a member that end by a day: amount, number of lots, first day; `held` points don't expire."""

    owner_id: int
    lots: int
    amount: int
    held: int
    first_ends_on: date


@dataclass(frozen=True, slots=True)
class RunMember:
    """What a run takes or has taken from a member: amount and number of lots."""

    owner_id: int
    lots: int
    amount: int


@dataclass(frozen=True, slots=True)
class DueLot:
    """A lot due in a run."""

    id: int
    unit: str
    owner_id: int
    amount: int


def ending_lots(center_id: int, ends_on: date) -> tuple[sa.ColumnElement[bool], ...]:
    """Conditions for a lot of points that ends by a day and has something left."""
    return (
        _lot.c.center_id == center_id,
        _lot.c.remaining > 0,
        _lot.c.expires_on.is_not(None),
        _lot.c.expires_on <= ends_on,
        sa.or_(_lot.c.extended_to.is_(None), _lot.c.extended_to <= ends_on),
    )


def sum_due(session: Session, center_id: int, ends_on: date) -> tuple[int, int]:
    """Number of lots that end by the day with free points, and the free amount."""
    query = sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(_free), 0)).where(
        *ending_lots(center_id, ends_on), _free > 0
    )
    lots, amount = session.execute(query).one()
    return int(lots), int(amount)


def due_lots(
    session: Session, run: RunView, center_id: int, *, limit: int, among: Collection[int] | None = None
) -> list[DueLot]:
    """The next lots due in a run, only those named if any are.

    Held points wait for the next run, even if this run has already taken the rest of their lot.
    """
    taken = sa.exists().where(
        _batch.c.center_id == _lot.c.center_id,
        _batch.c.source_type == "lot",
        _batch.c.source_ref == sa.cast(_lot.c.id, sa.Text),
        _batch.c.step == step_of(run.id),
    )
    same = sa.and_(_account.c.center_id == _lot.c.center_id, _account.c.id == _lot.c.account_id)
    query = (
        sa.select(_lot.c.id, _account.c.unit, _account.c.owner_id, _free.label("amount"))
        .join(_account, same)
        .where(*ending_lots(center_id, run.ends_on), _free > 0, ~taken)
        .order_by(_lot.c.account_id, _lot.c.id)
        .limit(limit)
    )
    if among is not None:
        query = query.where(_lot.c.id.in_(among))
    return [DueLot(*row) for row in session.execute(query)]


def list_ending(session: Session, center_id: int, ends_on: date, *, request: PageRequest) -> Page[Ending]:
    """The notice list: members with points that end by the day, oldest account first by default."""
    sums = (
        sa.select(
            _lot.c.account_id,
            sa.func.count().label("lots"),
            sa.cast(sa.func.sum(_lot.c.remaining), sa.BigInteger).label("amount"),
            sa.cast(sa.func.sum(_lot.c.held), sa.BigInteger).label("held"),
            sa.func.min(_good_until, type_=sa.Date()).label("first_ends_on"),
        )
        .where(*ending_lots(center_id, ends_on))
        .group_by(_lot.c.account_id)
        .subquery()
    )
    query = _with_owners(sums, center_id).where(_account.c.unit == POINT)
    sorts = {"owner_id": _account.c.owner_id, "amount": sums.c.amount}
    return fetch_page(
        session, query, request=request, sorts=sorts, tie=_account.c.owner_id, make=lambda row: Ending(*row[:5])
    )


def _with_owners(sums: sa.Subquery, center_id: int) -> "sa.Select[Any]":
    """Sums by account, with the account's owner.

    Sums first and joins afterwards: in one step, SQLite starts the second page at the accounts and searches all ending
    lots for each.
    """
    shown = [column for column in sums.c if column.name != "account_id"]
    return sa.select(_account.c.owner_id, *shown).join_from(
        sums, _account, sa.and_(_account.c.center_id == center_id, _account.c.id == sums.c.account_id)
    )


def sum_ending(session: Session, center_id: int, ends_on: date) -> tuple[int, int]:
    """Number of members on the notice list, and their total points."""
    query = (
        sa.select(sa.func.count(_account.c.id.distinct()), sa.func.coalesce(sa.func.sum(_lot.c.remaining), 0))
        .join(_account, sa.and_(_account.c.center_id == _lot.c.center_id, _account.c.id == _lot.c.account_id))
        .where(*ending_lots(center_id, ends_on), _account.c.unit == POINT)
    )
    members, amount = session.execute(query).one()
    return int(members), int(amount)


def list_members(session: Session, run: RunView, center_id: int, *, request: PageRequest) -> Page[RunMember]:
    """Members whose points a prepared run would take or a released one has taken, oldest member first by default."""
    sums = _by_account(run, center_id).subquery()
    return fetch_page(
        session,
        _with_owners(sums, center_id),
        request=request,
        sorts={"owner_id": _account.c.owner_id, "amount": sums.c.amount},
        tie=_account.c.owner_id,
        make=lambda row: RunMember(*row[:3]),
    )


def count_members(session: Session, run: RunView, center_id: int) -> int:
    """Number of rows of `list_members`."""
    sums = _by_account(run, center_id).subquery()
    return int(session.execute(sa.select(sa.func.count()).select_from(sums)).scalar_one())


def _by_account(run: RunView, center_id: int) -> "sa.Select[Any]":
    """What a run takes or has taken from each account; a member has one account per unit."""
    if run.status in ("prepared", "dropped"):
        amount = sa.cast(sa.func.sum(_free), sa.BigInteger).label("amount")
        return (
            sa.select(_lot.c.account_id, sa.func.count().label("lots"), amount)
            .where(*ending_lots(center_id, run.ends_on), _free > 0)
            .group_by(_lot.c.account_id)
        )
    amount = sa.cast(sa.func.sum(_transfer.c.amount), sa.BigInteger).label("amount")
    account_id = _transfer.c.debit_account_id.label("account_id")
    return (
        sa.select(account_id, sa.func.count().label("lots"), amount)
        .select_from(_batch)
        .join(_transfer, sa.and_(_transfer.c.center_id == _batch.c.center_id, _transfer.c.batch_id == _batch.c.id))
        .where(_batch.c.center_id == center_id, _batch.c.source_type == "lot", _batch.c.step == step_of(run.id))
        .group_by(account_id)
    )


def expired_of(session: Session, transfer_id: int, center_id: int) -> dict[int, int]:
    """What expired of the lots that a transfer made and no claw-back took since, by account of breakage."""
    use, t = table_of(LotUse).c, _transfer.c
    expired = (
        sa.select(t.credit_account_id, -use.remaining_change)
        .select_from(_lot)
        .join(table_of(LotUse), sa.and_(use.center_id == _lot.c.center_id, use.lot_id == _lot.c.id))
        .join(_transfer, sa.and_(t.center_id == use.center_id, t.id == use.transfer_id))
        .where(_lot.c.center_id == center_id, _lot.c.transfer_id == transfer_id, t.code == "expiry")
    )
    left: dict[int, int] = {}
    for account_id, amount in session.connection().execute(expired):
        left[account_id] = left.get(account_id, 0) + amount
    taken = sa.select(t.debit_account_id, t.amount).where(t.center_id == center_id, t.refund_of == transfer_id)
    for account_id, amount in session.connection().execute(taken) if left else ():
        if account_id in left:
            left[account_id] -= amount
    return {account_id: amount for account_id, amount in left.items() if amount > 0}


def step_of(run_id: int) -> str:
    """The source step under which a run posts its lots."""
    return f"expire:{public_id(run_id)}"


def get_run(session: Session, run_id: int, center_id: int) -> RunView:
    """A run. Raises NotFound("points.expiry_run_not_found")."""
    row = session.execute(_runs(center_id).where(_run.c.id == run_id)).one_or_none()
    if row is None:
        raise NotFound("points.expiry_run_not_found")
    return RunView(*row)


def runs_by_id(session: Session, ids: Iterable[int], center_id: int) -> dict[int, RunView]:
    """The runs that exist among `ids`, by id."""
    query = _runs(center_id)
    rows = (row for part in chunks(ids) for row in session.execute(query.where(_run.c.id.in_(part))))
    return {row.id: RunView(*row) for row in rows}


def list_runs(session: Session, center_id: int) -> list[RunView]:
    """All runs, newest first."""
    return [RunView(*row) for row in session.execute(_runs(center_id).order_by(_run.c.prepared_at.desc()))]


def find_released(session: Session, center_id: int) -> RunView | None:
    """The oldest run that is released and not done, locked for the job that carries it out."""
    query = _runs(center_id).where(_run.c.status == "released").order_by(_run.c.released_at, _run.c.id).limit(1)
    row = session.execute(query.with_for_update()).one_or_none()
    return RunView(*row) if row is not None else None


def _runs(center_id: int) -> "sa.Select[Any]":
    return sa.select(*(_run.c[name] for name in RunView.__slots__)).where(_run.c.center_id == center_id)
