"""What an actor may read of the book: auditors everything in their center, volunteers their own entries.

A key that the actor may not read gets the same answer as an unknown key.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.kernel.actor import Actor
from ledger.kernel.errors import NotFound
from ledger.kernel.paging import Page, PageRequest, fetch_page
from ledger.kernel.paths import ROOT
from ledger.kernel.permissions import Permission
from ledger.kernel.types import table_of
from ledger.points.book import entries, queries
from ledger.points.book.entries import BatchView, Entry, TransferView
from ledger.points.lots import listing
from ledger.points.lots.listing import LotRow
from ledger.points.lots.parts import parts_by_transfer
from ledger.points.models import Account, Unit
from ledger.points.policy import Balance
from ledger.points.sealing.folded import folded_balances

_account, _unit = table_of(Account), table_of(Unit)


@dataclass(frozen=True, slots=True)
class AccountRow:
    """An account with its balance as of the requested time; amounts in minor units of 10**-scale."""

    id: int
    unit: str
    scale: int
    kind: str
    owner_id: int
    counted: bool
    overdraft: bool
    balance: int
    held: int
    opened_at: datetime
    closed_at: datetime | None

    @property
    def available(self) -> int:
        """Balance less holds."""
        return self.balance - self.held


@dataclass(frozen=True, slots=True)
class AccountFilter:
    """Filter for a list of accounts."""

    unit: str | None = None
    kind: str | None = None
    owner_id: int | None = None


def list_accounts(session: Session, actor: Actor, wanted: AccountFilter, *, request: PageRequest) -> Page[AccountRow]:
    """Accounts the actor may read, with current balances, oldest first by default."""
    query = _accounts(actor.center_id).where(_visible_to(actor))
    for name in AccountFilter.__slots__:
        if (value := getattr(wanted, name)) is not None:
            query = query.where(_account.c[name] == value)
    sorts = {"opened_at": Account.opened_at, "unit": Account.unit, "kind": Account.kind}
    page = fetch_page(session, query, request=request, sorts=sorts, tie=Account.id, make=_row)
    folded = folded_balances(session, [row.id for row in page.items if not row.counted], actor.center_id)
    return page.of([replace(row, balance=folded.get(row.id, row.balance)) for row in page.items])


def get_account(session: Session, account_id: int, actor: Actor, *, as_of: datetime | None = None) -> AccountRow:
    """An account now, or as of a time of recording. Raises NotFound("points.account_not_found")."""
    query = _accounts(actor.center_id).where(_account.c.id == account_id, _visible_to(actor))
    row = session.execute(query).one_or_none()
    if row is None:
        raise NotFound("points.account_not_found")
    at = queries.get_account(session, account_id, actor.center_id, as_of=as_of)
    return replace(_row(row), balance=at.balance, held=at.held)


def statement(
    session: Session, account_id: int, actor: Actor, *, request: PageRequest, as_of: datetime | None = None
) -> Page[Entry]:
    """Entries of an account the actor may read, with their lots. Raises NotFound("points.account_not_found")."""
    get_account(session, account_id, actor)
    page = entries.statement(session, account_id, actor.center_id, request=request, until=as_of)
    ids = [entry.transfer_id for entry in page.items]
    lots = parts_by_transfer(session, account_id, ids, actor.center_id)
    return page.of([replace(entry, lots=lots.get(entry.transfer_id, ())) for entry in page.items])


def list_lots(session: Session, account_id: int, actor: Actor, *, request: PageRequest) -> Page[LotRow]:
    """Remaining lots of an account the actor may read, in order of use. Raises NotFound("points.account_not_found")."""
    get_account(session, account_id, actor)
    return listing.list_lots(session, account_id, actor.center_id, request=request)


def get_transfer(session: Session, transfer_id: int, actor: Actor) -> TransferView:
    """A transfer that touched an account of the actor. Raises NotFound("points.transfer_not_found")."""
    transfer = entries.get_transfer(session, transfer_id, actor.center_id)
    if not _reads_all(actor) and not _own_sides(session, [transfer], actor):
        raise NotFound("points.transfer_not_found")
    return transfer


def get_batch(session: Session, batch_id: int, actor: Actor) -> BatchView:
    """A batch that touched an account of the actor, without the transfers that touched another member's.

    Raises NotFound("points.batch_not_found").
    """
    batch = entries.get_batch(session, batch_id, actor.center_id)
    if _reads_all(actor):
        return batch
    own = _own_sides(session, batch.transfers, actor)
    if not own:
        raise NotFound("points.batch_not_found")
    others = _members(session, batch.transfers, actor.center_id) - own
    mine = [each for each in batch.transfers if not others & {each.debit_account_id, each.credit_account_id}]
    return replace(batch, transfers=mine)


def _reads_all(actor: Actor) -> bool:
    return actor.may(Permission.READ_BOOKS, ROOT)


def _visible_to(actor: Actor) -> "sa.ColumnElement[bool]":
    if _reads_all(actor):
        return sa.true()
    own = sa.and_(_account.c.kind == "member", _account.c.owner_id == (actor.volunteer_id or -1))
    return sa.or_(own, _account.c.kind == "free") if actor.may(Permission.RAW_LEDGER, ROOT) else own


def _own_sides(session: Session, transfers: list[TransferView], actor: Actor) -> set[int]:
    ids = {side for each in transfers for side in (each.debit_account_id, each.credit_account_id)}
    query = sa.select(_account.c.id).where(
        _account.c.center_id == actor.center_id, _account.c.id.in_(ids), _visible_to(actor)
    )
    return set(session.scalars(query))


def _members(session: Session, transfers: list[TransferView], center_id: int) -> set[int]:
    ids = {side for each in transfers for side in (each.debit_account_id, each.credit_account_id)}
    query = sa.select(_account.c.id).where(
        _account.c.center_id == center_id, _account.c.id.in_(ids), _account.c.kind == "member"
    )
    return set(session.scalars(query))


def _accounts(center_id: int) -> "sa.Select[Any]":
    same_unit = sa.and_(_unit.c.center_id == _account.c.center_id, _unit.c.code == _account.c.unit)
    return sa.select(_account, _unit.c.scale).join(_unit, same_unit).where(_account.c.center_id == center_id)


def _row(row: Any) -> AccountRow:
    state = Balance(row.credits_posted - row.debits_posted, row.debits_pending)
    own = {name: getattr(row, name) for name in AccountRow.__slots__ if name not in ("balance", "held")}
    return AccountRow(**own, balance=state.balance, held=state.held)
