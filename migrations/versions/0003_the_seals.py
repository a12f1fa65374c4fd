"""Leaves, blocks, stored nodes, checkpoints and keys of the seals, and balances of folded accounts as of each block."""

import sqlalchemy as sa
from alembic import op

from ledger.kernel.append_only import create_guards
from ledger.kernel.types import UtcDateTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "block",
        sa.Column("center_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("first_leaf", sa.BigInteger(), nullable=False),
        sa.Column("leaves", sa.BigInteger(), nullable=False),
        sa.Column("root", sa.LargeBinary(), nullable=False),
        sa.Column("closed_at", UtcDateTime(), nullable=False),
        sa.Column("recorded_from", UtcDateTime(), nullable=False),
        sa.Column("recorded_until", UtcDateTime(), nullable=False),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.CheckConstraint("number >= 1 AND first_leaf >= 0 AND leaves >= 1", name=op.f("ck_block_counts")),
        sa.ForeignKeyConstraint(["center_id"], ["center.id"], name=op.f("fk_block_center_id")),
        sa.PrimaryKeyConstraint("center_id", "number", name=op.f("pk_block")),
        sa.UniqueConstraint("center_id", "first_leaf", name=op.f("uq_block_center_id_first_leaf")),
        sqlite_strict=True,
    )
    op.create_index(
        op.f("ix_block_center_id_recorded_until_number"),
        "block",
        ["center_id", "recorded_until", "number"],
        unique=False,
    )
    op.create_index(
        "ix_block_late",
        "block",
        ["center_id", "number"],
        unique=False,
        sqlite_where=sa.text("late = 1"),
        postgresql_where=sa.text("late"),
    )
    op.create_table(
        "seal_key",
        sa.Column("center_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("private_key", sa.LargeBinary(), nullable=True),
        sa.Column("endorsement", sa.Text(), nullable=True),
        sa.Column("valid_from", UtcDateTime(), nullable=False),
        sa.Column("valid_until", UtcDateTime(), nullable=True),
        sa.CheckConstraint(
            "(valid_until IS NULL) = (private_key IS NOT NULL)", name=op.f("ck_seal_key_wiped_at_its_end")
        ),
        sa.ForeignKeyConstraint(["center_id"], ["center.id"], name=op.f("fk_seal_key_center_id")),
        sa.PrimaryKeyConstraint("center_id", "id", name=op.f("pk_seal_key")),
        sqlite_strict=True,
    )
    op.create_index(
        "uq_seal_key_current",
        "seal_key",
        ["center_id"],
        unique=True,
        sqlite_where=sa.text("valid_until IS NULL"),
        postgresql_where=sa.text("valid_until IS NULL"),
    )
    op.create_table(
        "tree_node",
        sa.Column("center_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("level", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("level >= 1 AND position >= 0", name=op.f("ck_tree_node_place")),
        sa.ForeignKeyConstraint(["center_id"], ["center.id"], name=op.f("fk_tree_node_center_id")),
        sa.PrimaryKeyConstraint("center_id", "level", "position", name=op.f("pk_tree_node")),
        sqlite_strict=True,
    )
    op.create_table(
        "checkpoint",
        sa.Column("center_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("size", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("root", sa.LargeBinary(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("key_id", sa.BigInteger(), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["center_id", "key_id"], ["seal_key.center_id", "seal_key.id"], name=op.f("fk_checkpoint_center_id_key_id")
        ),
        sa.PrimaryKeyConstraint("center_id", "size", name=op.f("pk_checkpoint")),
        sqlite_strict=True,
    )
    op.create_table(
        "leaf",
        sa.Column("center_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("leaf_index", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("batch_id", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("leaf_index >= 0", name=op.f("ck_leaf_index")),
        sa.ForeignKeyConstraint(
            ["center_id", "batch_id"], ["batch.center_id", "batch.id"], name=op.f("fk_leaf_center_id_batch_id")
        ),
        sa.PrimaryKeyConstraint("center_id", "leaf_index", name=op.f("pk_leaf")),
        sa.UniqueConstraint("center_id", "batch_id", name=op.f("uq_leaf_center_id_batch_id")),
        sqlite_strict=True,
    )
    op.create_table(
        "folded_balance",
        sa.Column("center_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("account_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("block_number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("balance", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["center_id", "account_id"],
            ["account.center_id", "account.id"],
            name=op.f("fk_folded_balance_center_id_account_id"),
        ),
        sa.ForeignKeyConstraint(
            ["center_id", "block_number"],
            ["block.center_id", "block.number"],
            name=op.f("fk_folded_balance_center_id_block_number"),
        ),
        sa.PrimaryKeyConstraint("center_id", "account_id", "block_number", name=op.f("pk_folded_balance")),
        sqlite_strict=True,
    )
    create_guards(op.get_bind(), ["leaf", "block", "tree_node", "checkpoint", "folded_balance"])
    create_guards(
        op.get_bind(),
        ["seal_key"],
        columns=("center_id", "id", "origin", "public_key", "endorsement", "valid_from"),
    )


def downgrade() -> None:
    # Without its leaf every batch waits for one again.
    op.execute("INSERT INTO unsealed (center_id, batch_id) SELECT center_id, batch_id FROM leaf")
    for table in ("folded_balance", "leaf", "checkpoint", "tree_node", "seal_key", "block"):
        op.drop_table(table)
