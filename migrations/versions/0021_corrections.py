"""Corrections with what was there before; receipts and deliveries keep the words of their day."""

import sqlalchemy as sa
from alembic import op

from ledger.kernel.append_only import create_guards
from ledger.kernel.types import UtcDateTime

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

# Column: the table that has it, and where its words stand today.
_WORDS = (
    *((table, column, "item", column) for table in ("redemption_line", "goods_in_line") for column in ("name", "spec")),
    *((table, "shop_name", "shop", "name") for table in ("redemption", "goods_in")),
)


def upgrade() -> None:
    op.create_table(
        "change",
        sa.Column("center_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("version", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.Column("changed_by", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["center_id"], ["center.id"], name=op.f("fk_change_center_id")),
        sa.PrimaryKeyConstraint("center_id", "subject", "subject_id", "version", name=op.f("pk_change")),
        sqlite_strict=True,
    )
    create_guards(op.get_bind(), ["change"])
    for table, column, source, words in _WORDS:
        op.add_column(table, sa.Column(column, sa.Text(), nullable=False, server_default=""))
        op.execute(
            f"UPDATE {table} SET {column} = (SELECT {source}.{words} FROM {source} "  # noqa: S608 - fixed names
            f"WHERE {source}.center_id = {table}.center_id AND {source}.id = {table}.{source}_id)"
        )


def downgrade() -> None:
    for table, column, _source, _words in _WORDS:
        op.drop_column(table, column)
    op.drop_table("change")
