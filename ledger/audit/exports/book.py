"""The book of a center for export: units, accounts with our balances, batches in order of day.

Accounts are kept in memory, batches and transfers come in chunks; everything is read from the caller's snapshot.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.audit.checks.finding import in_chunks, stream
from ledger.audit.exports.names import account_name, amount_text, commodity_name
from ledger.audit.naming.names import unit_names
from ledger.kernel import clock
from ledger.kernel.ids import public_id
from ledger.kernel.types import table_of
from ledger.organisations import queries as organisations
from ledger.points.models import Account, Batch, Transfer, Unit
from ledger.points.policy import COUNTS_AS_POSTED
from ledger.points.raw.queries import SOURCE

_account, _batch, _transfer, _unit = table_of(Account), table_of(Batch), table_of(Transfer), table_of(Unit)
_KEY = re.compile("[1-9][0-9]{11,17}")


@dataclass(frozen=True, slots=True)
class Commodity:
    """A unit: our code, its name in other tools, and its title on pages."""

    code: str
    name: str
    scale: int
    title: str

    def amount(self, amount: int) -> str:
        """Format an amount in minor units as a decimal number."""
        return amount_text(amount, self.scale)


@dataclass(slots=True)
class Holding:
    """One of our accounts: a commodity under a name. `balance` and `held` are our current figures."""

    id: int
    name: str
    commodity: Commodity
    balance: int
    held: int


class Move(NamedTuple):
    """A transfer: `posted` is what moved from debit to credit in minor units, 0 if it only holds or releases."""

    id: int
    debit: Holding
    credit: Holding
    amount: int
    posted: int
    kind: str
    code: str
    pending_id: int | None
    reverses_id: int | None
    refund_of: int | None
    expires_at: datetime | None


class Event(NamedTuple):
    """A batch on its local day, with its transfers in order of recording."""

    day: date
    id: int
    source: str
    ref: str
    step: str
    effective_at: datetime
    recorded_at: datetime
    actor_id: int
    reason: str
    evidence_hash: str
    moves: list[Move]

    @property
    def posts(self) -> bool:
        """Whether anything moved, as opposed to only held or released."""
        return any(move.posted for move in self.moves)


@dataclass(frozen=True, slots=True)
class Book:
    """Everything but the batches; `first_day` is no later than anything in the book."""

    title: str
    zone: ZoneInfo
    exported_at: datetime
    first_day: date
    batches: int
    transfers: int
    commodities: dict[str, Commodity]
    holdings: dict[int, Holding]


def read_book(session: Session, center_id: int, zone: ZoneInfo) -> Book:
    """Units and accounts of a center with current balances. Raises NotFound("organisations.center_not_found")."""
    commodities = _commodities(session, center_id)
    effective = sa.select(sa.func.count(), sa.func.min(_batch.c.effective_at)).where(_batch.c.center_id == center_id)
    opened = sa.select(sa.func.min(_account.c.opened_at)).where(_account.c.center_id == center_id)
    transfers = sa.select(sa.func.count()).select_from(_transfer).where(_transfer.c.center_id == center_id)
    now = clock.now()
    batches, first_effective = session.execute(effective).one()
    return Book(
        title=organisations.get_center(session, center_id).name,
        zone=zone,
        exported_at=now,
        first_day=clock.local_day(min(filter(None, (first_effective, session.scalar(opened), now))), zone),
        batches=batches,
        transfers=int(session.scalars(transfers).one()),
        commodities=commodities,
        holdings=_holdings(session, center_id, commodities),
    )


def events(session: Session, center_id: int, book: Book) -> Iterator[Event]:
    """All batches by the day they took effect, then in order of recording."""
    query = (
        sa.select(_batch)
        .where(_batch.c.center_id == center_id)
        .order_by(_batch.c.effective_at, _batch.c.recorded_at, _batch.c.id)
    )
    for rows in in_chunks(stream(session, query)):
        moves = _moves(session, center_id, [row.id for row in rows], book)
        for row in rows:
            yield Event(
                day=clock.local_day(row.effective_at, book.zone),
                id=row.id,
                source=row.source_type,
                ref=_shown(row.source_type, row.source_ref),
                step=row.step,
                effective_at=row.effective_at,
                recorded_at=row.recorded_at,
                actor_id=row.actor_id,
                reason=row.reason,
                evidence_hash=row.evidence_hash,
                moves=moves.get(row.id, []),
            )


def _commodities(session: Session, center_id: int) -> dict[str, Commodity]:
    query = sa.select(_unit.c.code, _unit.c.scale).where(_unit.c.center_id == center_id).order_by(_unit.c.code)
    scales = {row.code: row.scale for row in session.execute(query)}
    titles = unit_names(session, scales, center_id)
    return {code: Commodity(code, commodity_name(code), scale, titles[code]) for code, scale in scales.items()}


def _holdings(session: Session, center_id: int, commodities: dict[str, Commodity]) -> dict[int, Holding]:
    folded = _folded(session, center_id)
    columns = ("id", "unit", "kind", "owner_id", "counted", "debits_posted", "credits_posted", "debits_pending")
    query = (
        sa.select(*(_account.c[name] for name in columns))
        .where(_account.c.center_id == center_id)
        .order_by(_account.c.kind, _account.c.owner_id, _account.c.unit)
    )
    return {
        row.id: Holding(
            id=row.id,
            name=account_name(row.kind, row.owner_id, counted=row.counted),
            commodity=commodities[row.unit],
            balance=row.credits_posted - row.debits_posted if row.counted else folded.get(row.id, 0),
            held=row.debits_pending,
        )
        for row in stream(session, query)
    }


def _folded(session: Session, center_id: int) -> dict[int, int]:
    """Derived balances of the accounts without counters, summed from their transfers."""
    found: dict[int, int] = {}
    for side, sign in (("debit", -1), ("credit", 1)):
        account_id = _transfer.c[f"{side}_account_id"]
        query = (
            sa.select(account_id, sa.func.sum(_transfer.c.amount))
            .join(_account, sa.and_(_account.c.center_id == _transfer.c.center_id, _account.c.id == account_id))
            .where(
                _transfer.c.center_id == center_id,
                _transfer.c.kind.in_(COUNTS_AS_POSTED),
                sa.not_(_account.c.counted),
            )
            .group_by(account_id)
        )
        for found_id, amount in session.execute(query):
            found[found_id] = found.get(found_id, 0) + sign * int(amount)
    return found


def _moves(session: Session, center_id: int, batch_ids: list[int], book: Book) -> dict[int, list[Move]]:
    t = _transfer.c
    columns = (
        t.batch_id, t.id, t.debit_account_id, t.credit_account_id, t.amount, t.kind, t.code, t.pending_id,
        t.reverses_id, t.refund_of, t.expires_at,
    )  # fmt: skip
    query = sa.select(*columns).where(t.center_id == center_id, t.batch_id.in_(batch_ids)).order_by(t.id)
    found: dict[int, list[Move]] = {}
    for row in session.connection().execute(query):
        found.setdefault(row.batch_id, []).append(_move(row, book))
    return found


def _move(row: Any, book: Book) -> Move:
    _batch_id, transfer_id, debit_id, credit_id, amount, kind, code, pending_id, reverses_id, refund_of, expires = row
    posted = amount if kind in COUNTS_AS_POSTED else 0
    debit, credit = book.holdings[debit_id], book.holdings[credit_id]
    return Move(transfer_id, debit, credit, amount, posted, kind, code, pending_id, reverses_id, refund_of, expires)


def _shown(source: str, ref: str) -> str:
    """A key in its public form; a sender's own reference of a raw transfer stays as it is."""
    return public_id(int(ref)) if source != SOURCE and _KEY.fullmatch(ref) else ref
