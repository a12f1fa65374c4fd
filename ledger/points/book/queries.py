"""Reads of the ledger: accounts, balances now and as of a time, statements, batches, trial balance."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.kernel.chunks import parts_of
from ledger.kernel.errors import NotFound
from ledger.kernel.prepared import Prepared
from ledger.kernel.types import table_of
from ledger.points.models import Account, Transfer, Unit
from ledger.points.policy import COUNTS_AS_POSTED, AccountKey, AccountState, Balance, Original
from ledger.points.sealing.folded import folded_balances

_account, _transfer = table_of(Account), table_of(Transfer)
STATE_COLUMNS = [
    _account.c[name]
    for name in (
        "id", "unit", "kind", "owner_id", "counted", "in_lots", "overdraft", "debits_pending", "debits_posted",
        "credits_pending", "credits_posted", "version", "last_recorded_at", "closed_at",
    )
]  # fmt: skip
BY_IDS = sa.and_(_account.c.center_id == sa.bindparam("center"), _account.c.id.in_(sa.bindparam("ids", expanding=True)))
_BY_ID = Prepared(sa.select(*STATE_COLUMNS).where(BY_IDS))
_UNITS = sa.select(Unit.code, Unit.in_lots).where(
    Unit.center_id == sa.bindparam("center"), Unit.code.in_(sa.bindparam("codes", expanding=True))
)
KEYS_AT_ONCE = 32
NOTHING = Balance(0, 0)


@dataclass(frozen=True, slots=True)
class AccountView:
    """An account with its balance as of the requested time."""

    id: int
    unit: str
    kind: str
    owner_id: int
    counted: bool
    balance: int
    held: int

    @property
    def available(self) -> int:
        """Balance less holds."""
        return self.balance - self.held


@dataclass(frozen=True, slots=True)
class TrialLine:
    """One account kind of a unit: number of accounts, total debits and credits."""

    unit: str
    kind: str
    accounts: int
    debits: int
    credits: int


def accounts_by_key(session: Session, keys: Iterable[AccountKey], center_id: int) -> dict[AccountKey, AccountState]:
    """The accounts that exist among `keys`."""
    found = {}
    for part in parts_of(list(keys), KEYS_AT_ONCE):
        for row in _by_keys(len(part)).rows(session, key_values(part, center_id)):
            state = AccountState(*row)
            found[state.key] = state
    return found


@cache
def _by_keys(count: int) -> Prepared:
    return Prepared(sa.select(*STATE_COLUMNS).where(by_keys(count)))


def key_values(keys: Iterable[AccountKey], center_id: int) -> dict[str, Any]:
    """Parameters of `by_keys`."""
    values: dict[str, Any] = {"center": center_id}
    for number, key in enumerate(keys):
        values |= {f"unit{number}": key.unit, f"kind{number}": key.kind, f"owner{number}": key.owner_id}
    return values


def by_keys(count: int) -> "sa.ColumnElement[bool]":
    """Match accounts by `count` keys, one index seek each; for a list of row values SQLite scans all accounts."""
    seeks = (
        sa.and_(
            _account.c.center_id == sa.bindparam("center"),
            _account.c.unit == sa.bindparam(f"unit{number}"),
            _account.c.kind == sa.bindparam(f"kind{number}"),
            _account.c.owner_id == sa.bindparam(f"owner{number}"),
        )
        for number in range(count)
    )
    return sa.or_(*seeks)


def accounts_by_id(session: Session, ids: Iterable[int], center_id: int) -> dict[int, AccountState]:
    """The accounts that exist among `ids`, by id."""
    rows = _BY_ID.rows(session, {"center": center_id, "ids": list(ids)})
    return {row[0]: AccountState(*row) for row in rows}


def balance(session: Session, key: AccountKey, center_id: int) -> Balance:
    """Current balance of a counted account; zero if the account was never opened."""
    state = accounts_by_key(session, [key], center_id).get(key)
    return state.state if state else NOTHING


def balances(session: Session, keys: Iterable[AccountKey], center_id: int) -> dict[AccountKey, Balance]:
    """Current balances of counted accounts, from one snapshot."""
    wanted = list(keys)
    found = accounts_by_key(session, wanted, center_id) if wanted else {}
    return {key: found[key].state if key in found else NOTHING for key in wanted}


def get_account(session: Session, account_id: int, center_id: int, *, as_of: datetime | None = None) -> AccountView:
    """An account with its balance now or as of a time of recording. Raises NotFound("points.account_not_found")."""
    state = accounts_by_id(session, [account_id], center_id).get(account_id)
    if state is None:
        raise NotFound("points.account_not_found")
    if not state.counted:
        at = Balance(folded_balances(session, [account_id], center_id, as_of=as_of)[account_id], 0)
    else:
        at = state.state if as_of is None else _counted_as_of(session, account_id, center_id, as_of)
    return AccountView(
        state.id, state.unit, state.kind, state.owner_id, state.counted, balance=at.balance, held=at.held
    )


def _counted_as_of(session: Session, account_id: int, center_id: int, as_of: datetime) -> Balance:
    """The balance stored on the last transfer up to then: one index seek per side."""
    last = None
    for side in ("debit", "credit"):
        version = _transfer.c[f"{side}_version"]
        query = (
            sa.select(version, _transfer.c[f"{side}_balance_after"], _transfer.c[f"{side}_held_after"])
            .where(
                _transfer.c.center_id == center_id,
                _transfer.c[f"{side}_account_id"] == account_id,
                _transfer.c.recorded_at <= as_of,
            )
            .order_by(_transfer.c.recorded_at.desc(), version.desc())
            .limit(1)
        )
        row = session.execute(query).one_or_none()
        if row is not None and (last is None or row[0] > last[0]):
            last = row
    return Balance(last[1], last[2]) if last is not None else NOTHING


def trial_balance(session: Session, center_id: int, *, as_of: datetime | None = None) -> list[TrialLine]:
    """Debits and credits per unit and kind of account; per unit, both sides sum up to the same.

    Derived from the transfers, not from the counters, so that it reveals a difference between them.
    """
    dialect = session.get_bind().dialect.name
    debited, credited = (sums.subquery() for sums in _sums_of_sides(dialect, center_id, as_of))
    per_account = (
        sa.select(
            _account.c.unit, _account.c.kind, debited.c.amount.label("debits"), credited.c.amount.label("credits")
        )
        .outerjoin(debited, _account.c.id == debited.c.account_id)
        .outerjoin(credited, _account.c.id == credited.c.account_id)
        .where(
            _account.c.center_id == center_id,
            sa.or_(debited.c.amount.is_not(None), credited.c.amount.is_not(None)),
        )
        .subquery()
    )
    sums = [sa.func.coalesce(sa.func.sum(per_account.c[side]), 0) for side in ("debits", "credits")]
    query = sa.select(per_account.c.unit, per_account.c.kind, sa.func.count(), *sums)
    lines = session.execute(query.group_by(per_account.c.unit, per_account.c.kind))
    found = [TrialLine(unit, kind, number, int(left), int(right)) for unit, kind, number, left, right in lines]
    return sorted(found, key=lambda line: (line.unit, line.kind))


def _sums_of_sides(dialect: str, center_id: int, as_of: datetime | None) -> "list[sa.Select[Any]]":
    """Debits per account, and credits per account.

    SQLite scans the index of each side, because it groups quickly only in index order. PostgreSQL sums per pair of
    accounts in one scan; pairs are few, and each then counts for both sides.
    """
    t = _transfer.c
    own = [t.center_id == center_id] if as_of is None else [t.center_id == center_id, t.recorded_at <= as_of]
    sides = (t.debit_account_id, t.credit_account_id)
    if dialect != "sqlite":
        posted = sa.func.sum(t.amount).label("amount")
        pair = sa.select(*sides, posted).where(*own, t.kind.in_(COUNTS_AS_POSTED)).group_by(*sides).cte("pair")
        ids = (pair.c.debit_account_id, pair.c.credit_account_id)
        return [
            sa.select(account.label("account_id"), sa.func.sum(pair.c.amount).label("amount")).group_by(account)
            for account in ids
        ]
    # A CASE that mostly ends at its first branch costs less per row than a condition on the kind.
    amount = sa.func.sum(sa.case(*((t.kind == kind, t.amount) for kind in COUNTS_AS_POSTED)))
    return [
        sa.select(account.label("account_id"), amount.label("amount")).where(*own).group_by(account)
        for account in sides
    ]


def find_originals(session: Session, ids: Collection[int], center_id: int) -> dict[int, Original]:
    """The transfers among `ids`, with the corrections so far."""
    other = _transfer.alias("other")
    refunds = sa.select(sa.func.coalesce(sa.func.sum(other.c.amount), 0)).where(
        other.c.center_id == center_id, other.c.refund_of == _transfer.c.id
    )
    reversals = sa.select(sa.func.count()).where(other.c.center_id == center_id, other.c.reverses_id == _transfer.c.id)
    query = sa.select(
        _transfer, refunds.scalar_subquery().label("refunded"), reversals.scalar_subquery().label("reversals")
    ).where(_transfer.c.center_id == center_id, _transfer.c.id.in_(ids))
    return {
        row.id: Original(
            debit_id=row.debit_account_id,
            credit_id=row.credit_account_id,
            amount=row.amount,
            kind=row.kind,
            is_correction=row.reverses_id is not None or row.refund_of is not None,
            reversed=row.reversals > 0,
            refunded=int(row.refunded),
        )
        for row in session.execute(query)
    }


def units_in_lots(session: Session, units: Collection[str], center_id: int) -> dict[str, bool]:
    """The center's units among those given, and whether members hold them in lots."""
    known = session.connection().execute(_UNITS, {"center": center_id, "codes": list(units)})
    return {row.code: row.in_lots for row in known}
