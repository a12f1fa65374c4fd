"""Shops, their items and prices, goods in, payer's codes, and redemptions with their lines."""

from datetime import date, datetime
from typing import Annotated

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from ledger.kernel.types import STRICT, Base, center_key, index_where, inside_center, key

# Added to rows that were there; every new row says it.
_words = Annotated[str, mapped_column(server_default="")]


class Shop(Base):
    """A shop in a place; its stock and its redeemed points are accounts of the ledger.

    `short_name` begins the numbers of its receipts (LY in LY-2026-000318), and is its own in the center.
    """

    __tablename__ = "shop"
    __table_args__ = (
        inside_center("place_id", "place"),
        sa.Index("uq_shop_short_name", "center_id", "short_name", unique=True),
        STRICT,
    )

    center_id: Mapped[center_key]
    id: Mapped[key]
    place_id: Mapped[int]
    name: Mapped[str]
    opened_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    short_name: Mapped[_words]


_BARCODE = ("center_id", "shop_id", "barcode")


class Item(Base):
    """A good on a shop's shelf. `unit` is its unit in the ledger; `initials` let a clerk find it by dm for 大米.

    `barcode` is in the one form of `scan_policy`, and one good's alone among what is on the shelf.
    """

    __tablename__ = "item"
    __table_args__ = (
        inside_center("shop_id", "shop"),
        sa.ForeignKeyConstraint(["center_id", "unit"], ["unit.center_id", "unit.code"]),
        sa.UniqueConstraint("center_id", "shop_id", "name", "spec"),
        index_where("on_shelf AND barcode IS NOT NULL", "uq_item_barcode", *_BARCODE, unique=True),
        STRICT,
    )

    center_id: Mapped[center_key]
    id: Mapped[key]
    shop_id: Mapped[int]
    unit: Mapped[str]
    name: Mapped[str]
    spec: Mapped[str]
    category: Mapped[str]
    initials: Mapped[str]
    barcode: Mapped[str | None]
    low_stock: Mapped[int] = mapped_column(default=5)
    on_shelf: Mapped[bool] = mapped_column(sa.Boolean, default=True)
    created_at: Mapped[datetime]


class ItemPrice(Base):
    """A price in points (minor units), valid from a given time. Append only."""

    __tablename__ = "item_price"
    __table_args__ = (
        inside_center("item_id", "item"),
        sa.UniqueConstraint("center_id", "item_id", "version"),
        sa.CheckConstraint("points > 0", name="points"),
        STRICT,
    )

    center_id: Mapped[center_key]
    id: Mapped[key]
    item_id: Mapped[int]
    version: Mapped[int]
    points: Mapped[int]
    set_by: Mapped[int]
    set_at: Mapped[datetime]


class GoodsIn(Base):
    """A delivery: bought, donated or made from scrap, with its supplier and the person who received it.

    `shop_name` is the shop's name of that day.
    """

    __tablename__ = "goods_in"
    __table_args__ = (
        inside_center("shop_id", "shop"),
        sa.Index(None, "center_id", "shop_id", "received_at"),
        sa.CheckConstraint("origin IN ('bought', 'donated', 'scrap')", name="origin"),
        STRICT,
    )

    center_id: Mapped[center_key]
    id: Mapped[key]
    shop_id: Mapped[int]
    origin: Mapped[str]
    supplier: Mapped[str]
    document: Mapped[str]
    received_at: Mapped[datetime]
    received_by: Mapped[int]
    shop_name: Mapped[_words]


class GoodsInLine(Base):
    """One item of a delivery, with its words of that day; `quantity` in the item's minor units."""

    __tablename__ = "goods_in_line"
    __table_args__ = (
        inside_center("goods_in_id", "goods_in"),
        inside_center("item_id", "item"),
        sa.CheckConstraint("quantity > 0", name="quantity"),
        STRICT,
    )

    center_id: Mapped[center_key]
    goods_in_id: Mapped[key]
    position: Mapped[key]
    item_id: Mapped[int]
    quantity: Mapped[int]
    batch: Mapped[str]
    best_before: Mapped[date | None]
    name: Mapped[_words]
    spec: Mapped[_words]


