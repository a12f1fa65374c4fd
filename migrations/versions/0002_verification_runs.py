"""What the verifications of a book found."""

import sqlalchemy as sa
from alembic import op

from ledger.kernel.types import UtcDateTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "verification_run",
        sa.Column("center_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("started_by", sa.BigInteger(), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("finished_at", UtcDateTime(), nullable=True),
        sa.Column("beat_at", UtcDateTime(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("done", sa.BigInteger(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("accounts", sa.BigInteger(), nullable=False),
        sa.Column("batches", sa.BigInteger(), nullable=False),
        sa.Column("transfers", sa.BigInteger(), nullable=False),
        sa.Column("difference", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "status IN ('running', 'clean', 'different', 'failed')", name=op.f("ck_verification_run_status")
        ),
        sa.CheckConstraint("(status = 'running') = (finished_at IS NULL)", name=op.f("ck_verification_run_finished")),
        sa.ForeignKeyConstraint(["center_id"], ["center.id"], name=op.f("fk_verification_run_center_id")),
        sa.PrimaryKeyConstraint("center_id", "id", name=op.f("pk_verification_run")),
        sqlite_strict=True,
    )
    op.create_index(
        op.f("ix_verification_run_center_id_started_at"), "verification_run", ["center_id", "started_at"], unique=False
    )


def downgrade() -> None:
    op.drop_index(op.f("ix_verification_run_center_id_started_at"), table_name="verification_run")
    op.drop_table("verification_run")
