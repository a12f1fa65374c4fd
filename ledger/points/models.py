"""Units, accounts, batches and transfers. Batches and transfers are append only, by trigger.

A counted account keeps four counters that a posting locks and changes. A folded account is touched by every posting,
so it keeps none and its balance is summed from its transfers. Balance always means credits minus debits.
"""

from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from ledger.kernel.types import STRICT, Base, center_key, index_where, inside_center, key


class Unit(Base):
    """A unit of account: minutes, points, or one stock item; amounts are integers of 10**-scale.

    Members hold a unit `in_lots` in lots, each with the day it was earned and its last good day.
    """

    __tablename__ = "unit"
    __table_args__ = (
        sa.ForeignKeyConstraint(["center_id"], ["center.id"]),
        sa.CheckConstraint("scale BETWEEN 0 AND 6", name="scale"),
        STRICT,
    )

    center_id: Mapped[center_key]
    code: Mapped[str] = mapped_column(primary_key=True)
    scale: Mapped[int]
    in_lots: Mapped[bool] = mapped_column(sa.Boolean)
    created_at: Mapped[datetime]


class Account(Base):
    """An account in one unit. `owner_id` is a volunteer, shop or other owner, 0 for the center itself."""

    __tablename__ = "account"
    __table_args__ = (
        sa.ForeignKeyConstraint(["center_id", "unit"], ["unit.center_id", "unit.code"]),
        sa.UniqueConstraint("center_id", "id", "unit"),
        sa.UniqueConstraint("center_id", "unit", "kind", "owner_id"),
        sa.Index(None, "center_id", "owner_id"),
        sa.Index(None, "center_id", "opened_at", "id"),
        sa.Index(None, "center_id", "kind", "opened_at", "id"),
        sa.Index(None, "center_id", "unit", "opened_at", "id"),
        sa.Index(None, "center_id", "unit", "kind", "opened_at", "id"),
        index_where("debits_pending > 0", "ix_account_holding", "center_id", "kind"),
        sa.CheckConstraint(
            "debits_pending >= 0 AND debits_posted >= 0 AND credits_pending >= 0 AND credits_posted >= 0",
            name="counters",
        ),
        sa.CheckConstraint(
            "overdraft OR credits_posted - debits_posted - debits_pending >= 0",
            name="not_below_zero",
        ),
        sa.CheckConstraint(
            "counted OR (version = 0 AND debits_pending = 0 AND debits_posted = 0"
            " AND credits_pending = 0 AND credits_posted = 0)",
            name="folded_keeps_no_counters",
        ),
        sa.CheckConstraint("counted OR NOT in_lots", name="lots_are_counted"),
        sa.CheckConstraint(
            "kind <> 'debt' OR credits_posted + credits_pending <= debits_posted", name="debt_is_never_above_zero"
        ),
        STRICT,
    )

    center_id: Mapped[center_key]
    id: Mapped[key]
    unit: Mapped[str]
    kind: Mapped[str]
    owner_id: Mapped[int] = mapped_column(default=0)
    counted: Mapped[bool] = mapped_column(sa.Boolean)
    in_lots: Mapped[bool] = mapped_column(sa.Boolean)
    overdraft: Mapped[bool] = mapped_column(sa.Boolean, default=False)
    debits_pending: Mapped[int] = mapped_column(default=0)
    debits_posted: Mapped[int] = mapped_column(default=0)
    credits_pending: Mapped[int] = mapped_column(default=0)
    credits_posted: Mapped[int] = mapped_column(default=0)
    version: Mapped[int] = mapped_column(default=0)
    last_recorded_at: Mapped[datetime | None]
    opened_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]


class Batch(Base):
    """Transfers posted all or nothing, with actor, times, reason and evidence. A source posts each step once."""

    __tablename__ = "batch"
    __table_args__ = (
        sa.ForeignKeyConstraint(["center_id"], ["center.id"]),
        sa.UniqueConstraint("center_id", "source_type", "source_ref", "step"),
        sa.Index(None, "center_id", "recorded_at", "id"),
        STRICT,
    )

    center_id: Mapped[center_key]
    id: Mapped[key]
    source_type: Mapped[str]
    source_ref: Mapped[str]
    step: Mapped[str]
    effective_at: Mapped[datetime]
    recorded_at: Mapped[datetime]
    actor_id: Mapped[int]
    reason: Mapped[str]
    evidence_hash: Mapped[str]


