"""What a proposal says that goes when it ends."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    there = ["proposal.center_id", "proposal.id"]
    op.create_table(
        "proposal_private",
        sa.Column("center_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("proposal_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["center_id", "proposal_id"], there, name=op.f("fk_proposal_private_center_id_proposal_id")
        ),
        sa.PrimaryKeyConstraint("center_id", "proposal_id", name=op.f("pk_proposal_private")),
        sqlite_strict=True,
    )


def downgrade() -> None:
    op.drop_table("proposal_private")
