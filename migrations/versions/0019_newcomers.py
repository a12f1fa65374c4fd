"""People whom a proposal would add."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "newcomer",
        sa.Column("center_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("identity_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sa.LargeBinary(), nullable=False),
        sa.Column("name_index", sa.Text(), nullable=False),
        sa.Column("phone", sa.LargeBinary(), nullable=False),
        sa.Column("phone_index", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["center_id"], ["center.id"], name=op.f("fk_newcomer_center_id")),
        sa.PrimaryKeyConstraint("center_id", "identity_id", name=op.f("pk_newcomer")),
        sa.UniqueConstraint("center_id", "phone_index", name=op.f("uq_newcomer_center_id_phone_index")),
        sqlite_strict=True,
    )


def downgrade() -> None:
    op.drop_table("newcomer")
