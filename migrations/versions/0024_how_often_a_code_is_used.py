"""How many people each step of a station's code has let in."""

import sqlalchemy as sa
from alembic import op

from ledger.kernel.types import UtcDateTime

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "code_use",
        *(
            sa.Column(name, sa.BigInteger(), autoincrement=False, nullable=False)
            for name in ("center_id", "step", "station_id")
        ),
        sa.Column("let_in", sa.BigInteger(), nullable=False),
        sa.Column("moved_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint("let_in > 0", name=op.f("ck_code_use_let_in")),
        sa.ForeignKeyConstraint(
            ["center_id", "station_id"],
            ["place.center_id", "place.id"],
            name=op.f("fk_code_use_center_id_station_id"),
        ),
        sa.PrimaryKeyConstraint("center_id", "step", "station_id", name=op.f("pk_code_use")),
        sqlite_strict=True,
    )


def downgrade() -> None:
    op.drop_table("code_use")
