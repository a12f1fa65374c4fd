"""Full names that auditors have asked for, with the reason of each."""

import sqlalchemy as sa
from alembic import op

from ledger.kernel.append_only import create_guards
from ledger.kernel.types import UtcDateTime

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "name_shown",
        sa.Column("center_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("volunteer_id", sa.BigInteger(), nullable=False),
        sa.Column("shown_to", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.LargeBinary(), nullable=False),
        sa.Column("shown_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["center_id", "volunteer_id"],
            ["volunteer.center_id", "volunteer.id"],
            name=op.f("fk_name_shown_center_id_volunteer_id"),
        ),
        sa.PrimaryKeyConstraint("center_id", "id", name=op.f("pk_name_shown")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_name_shown_center_id_volunteer_id"), "name_shown", ["center_id", "volunteer_id"])
    create_guards(op.get_bind(), ("name_shown",))


def downgrade() -> None:
    op.drop_table("name_shown")
