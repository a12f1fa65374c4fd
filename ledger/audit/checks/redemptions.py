"""Check every redemption against its lines, prices, postings and receipt, and every delivery against the stock."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.audit.checks.finding import Advance, Difference, source_chunks
from ledger.audit.checks.postings import Postings, postings_of
from ledger.audit.checks.scope import Scope
from ledger.kernel.types import table_of
from ledger.points.policy import POINT, AccountKey
from ledger.shop.models import GoodsIn, GoodsInLine, Item, ItemPrice, Redemption, RedemptionLine

_redemption, _line, _item = table_of(Redemption), table_of(RedemptionLine), table_of(Item)
_price, _delivery, _delivered = table_of(ItemPrice), table_of(GoodsIn), table_of(GoodsInLine)
_WITH_RECEIPT = ("CONFIRMED", "VOIDED")
NOTHING = Postings()


def check_redemptions(session: Session, scope: Scope, advance: Advance) -> Iterator[Difference]:
    """Find redemptions whose total, lines, points and goods disagree."""
    center_id = scope.center_id
    query = sa.select(_redemption).where(_redemption.c.center_id == center_id).order_by(_redemption.c.id)
    for chunk in source_chunks(session, scope, query, "redemption", _redemption.c.id):
        ids = [row.id for row in chunk]
        lines = _lines(session, center_id, ids)
        posted = postings_of(session, center_id, "redemption", ids)
        for row in chunk:
            yield from _check_lines(row, lines[row.id])
            yield from _check_postings(row, lines[row.id], posted.get(row.id, NOTHING))
        advance(len(chunk))


def _check_lines(row: Any, lines: list[Any]) -> Iterator[Difference]:
    total = sum(line.points for line in lines)
    if row.total != total:
        yield Difference("redemption_total", "redemption", row.id, total, row.total, POINT)
    for line in lines:
        if line.points != line.price * line.quantity:
            yield Difference("line_points", "redemption", row.id, line.price * line.quantity, line.points, POINT)


def _check_postings(row: Any, lines: list[Any], posted: Postings) -> Iterator[Difference]:
    member, redeemed = (AccountKey(POINT, "member", row.volunteer_id), AccountKey(POINT, "redeemed", row.shop_id))
    sold, held = row.status == "CONFIRMED", row.status == "HELD"
    gained: dict[AccountKey, int] = defaultdict(int)
    holds: dict[AccountKey, int] = defaultdict(int)
    for line in lines:
        stock = AccountKey(line.unit, "stock", row.shop_id)
        handed_out = AccountKey(line.unit, "handed_out", row.shop_id)
        for account, amount in ((member, -line.points), (redeemed, line.points)):
            gained[account] += amount if sold else 0
        for account, amount in ((stock, -line.quantity), (handed_out, line.quantity)):
            gained[account] += amount if sold else 0
        holds[member] += line.points if held else 0
        holds[stock] += line.quantity if held else 0
        yield from _check_holds_of_line(row, line, posted, (member, redeemed, stock, handed_out))
    for check, expected, found in (
        ("redemption_posted", gained, posted.gained),
        ("redemption_held", holds, posted.held),
    ):
        for key in sorted({**expected, **found}):
            if expected.get(key, 0) != found.get(key, 0):
                yield Difference(check, "redemption", row.id, expected.get(key, 0), found.get(key, 0), key.unit)
    if row.status in _WITH_RECEIPT:
        yield from _check_receipt(row, posted, member)


def _check_holds_of_line(
    row: Any, line: Any, posted: Postings, accounts: tuple[AccountKey, AccountKey, AccountKey, AccountKey]
) -> Iterator[Difference]:
    """A line must name the two transfers that moved its points and goods."""
    if not posted.pending and line.points_transfer_id is None:
        return
    member, redeemed, stock, handed_out = accounts
    moved = (
        (line.points_transfer_id, (member, redeemed, line.points)),
        (line.goods_transfer_id, (stock, handed_out, line.quantity)),
    )
    for transfer_id, expected in moved:
        if posted.pending.get(transfer_id) != expected:
            yield Difference("line_transfer", "redemption", row.id)


def _check_receipt(row: Any, posted: Postings, member: AccountKey) -> Iterator[Difference]:
    if row.receipt_number is None or row.confirmed_at != posted.steps.get("post"):
        yield Difference("receipt_time", "redemption", row.id, posted.steps.get("post"), row.confirmed_at)
    after = posted.balance_after.get(("post", member))
    if row.balance_after != after:
        yield Difference("receipt_balance", "redemption", row.id, after, row.balance_after, POINT)


def _lines(session: Session, center_id: int, ids: list[int]) -> dict[int, list[Any]]:
    query = (
        sa.select(
            _line.c.redemption_id,
            _line.c.quantity,
            _line.c.points,
            _line.c.points_transfer_id,
            _line.c.goods_transfer_id,
            _item.c.unit,
            _price.c.points.label("price"),
        )
        .join(_item, sa.and_(_item.c.center_id == _line.c.center_id, _item.c.id == _line.c.item_id))
        .join(_price, sa.and_(_price.c.center_id == _line.c.center_id, _price.c.id == _line.c.price_id))
        .where(_line.c.center_id == center_id, _line.c.redemption_id.in_(ids))
        .order_by(_line.c.redemption_id, _line.c.position)
    )
    lines: dict[int, list[Any]] = defaultdict(list)
    for line in session.connection().execute(query):
        lines[line.redemption_id].append(line)
    return lines


def check_deliveries(session: Session, scope: Scope, advance: Advance) -> Iterator[Difference]:
    """Find deliveries whose lines differ from what entered stock."""
    center_id = scope.center_id
    query = sa.select(_delivery).where(_delivery.c.center_id == center_id).order_by(_delivery.c.id)
    for chunk in source_chunks(session, scope, query, "goods_in", _delivery.c.id):
        ids = [row.id for row in chunk]
        delivered = _delivered_goods(session, center_id, ids)
        posted = postings_of(session, center_id, "goods_in", ids)
        for row in chunk:
            expected = {AccountKey(unit, "stock", row.shop_id): many for unit, many in delivered[row.id].items()}
            found = posted.get(row.id, NOTHING).gained
            for key in sorted({**expected, **found}):
                if key.kind == "stock" and expected.get(key, 0) != found.get(key, 0):
                    yield Difference("delivered", "goods_in", row.id, expected.get(key, 0), found.get(key, 0), key.unit)
        advance(len(chunk))


def _delivered_goods(session: Session, center_id: int, ids: list[int]) -> dict[int, dict[str, int]]:
    query = (
        sa.select(_delivered.c.goods_in_id, _item.c.unit, _delivered.c.quantity)
        .join(_item, sa.and_(_item.c.center_id == _delivered.c.center_id, _item.c.id == _delivered.c.item_id))
        .where(_delivered.c.center_id == center_id, _delivered.c.goods_in_id.in_(ids))
    )
    goods: dict[int, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for goods_in_id, unit, quantity in session.connection().execute(query):
        goods[goods_in_id][unit] += quantity
    return goods
