"""Accounts for a posting: found or opened, and locked in id order, so that nobody waits for each other in a ring."""

from collections.abc import Collection, Iterable
from typing import Any

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from ledger.kernel import clock
from ledger.kernel.actor import Actor
from ledger.kernel.errors import Rejected
from ledger.kernel.ids import new_id
from ledger.points import queries, rows
from ledger.points.models import Account, Unit
from ledger.points.policy import KINDS, AccountKey, AccountState

_INSERT_IGNORING: dict[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
_INSERT_ACCOUNTS = {dialect: insert(Account).on_conflict_do_nothing() for dialect, insert in _INSERT_IGNORING.items()}


def add_unit(session: Session, code: str, *, scale: int, in_lots: bool = False, actor: Actor) -> None:
    """Make a unit known in the actor's center; one that is there already is left as it is."""
    row = {
        "center_id": actor.center_id,
        "code": code,
        "scale": scale,
        "in_lots": in_lots,
        "created_at": clock.now(),
    }
    statement = _INSERT_IGNORING[session.get_bind().dialect.name](Unit).on_conflict_do_nothing()
    session.connection().execute(statement, row)


def lock_accounts(session: Session, keys: set[AccountKey], center_id: int) -> dict[AccountKey, AccountState]:
    """Accounts as they are until the unit ends, opened where they are missing: for a posting that depends on them.

    Name all counted accounts of that posting, so that everybody locks in one order.
    """
    found = queries.accounts_by_key(session, keys, center_id)
    missing = keys - found.keys()
    if missing:
        _open(session, missing, center_id)
        found = queries.accounts_by_key(session, keys, center_id)
    locked = _lock(session, {state.id: state for state in found.values()}, center_id)
    return {key: locked[state.id] for key, state in found.items()}


def lock_by_id(session: Session, ids: Iterable[int], center_id: int) -> dict[int, AccountState]:
    """Accounts that are there, by id, as they are until the unit ends."""
    found = queries.accounts_by_id(session, ids, center_id)
    return _lock(session, found, center_id)


def _lock(session: Session, states: dict[int, AccountState], center_id: int) -> dict[int, AccountState]:
    """Counted accounts locked in id order and read again; on SQLite the writer has the whole database already."""
    if session.get_bind().dialect.name == "sqlite":
        return states
    counted = [state.id for state in states.values() if state.counted]
    return states | queries.accounts_by_id(session, counted, center_id, lock=True)


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
    connection = session.connection()
    connection.execute(_INSERT_ACCOUNTS[connection.dialect.name], opened)
