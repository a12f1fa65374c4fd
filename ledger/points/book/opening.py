"""Accounts for a posting: found or opened, and locked in id order to prevent deadlocks."""

from collections.abc import Collection, Iterable
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.kernel import clock
from ledger.kernel.actor import Actor
from ledger.kernel.errors import Rejected
from ledger.kernel.ids import new_id
from ledger.kernel.prepared import Prepared
from ledger.kernel.types import table_of
from ledger.kernel.upserts import insert_or_ignore
from ledger.points.book import queries, rows
from ledger.points.closing import freezing
from ledger.points.models import Account, Unit
from ledger.points.policy import KINDS, AccountKey, AccountState

_account = table_of(Account)


def _counted_locked(which: "sa.ColumnElement[bool]") -> "sa.CompoundSelect[Any]":
    """Select accounts in one statement and lock the counted ones in id order.

    NO KEY UPDATE blocks other postings to an account, but not rows that merely reference it.
    """
    states = sa.select(*queries.STATE_COLUMNS).where(which)
    counted = states.where(_account.c.counted).order_by(_account.c.id).with_for_update(key_share=True).cte("counted")
    return sa.union_all(sa.select(counted), states.where(sa.not_(_account.c.counted)))


_LOCKED_BY_ID = Prepared(_counted_locked(queries.BY_IDS))
_FREE = Prepared(
    sa.select(*queries.STATE_COLUMNS, freezing.FROZEN)
    .where(queries.BY_IDS, _account.c.kind == "free")
    .order_by(_account.c.id)
    .with_for_update(key_share=True)
)


def add_unit(session: Session, code: str, *, scale: int, in_lots: bool = False, actor: Actor) -> None:
    """Add a unit to the actor's center; an existing one stays unchanged."""
    row = {
        "center_id": actor.center_id,
        "code": code,
        "scale": scale,
        "in_lots": in_lots,
        "created_at": clock.now(),
    }
    session.connection().execute(insert_or_ignore(table_of(Unit)), row)


def lock_accounts(session: Session, keys: set[AccountKey], center_id: int) -> dict[AccountKey, AccountState]:
    """Lock accounts until the unit ends, for a posting that depends on them; missing ones are opened.

    Pass all counted accounts of that posting, so that all postings lock in one order.
    """
    found = _locked_by_key(session, keys, center_id)
    missing = keys - found.keys()
    if missing:
        _open(session, missing, center_id)
        found = _locked_by_key(session, keys, center_id)
    return found


def lock_by_id(session: Session, ids: Iterable[int], center_id: int) -> dict[int, AccountState]:
    """Existing accounts by id, locked until the unit ends."""
    if not _locks(session):
        return queries.accounts_by_id(session, ids, center_id)
    rows = _LOCKED_BY_ID.rows(session, {"center": center_id, "ids": list(ids)})
    return {row[0]: AccountState(*row) for row in rows}


def lock_free(session: Session, ids: Collection[int], center_id: int) -> dict[int, AccountState]:
    """The free accounts among the ids, locked in id order. Raises Unavailable("points.ledger_frozen")."""
    rows = _FREE.rows(session, {"center": center_id, "ids": list(ids), "frozen_center": center_id})
    if rows and rows[0][-1] is not None:
        raise freezing.frozen()
    if not rows:
        freezing.refuse_frozen(session, center_id)
    return {row[0]: AccountState(*row[:-1]) for row in rows}


def _locked_by_key(session: Session, keys: Collection[AccountKey], center_id: int) -> dict[AccountKey, AccountState]:
    if not keys or not _locks(session):
        return queries.accounts_by_key(session, keys, center_id)
    if len(keys) > queries.KEYS_AT_ONCE:
        found = queries.accounts_by_key(session, keys, center_id)
        return {state.key: state for state in lock_by_id(session, [s.id for s in found.values()], center_id).values()}
    rows = _locked_by_keys(len(keys)).rows(session, queries.key_values(keys, center_id))
    return {state.key: state for state in (AccountState(*row) for row in rows)}


def _locks(session: Session) -> bool:
    """Whether to lock rows: on SQLite the writer already locks the whole database."""
    return session.get_bind().dialect.name != "sqlite"


@cache
def _locked_by_keys(count: int) -> Prepared:
    return Prepared(_counted_locked(queries.by_keys(count)))


def _open(session: Session, keys: Collection[AccountKey], center_id: int) -> None:
    units = {key.unit for key in keys}
    in_lots = queries.units_in_lots(session, units, center_id)
    if units - in_lots.keys():
        raise Rejected("points.unit_unknown", unit=min(units - in_lots.keys()))
    opened = [
        {
            "center_id": center_id,
            "id": new_id(),
            "unit": key.unit,
            "kind": key.kind,
            "owner_id": key.owner_id,
            "counted": KINDS[key.kind].counted,
            "in_lots": KINDS[key.kind].in_lots and in_lots[key.unit],
            "opened_at": clock.now(),
            "overdraft": KINDS[key.kind].overdraft,
            **dict.fromkeys(rows.COUNTERS, 0),
        }
        for key in sorted(keys)
    ]
    session.connection().execute(insert_or_ignore(_account), opened)
