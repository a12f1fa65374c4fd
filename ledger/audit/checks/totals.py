"""Check totals: receipts without a gap, redeemed points equal to the receipts, and a source for every batch."""

from collections.abc import Iterator
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.approvals.models import Proposal
from ledger.audit.checks.finding import Advance, Difference, as_key, count_of, has_rows, in_chunks, stream
from ledger.audit.checks.scope import Scope, Shape
from ledger.checkin.models import Attendance
from ledger.kernel.types import table_of
from ledger.points.models import Account, Batch, Lot, Transfer
from ledger.points.policy import COUNTS_AS_POSTED, POINT
from ledger.points.sealing.folded import folded_balances
from ledger.shop.models import GoodsIn, ReceiptCounter, ReceiptGap, Redemption, Shop
from ledger.shop.policy import receipt_text

_gap, _shop = table_of(ReceiptGap), table_of(Shop)
_redemption, _counter, _batch = table_of(Redemption), table_of(ReceiptCounter), table_of(Batch)
_account, _transfer = table_of(Account), table_of(Transfer)
# Types of source with a row of their own; a batch of the raw ledger is its own source.
_SOURCES = {
    "attendance": table_of(Attendance),
    "redemption": table_of(Redemption),
    "goods_in": table_of(GoodsIn),
    "transfer": table_of(Transfer),
    "lot": table_of(Lot),
    "approval": table_of(Proposal),
}
_SOURCELESS = ("raw",)


def check_receipts(session: Session, scope: Scope, advance: Advance) -> Iterator[Difference]:
    """Find missing receipt numbers, and counters that are not at the last number."""
    r = _redemption.c
    own = (r.center_id == scope.center_id, r.receipt_number.is_not(None))
    numbers = (sa.func.max(r.receipt_number), sa.func.count(), sa.func.count(r.receipt_number.distinct()))
    groups = sa.select(r.shop_id, r.receipt_year, *numbers).where(*own).group_by(r.shop_id, r.receipt_year)
    last: dict[tuple[int, int], int] = {}
    gaps = []
    for shop_id, year, highest, count, different in session.connection().execute(groups):
        last[shop_id, year] = highest
        if not highest == count == different:
            gaps.append((shop_id, year))
    for shop_id, year in sorted(gaps):
        yield from _gaps(session, scope, shop_id, year)
    found = _counters(session, scope)
    for (shop_id, year), until in _recorded(session, scope).items():
        last[shop_id, year] = max(last.get((shop_id, year), 0), *until)
    names = _short_names(session, scope)
    for shop_id, year in sorted({*last, *found}):
        if last.get((shop_id, year), 0) != found.get((shop_id, year)):
            expected_text = receipt_text(names.get(shop_id, ""), year, last.get((shop_id, year), 0))
            yield Difference("receipt_counter", "shop", shop_id, expected_text, found.get((shop_id, year)))
    advance(len(last))


def _counters(session: Session, scope: Scope) -> dict[tuple[int, int], int]:
    """The counters by shop and year."""
    counters = sa.select(_counter.c.shop_id, _counter.c.year, _counter.c.last_number)
    rows = session.execute(counters.where(_counter.c.center_id == scope.center_id))
    return {(row[0], row[1]): row[2] for row in rows}


def _recorded(session: Session, scope: Scope) -> dict[tuple[int, int], dict[int, int]]:
    """The gaps that a restore recorded, by shop and year: last missing number -> first."""
    gaps: dict[tuple[int, int], dict[int, int]] = {}
    for row in session.execute(sa.select(_gap).where(_gap.c.center_id == scope.center_id)):
        gaps.setdefault((row.shop_id, row.year), {})[row.last] = row.first
    return gaps


def _short_names(session: Session, scope: Scope) -> dict[int, str]:
    query = sa.select(_shop.c.id, _shop.c.short_name).where(_shop.c.center_id == scope.center_id)
    return {row.id: row.short_name for row in session.execute(query)}


def _gaps(session: Session, scope: Scope, shop_id: int, year: int) -> Iterator[Difference]:
    """Receipts of a shop and year that don't follow the one before, nor a gap that a restore recorded."""
    r = _redemption.c
    own = (r.center_id == scope.center_id, r.shop_id == shop_id, r.receipt_year == year)
    query = sa.select(r.id, r.receipt_number).where(*own, r.receipt_number.is_not(None)).order_by(r.receipt_number)
    name = _short_names(session, scope).get(shop_id, "")
    recorded = _recorded(session, scope).get((shop_id, year), {})
    last = 0
    for redemption_id, number in stream(session, query):
        missing = last + 1
        before = number - 1
        while before >= missing and before in recorded:
            before = recorded[before] - 1
        if before != last:
            yield Difference(
                "receipt_gap", "redemption", redemption_id, *(receipt_text(name, year, n) for n in (missing, number))
            )
        last = number


