"""A book for tests: a new center, and movements made through the service."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.kernel import clock
from ledger.kernel.actor import Actor
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.ids import new_id
from ledger.kernel.types import Base, table_of
from ledger.organisations.service import create_center
from ledger.points.book import queries, service
from ledger.points.book.queries import TrialLine
from ledger.points.book.service import Posted
from ledger.points.models import Account, Lot, LotUse, Transfer
from ledger.points.policy import POINT, AccountKey, Balance, Kind, Movement, Source

ISSUANCE = AccountKey(POINT, "issuance")
REDEEMED = AccountKey(POINT, "redeemed", 9)
HALF_AN_HOUR = timedelta(minutes=30)


def member(number: int = 1, unit: str = POINT) -> AccountKey:
    """The account of a volunteer."""
    return AccountKey(unit, "member", number)


def new_source(step: str = "post") -> Source:
    """A source that has not posted yet."""
    return Source("test", str(new_id()), step)


def transfers_of(session: Session, center_id: int) -> list[dict[str, Any]]:
    """All transfers of a center as plain rows, by key."""
    return rows_of(session, Transfer, center_id)


def accounts_of(session: Session, center_id: int) -> list[dict[str, Any]]:
    """All accounts of a center as plain rows."""
    return rows_of(session, Account, center_id)


def rows_of(session: Session, model: type[Base], center_id: int) -> list[dict[str, Any]]:
    """All rows of a center in a table, by key."""
    table = table_of(model)
    query = sa.select(table).where(table.c.center_id == center_id).order_by(*table.primary_key.columns)
    return [dict(row._mapping) for row in session.execute(query)]


def whole_book(session: Session, center_id: int) -> tuple[list[Any], list[Any], list[TrialLine]]:
    """Accounts, transfers and trial balance, from one snapshot."""
    return accounts_of(session, center_id), transfers_of(session, center_id), queries.trial_balance(session, center_id)


def all_lots(session: Session, center_id: int) -> tuple[list[Any], list[Any], list[Any]]:
    """Accounts, lots and lot movements, from one snapshot."""
    return accounts_of(session, center_id), rows_of(session, Lot, center_id), rows_of(session, LotUse, center_id)


class Books:
    """The book of one center."""

    def __init__(self, center_id: int) -> None:
        self.center_id = center_id
        self.actor = Actor(identity_id=1, center_id=center_id)

    def post(self, *movements: Movement, source: Source | None = None, **header: Any) -> Posted:
        """Post a batch."""
        return in_transaction(
            service.post,
            movements,
            source=source or new_source(),
            actor=self.actor,
            **{"reason": "test", **header},
        )

    def post_in(self, session: Session, *movements: Movement) -> Posted:
        """Post a batch within a given unit."""
        return service.post(session, movements, source=new_source(), actor=self.actor, reason="test")

    def award(self, amount: int, to: AccountKey | None = None) -> Posted:
        """Award points."""
        return self.post(Movement(ISSUANCE, to or member(), amount, "award"))

    def spend(self, amount: int, by: AccountKey | None = None) -> Posted:
        """Redeem points."""
        return self.post(Movement(by or member(), REDEEMED, amount, "redeem"))

    def hold(self, *amounts: int, by: AccountKey | None = None, until: datetime | None = None) -> list[int]:
        """Hold points for goods, in one batch. Returns the transfers."""
        expires_at = until or clock.now() + HALF_AN_HOUR
        movements = [Movement(by or member(), REDEEMED, amount, "redeem", expires_at) for amount in amounts]
        return self.post(*movements, source=new_source("hold")).transfer_ids

    def resolve(
        self,
        ids: Sequence[int],
        kind: Kind,
        *,
        amounts: Mapping[int, int] | None = None,
        source: Source | None = None,
    ) -> Posted:
        """Post, void or expire holds."""
        return in_transaction(
            service.resolve,
            ids,
            kind,
            source=source or new_source(kind),
            actor=self.actor,
            reason="test",
            amounts=amounts,
        )

    def balance(self, key: AccountKey | None = None) -> Balance:
        """Current balance of a counted account."""
        return in_snapshot(queries.balance, key or member(), self.center_id)

    def account_id(self, key: AccountKey) -> int:
        """The id of an existing account."""
        return in_snapshot(lambda session: queries.accounts_by_key(session, [key], self.center_id)[key].id)

    def transfers(self) -> list[dict[str, Any]]:
        """All transfers as plain rows."""
        return in_snapshot(transfers_of, self.center_id)

    def accounts(self) -> list[dict[str, Any]]:
        """All accounts as plain rows."""
        return in_snapshot(accounts_of, self.center_id)


def new_books() -> Books:
    """Create a center and its book in the database in use."""
    return Books(in_transaction(create_center, name="演示区"))
