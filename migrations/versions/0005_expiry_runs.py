"""Runs in which points whose time is over leave their members."""

import sqlalchemy as sa
from alembic import op

from ledger.kernel.types import UtcDateTime

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "expiry_run",
        sa.Column("center_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("expected_lots", sa.BigInteger(), nullable=False),
        sa.Column("expected_amount", sa.BigInteger(), nullable=False),
        sa.Column("expired_lots", sa.BigInteger(), nullable=False),
        sa.Column("expired_amount", sa.BigInteger(), nullable=False),
        sa.Column("prepared_by", sa.BigInteger(), nullable=False),
        sa.Column("prepared_at", UtcDateTime(), nullable=False),
        sa.Column("released_by", sa.BigInteger(), nullable=True),
        sa.Column("released_at", UtcDateTime(), nullable=True),
        sa.Column("finished_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint("status IN ('prepared', 'released', 'done', 'dropped')", name=op.f("ck_expiry_run_status")),
        sa.CheckConstraint("(released_at IS NULL) = (released_by IS NULL)", name=op.f("ck_expiry_run_released")),
        sa.ForeignKeyConstraint(["center_id"], ["center.id"], name=op.f("fk_expiry_run_center_id")),
        sa.PrimaryKeyConstraint("center_id", "id", name=op.f("pk_expiry_run")),
        sqlite_strict=True,
    )
    with op.batch_alter_table("expiry_run", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_expiry_run_center_id_status"), ["center_id", "status"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("expiry_run", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_expiry_run_center_id_status"))

    op.drop_table("expiry_run")