def check_redeemed(session: Session, scope: Scope, advance: Advance) -> Iterator[Difference]:
    """Find shops whose redeemed points are not the sum of their receipts, voided ones excluded."""
    r = _redemption.c
    receipts = (
        sa.select(r.shop_id, sa.func.sum(r.total))
        .where(r.center_id == scope.center_id, r.status == "CONFIRMED")
        .group_by(r.shop_id)
    )
    expected = {shop_id: int(total) for shop_id, total in session.execute(receipts)}
    found = _found_redeemed(session, scope)
    for shop_id in sorted({*expected, *found}):
        if expected.get(shop_id, 0) != found.get(shop_id, 0):
            yield Difference("redeemed", "shop", shop_id, expected.get(shop_id, 0), found.get(shop_id, 0), POINT)
    advance(len(found))


def _found_redeemed(session: Session, scope: Scope) -> dict[int, int]:
    """Redeemed points by shop: summed from all transfers, or derived from the last block's if only new ones count."""
    found: dict[int, int] = {}
    if scope.since is None:
        for side, sign in (("credit", 1), ("debit", -1)):
            for shop_id, amount in session.execute(_redeemed(scope.center_id, side)):
                found[shop_id] = found.get(shop_id, 0) + sign * int(amount)
        return found
    a = _account.c
    query = sa.select(a.id, a.owner_id).where(a.center_id == scope.center_id, a.kind == "redeemed", a.unit == POINT)
    for chunk in in_chunks(stream(session, query)):
        shops = {row[0]: row[1] for row in chunk}
        balances = folded_balances(session, shops, scope.center_id)
        found |= {shops[account_id]: amount for account_id, amount in balances.items()}
    return found


def _redeemed(center_id: int, side: str) -> "sa.Select[Any]":
    t = _transfer.c
    same = sa.and_(_account.c.center_id == t.center_id, _account.c.id == t[f"{side}_account_id"])
    return (
        sa.select(_account.c.owner_id, sa.func.sum(t.amount))
        .join(_transfer, same)
        .where(
            _account.c.center_id == center_id,
            _account.c.kind == "redeemed",
            _account.c.unit == POINT,
            t.kind.in_(COUNTS_AS_POSTED),
        )
        .group_by(_account.c.owner_id)
    )


def check_sources(session: Session, scope: Scope, advance: Advance) -> Iterator[Difference]:
    """Find batches whose source does not exist: money from nowhere."""
    if scope.since is None and not _some_have_none(session, scope):
        advance(1)
        return
    b = _batch.c
    own = (b.center_id == scope.center_id, scope.shape.among(b.id, scope.shape.new_batches))
    query = sa.select(b.id, b.source_type, b.source_ref).where(*own).order_by(b.id)
    for chunk in in_chunks(stream(session, query, scope.values)):
        for source_type in {row.source_type for row in chunk}.difference(_SOURCELESS):
            rows = [row for row in chunk if row.source_type == source_type]
            there = _existing(session, scope.center_id, source_type, [row.source_ref for row in rows])
            for row in rows:
                if row.source_ref not in there:
                    yield Difference("source_missing", "batch", row.id, None, f"{source_type} {row.source_ref}")
        advance(len(chunk))


def _some_have_none(session: Session, scope: Scope) -> bool:
    """Whether any batch of the whole book lacks its source: one statement per type of source."""
    b, connection = _batch.c, session.connection()
    own = b.center_id == scope.center_id
    for source_type in connection.execute(sa.select(b.source_type).where(own).distinct()).scalars().all():
        table = _SOURCES.get(source_type)
        if table is None and source_type not in _SOURCELESS:
            return True
        if table is None:
            continue
        if has_rows(session, _without(scope.shape, source_type, connection.dialect.name), scope.values):
            return True
    return False


@cache
def _without(book: Shape, source_type: str, dialect: str) -> "sa.Select[int]":
    """The number of batches that lack their source of this type."""
    b, source = _batch.c, _SOURCES[source_type].alias("source")
    same = [source.c.center_id == b.center_id, sa.cast(source.c.id, sa.Text) == b.source_ref]
    if dialect == "sqlite":
        # Lets SQLite look up the row by key. PostgreSQL needs no help and would refuse text that is not a number.
        same.append(source.c.id == sa.cast(b.source_ref, sa.BigInteger))
    own = (b.center_id == book.center_id, b.source_type == source_type)
    return count_of(sa.select(b.id).where(*own, sa.not_(sa.exists().where(*same))))


def _existing(session: Session, center_id: int, source_type: str, refs: list[str]) -> set[str]:
    table = _SOURCES.get(source_type)
    if table is None:
        return set()
    ids = [key for key in map(as_key, refs) if key is not None]
    query = sa.select(table.c.id).where(table.c.center_id == center_id, table.c.id.in_(ids))
    return {str(found) for found in session.scalars(query)}
