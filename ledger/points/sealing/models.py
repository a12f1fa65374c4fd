"""The log of a center: its leaves, blocks, stored nodes, checkpoints and keys, and balances as of each block.

All are append only, except for a key's end, which wipes its private half; the public half stays for ever.
"""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from ledger.kernel.crypto import Sealed
from ledger.kernel.types import STRICT, Base, center_key, inside_center, key


class Leaf(Base):
    """A batch's place in the log of its center, counted from 0, and the hash of its canonical bytes."""

    __tablename__ = "leaf"
    __table_args__ = (
        inside_center("batch_id", "batch"),
        sa.UniqueConstraint("center_id", "batch_id"),
        sa.CheckConstraint("leaf_index >= 0", name="index"),
        STRICT,
    )

    center_id: Mapped[center_key]
    leaf_index: Mapped[key]
    batch_id: Mapped[int]
    hash: Mapped[bytes]


class TreeNode(Base):
    """The root over the `position`th 256**level leaves, stored so that no proof reads the whole log."""

    __tablename__ = "tree_node"
    __table_args__ = (
        sa.ForeignKeyConstraint(["center_id"], ["center.id"]),
        sa.CheckConstraint("level >= 1 AND position >= 0", name="place"),
        STRICT,
    )

    center_id: Mapped[center_key]
    level: Mapped[key]
    position: Mapped[key]
    hash: Mapped[bytes]


class Block(Base):
    """Leaves sealed at once: `leaves` of them from `first_leaf` on, and the root of the log after them.

    Its earliest leaf was recorded at `recorded_from`; no leaf of it or an earlier block was recorded after
    `recorded_until`. A block is `late` if `recorded_from` is no later than the `recorded_until` of the second block
    before it.
    """

    __tablename__ = "block"
    __table_args__ = (
        sa.ForeignKeyConstraint(["center_id"], ["center.id"]),
        sa.UniqueConstraint("center_id", "first_leaf"),
        sa.Index(None, "center_id", "recorded_until", "number"),
        sa.Index(
            "ix_block_late", "center_id", "number", sqlite_where=sa.text("late = 1"), postgresql_where=sa.text("late")
        ),
        sa.CheckConstraint("number >= 1 AND first_leaf >= 0 AND leaves >= 1", name="counts"),
        STRICT,
    )

    center_id: Mapped[center_key]
    number: Mapped[key]
    first_leaf: Mapped[int]
    leaves: Mapped[int]
    root: Mapped[bytes]
    closed_at: Mapped[datetime]
    recorded_from: Mapped[datetime]
    recorded_until: Mapped[datetime]
    late: Mapped[bool] = mapped_column(sa.Boolean)


class SealKey(Base):
    """A key that signs a center's checkpoints under the name `origin`; one at a time is current.

    `endorsement` is the note in which the previous key names this one. The private half is wiped when the key ends.
    """

    __tablename__ = "seal_key"
    __table_args__ = (
        sa.ForeignKeyConstraint(["center_id"], ["center.id"]),
        sa.Index(
            "uq_seal_key_current",
            "center_id",
            unique=True,
            sqlite_where=sa.text("valid_until IS NULL"),
            postgresql_where=sa.text("valid_until IS NULL"),
        ),
        sa.CheckConstraint("(valid_until IS NULL) = (private_key IS NOT NULL)", name="wiped_at_its_end"),
        STRICT,
    )

    center_id: Mapped[center_key]
    id: Mapped[key]
    origin: Mapped[str]
    public_key: Mapped[bytes]
    private_key: Mapped[str | None] = mapped_column(Sealed("seal_key.private_key"))
    endorsement: Mapped[str | None]
    valid_from: Mapped[datetime]
    valid_until: Mapped[datetime | None]


class CheckpointRow(Base):
    """The signed note over the root of the first `size` leaves, as published."""

    __tablename__ = "checkpoint"
    __table_args__ = (inside_center("key_id", "seal_key"), STRICT)

    center_id: Mapped[center_key]
    size: Mapped[key]
    root: Mapped[bytes]
    text: Mapped[str]
    key_id: Mapped[int]
    made_at: Mapped[datetime]


class FoldedBalance(Base):
    """Balance of a folded account after a block in which it moved."""

    __tablename__ = "folded_balance"
    __table_args__ = (
        inside_center("account_id", "account"),
        sa.ForeignKeyConstraint(["center_id", "block_number"], ["block.center_id", "block.number"]),
        STRICT,
    )

    center_id: Mapped[center_key]
    account_id: Mapped[key]
    block_number: Mapped[key]
    balance: Mapped[int]
