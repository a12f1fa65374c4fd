"""Households, and who was of which from when on."""

import sqlalchemy as sa
from alembic import op

from ledger.kernel.append_only import create_guards
from ledger.kernel.types import UtcDateTime

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "household",
        sa.Column("center_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("number_key", sa.Text(), nullable=False),
        sa.Column("made_by", sa.BigInteger(), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["center_id"], ["center.id"], name=op.f("fk_household_center_id")),
        sa.PrimaryKeyConstraint("center_id", "id", name=op.f("pk_household")),
        sa.UniqueConstraint("center_id", "number_key", name=op.f("uq_household_center_id_number_key")),
        sqlite_strict=True,
    )
    op.create_table(
        "household_change",
        sa.Column("center_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("volunteer_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("revision", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("household_id", sa.BigInteger(), nullable=True),
        sa.Column("changed_by", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("revision > 0", name=op.f("ck_household_change_revision")),
        sa.CheckConstraint("revision > 1 OR household_id IS NOT NULL", name=op.f("ck_household_change_first")),
        sa.ForeignKeyConstraint(
            ["center_id", "volunteer_id"],
            ["volunteer.center_id", "volunteer.id"],
            name=op.f("fk_household_change_center_id_volunteer_id"),
        ),
        sa.ForeignKeyConstraint(
            ["center_id", "household_id"],
            ["household.center_id", "household.id"],
            name=op.f("fk_household_change_center_id_household_id"),
        ),
        sa.PrimaryKeyConstraint("center_id", "volunteer_id", "revision", name=op.f("pk_household_change")),
        sqlite_strict=True,
    )
    op.create_index(
        op.f("ix_household_change_center_id_household_id"), "household_change", ["center_id", "household_id"]
    )
    create_guards(op.get_bind(), ("household", "household_change"))


def downgrade() -> None:
    op.drop_table("household_change")
    op.drop_table("household")