class Transfer(Base):
    """An amount from one account (debit) to another (credit) of the same unit.

    For each counted side it stores the account's version, balance and held amount afterwards, so that a balance as of
    a time is one index seek.
    """

    __tablename__ = "transfer"
    __table_args__ = (
        inside_center("batch_id", "batch"),
        sa.ForeignKeyConstraint(
            ["center_id", "debit_account_id", "unit"], ["account.center_id", "account.id", "account.unit"]
        ),
        sa.ForeignKeyConstraint(
            ["center_id", "credit_account_id", "unit"], ["account.center_id", "account.id", "account.unit"]
        ),
        inside_center("pending_id", "transfer"),
        inside_center("reverses_id", "transfer"),
        inside_center("refund_of", "transfer"),
        sa.UniqueConstraint("center_id", "pending_id"),
        sa.UniqueConstraint("center_id", "reverses_id"),
        sa.UniqueConstraint("center_id", "debit_account_id", "debit_version"),
        sa.UniqueConstraint("center_id", "credit_account_id", "credit_version"),
        sa.Index("ix_transfer_debit_side", "center_id", "debit_account_id", "recorded_at", "kind", "amount"),
        sa.Index("ix_transfer_credit_side", "center_id", "credit_account_id", "recorded_at", "kind", "amount"),
        sa.Index(None, "center_id", "batch_id"),
        index_where("refund_of IS NOT NULL", "ix_transfer_refund_of", "center_id", "refund_of"),
        index_where("expires_at IS NOT NULL", "ix_transfer_expiring", "center_id", "debit_account_id", "expires_at"),
        sa.CheckConstraint("amount > 0", name="amount"),
        sa.CheckConstraint("debit_account_id <> credit_account_id", name="two_accounts"),
        sa.CheckConstraint("kind IN ('posted', 'pending', 'post', 'void', 'expire')", name="kind"),
        sa.CheckConstraint("(kind = 'pending') = (expires_at IS NOT NULL)", name="pending_expires"),
        sa.CheckConstraint("(kind IN ('post', 'void', 'expire')) = (pending_id IS NOT NULL)", name="resolves"),
        sa.CheckConstraint("(debit_version IS NULL) = (debit_balance_after IS NULL)", name="debit_side"),
        sa.CheckConstraint("(credit_version IS NULL) = (credit_balance_after IS NULL)", name="credit_side"),
        STRICT,
    )

    center_id: Mapped[center_key]
    id: Mapped[key]
    batch_id: Mapped[int]
    unit: Mapped[str]
    debit_account_id: Mapped[int]
    credit_account_id: Mapped[int]
    amount: Mapped[int]
    code: Mapped[str]
    kind: Mapped[str]
    pending_id: Mapped[int | None]
    reverses_id: Mapped[int | None]
    refund_of: Mapped[int | None]
    expires_at: Mapped[datetime | None]
    debit_version: Mapped[int | None]
    debit_balance_after: Mapped[int | None]
    debit_held_after: Mapped[int | None]
    credit_version: Mapped[int | None]
    credit_balance_after: Mapped[int | None]
    credit_held_after: Mapped[int | None]
    recorded_at: Mapped[datetime]


class Lot(Base):
    """Part of what a member was credited, good until `extended_to` or `expires_on`, a local day, inclusive.

    `remaining` includes what is held; over an account it sums up to the balance. Only the last three columns ever
    change, each time with a row of `lot_use`.
    """

    __tablename__ = "lot"
    __table_args__ = (
        inside_center("account_id", "account"),
        inside_center("transfer_id", "transfer"),
        sa.CheckConstraint("amount > 0", name="amount"),
        sa.CheckConstraint("held >= 0 AND held <= remaining AND remaining <= amount", name="counters"),
        sa.CheckConstraint("extended_to IS NULL OR expires_on IS NOT NULL", name="extended"),
        index_where("remaining > 0", "ix_lot_left", "center_id", "account_id"),
        index_where("remaining > 0 AND expires_on IS NOT NULL", "ix_lot_ending", "center_id", "expires_on"),
        sa.Index(None, "center_id", "transfer_id"),
        STRICT,
    )

    center_id: Mapped[center_key]
    id: Mapped[key]
    account_id: Mapped[int]
    transfer_id: Mapped[int]
    amount: Mapped[int]
    earned_at: Mapped[datetime]
    expires_on: Mapped[date | None]
    extended_to: Mapped[date | None]
    remaining: Mapped[int]
    held: Mapped[int]


class LotUse(Base):
    """A lot movement: a transfer took, held, released or gave back part of a lot; ordered by `position`."""

    __tablename__ = "lot_use"
    __table_args__ = (
        inside_center("lot_id", "lot"),
        inside_center("transfer_id", "transfer"),
        sa.CheckConstraint("remaining_change <> 0 OR held_change <> 0", name="changes"),
        sa.UniqueConstraint("center_id", "lot_id", "transfer_id"),
        STRICT,
    )

    center_id: Mapped[center_key]
    transfer_id: Mapped[key]
    position: Mapped[key]
    lot_id: Mapped[int]
    remaining_change: Mapped[int]
    held_change: Mapped[int]
    extended_to: Mapped[date | None]


class Unsealed(Base):
    """A batch without a leaf: inserted with the batch, deleted by the sealer."""

    __tablename__ = "unsealed"
    __table_args__ = (inside_center("batch_id", "batch"), STRICT)

    center_id: Mapped[center_key]
    batch_id: Mapped[key]
