"""Until which leaf of the log a verification went, so that the next one may begin there."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("verification_run", sa.Column("since_size", sa.BigInteger(), nullable=True))
    op.add_column("verification_run", sa.Column("log_size", sa.BigInteger(), nullable=True))
    op.add_column("verification_run", sa.Column("log_root", sa.LargeBinary(), nullable=True))


def downgrade() -> None:
    for column in ("log_root", "log_size", "since_size"):
        op.drop_column("verification_run", column)
