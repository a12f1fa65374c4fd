"""Numbers of receipts: the next one of a shop's year, and those that a restored book goes on behind."""

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.kernel import clock
from ledger.kernel.errors import NotFound, Rejected
from ledger.kernel.prepared import Prepared
from ledger.kernel.types import table_of
from ledger.kernel.upserts import insert_or_update
from ledger.shop.models import ReceiptCounter, ReceiptGap, Shop
from ledger.shop.policy import read_receipt_text

_counter, _gap, _shop = table_of(ReceiptCounter), table_of(ReceiptGap), table_of(Shop)
_KEY = ["center_id", "shop_id", "year"]
_NEXT_RECEIPT = Prepared(
    insert_or_update(_counter, {"last_number": _counter.c.last_number + 1}, columns=_KEY).returning(
        _counter.c.last_number
    )
)


def next_receipt(session: Session, shop_id: int, year: int, center_id: int) -> int:
    """The next number of the shop's year. The row stays locked until the unit ends, so that a refusal leaves no gap."""
    row = {"center_id": center_id, "shop_id": shop_id, "year": year, "last_number": 1}
    [(number,)] = _NEXT_RECEIPT.rows(session, row)
    return int(number)


def go_on_behind(session: Session, receipt: str, center_id: int) -> int:
    """Go on behind the highest receipt that was printed, and record the numbers that the book lacks; returns how many.

    For operators after a restore. Raises Rejected("shop.receipt_number_invalid"), NotFound("shop.shop_not_found").
    """
    named = read_receipt_text(receipt)
    if named is None or not named[0]:
        raise Rejected("shop.receipt_number_invalid")
    short_name, year, number = named
    connection = session.connection()
    of_name = (_shop.c.center_id == center_id, _shop.c.short_name == short_name)
    shop_id = connection.execute(sa.select(_shop.c.id).where(*of_name)).scalar_one_or_none()
    if shop_id is None:
        raise NotFound("shop.shop_not_found")
    of = (_counter.c.center_id == center_id, _counter.c.shop_id == shop_id, _counter.c.year == year)
    last = connection.execute(sa.select(_counter.c.last_number).where(*of).with_for_update()).scalar_one_or_none() or 0
    if number <= last:
        return 0
    key = {"center_id": center_id, "shop_id": shop_id, "year": year}
    gap = key | {"first": last + 1, "last": number, "reason": "restore", "recorded_at": clock.now()}
    connection.execute(sa.insert(_gap), gap)
    connection.execute(insert_or_update(_counter, {"last_number": number}, columns=_KEY), key | {"last_number": number})
    return number - last