class PayerCode(Base):
    """A code that a member shows at the till: valid for 60 seconds and one cart. Only its digest is stored."""

    __tablename__ = "payer_code"
    __table_args__ = (
        inside_center("volunteer_id", "volunteer"),
        sa.UniqueConstraint("center_id", "code_hash"),
        index_where("redemption_id IS NULL", "ix_payer_code_unused", "center_id", "expires_at"),
        sa.CheckConstraint("status IN ('ISSUED', 'BOUND', 'CONSUMED', 'BURNED')", name="status"),
        STRICT,
    )

    center_id: Mapped[center_key]
    id: Mapped[key]
    volunteer_id: Mapped[int]
    code_hash: Mapped[str]
    status: Mapped[str]
    issued_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    redemption_id: Mapped[int | None]


class Redemption(Base):
    """One exchange at the counter, from the cart to the receipt. `shop_name` is the shop's name of that day."""

    __tablename__ = "redemption"
    __table_args__ = (
        inside_center("shop_id", "shop"),
        inside_center("volunteer_id", "volunteer"),
        inside_center("payer_code_id", "payer_code"),
        sa.UniqueConstraint("center_id", "shop_id", "receipt_year", "receipt_number"),
        sa.Index(None, "center_id", "volunteer_id", "created_at"),
        sa.Index(None, "center_id", "shop_id", "created_at"),
        sa.Index(None, "center_id", "shop_id", "status", "created_at"),
        sa.Index(None, "center_id", "status", "created_at"),
        sa.Index(None, "center_id", "created_at"),
        sa.Index(None, "center_id", "payer_code_id"),
        sa.CheckConstraint(
            "status IN ('CART', 'HELD', 'CONFIRMED', 'VOIDED', 'RELEASED')",
            name="status",
        ),
        sa.CheckConstraint("(receipt_number IS NULL) = (confirmed_at IS NULL)", name="receipt"),
        STRICT,
    )

    center_id: Mapped[center_key]
    id: Mapped[key]
    shop_id: Mapped[int]
    volunteer_id: Mapped[int]
    payer_code_id: Mapped[int]
    clerk_id: Mapped[int]
    status: Mapped[str]
    total: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    bound_until: Mapped[datetime]
    held_until: Mapped[datetime | None]
    confirmed_at: Mapped[datetime | None]
    receipt_year: Mapped[int | None]
    receipt_number: Mapped[int | None]
    balance_after: Mapped[int | None]
    voided_at: Mapped[datetime | None]
    voided_by: Mapped[int | None]
    void_reason: Mapped[str | None]
    shop_name: Mapped[_words]


class RedemptionLine(Base):
    """One item of a redemption at its price version, with the two transfers that moved its points and goods.

    `name` and `spec` are its words of that day.
    """

    __tablename__ = "redemption_line"
    __table_args__ = (
        inside_center("redemption_id", "redemption"),
        inside_center("item_id", "item"),
        inside_center("price_id", "item_price"),
        inside_center("points_transfer_id", "transfer"),
        inside_center("goods_transfer_id", "transfer"),
        sa.CheckConstraint("quantity > 0", name="quantity"),
        STRICT,
    )

    center_id: Mapped[center_key]
    redemption_id: Mapped[key]
    position: Mapped[key]
    item_id: Mapped[int]
    price_id: Mapped[int]
    quantity: Mapped[int]
    points: Mapped[int]
    points_transfer_id: Mapped[int | None]
    goods_transfer_id: Mapped[int | None]
    name: Mapped[_words]
    spec: Mapped[_words]


class ReceiptCounter(Base):
    """The last receipt number of a shop in a year; incremented under lock, so that there is no gap."""

    __tablename__ = "receipt_counter"
    __table_args__ = (inside_center("shop_id", "shop"), STRICT)

    center_id: Mapped[center_key]
    shop_id: Mapped[key]
    year: Mapped[key]
    last_number: Mapped[int]


class ReceiptGap(Base):
    """Receipt numbers of a shop's year, `first` to `last`, that a restore left out of the book. Append only."""

    __tablename__ = "receipt_gap"
    __table_args__ = (
        inside_center("shop_id", "shop"),
        sa.CheckConstraint("first > 0 AND first <= last", name="order"),
        STRICT,
    )

    center_id: Mapped[center_key]
    shop_id: Mapped[key]
    year: Mapped[key]
    first: Mapped[key]
    last: Mapped[int]
    reason: Mapped[str]
    recorded_at: Mapped[datetime]
