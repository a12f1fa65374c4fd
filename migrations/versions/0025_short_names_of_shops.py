"""Every shop has a short name for its receipts, one of its own in the center; gaps that a restore left are recorded."""

import sqlalchemy as sa
from alembic import op

from ledger.kernel.append_only import create_guards
from ledger.kernel.types import UtcDateTime
from ledger.shop.policy import new_short_name
from ledger.shop.shelf import initials

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

_shop = sa.table(
    "shop",
    *(sa.column(name, sa.BigInteger()) for name in ("center_id", "id")),
    *(sa.column(name, sa.Text()) for name in ("name", "short_name")),
)


def upgrade() -> None:
    op.add_column("shop", sa.Column("short_name", sa.Text(), nullable=False, server_default=""))
    _name(op.get_bind())
    op.create_index("uq_shop_short_name", "shop", ["center_id", "short_name"], unique=True)
    op.create_table(
        "receipt_gap",
        *(
            sa.Column(name, sa.BigInteger(), autoincrement=False, nullable=False)
            for name in ("center_id", "shop_id", "year", "first")
        ),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("recorded_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("first > 0 AND first <= last", name=op.f("ck_receipt_gap_order")),
        sa.ForeignKeyConstraint(
            ["center_id", "shop_id"], ["shop.center_id", "shop.id"], name=op.f("fk_receipt_gap_center_id_shop_id")
        ),
        sa.PrimaryKeyConstraint("center_id", "shop_id", "year", "first", name=op.f("pk_receipt_gap")),
        sqlite_strict=True,
    )
    create_guards(op.get_bind(), ["receipt_gap"])


def downgrade() -> None:
    op.drop_table("receipt_gap")
    op.drop_index("uq_shop_short_name", "shop")
    op.drop_column("shop", "short_name")


def _name(connection: sa.Connection) -> None:
    """Give every shop its short name, the oldest first."""
    taken: dict[int, set[str]] = {}
    for row in connection.execute(sa.select(_shop).order_by(_shop.c.id)).all():
        names = taken.setdefault(row.center_id, set())
        short = new_short_name(initials(row.name), names)
        names.add(short)
        own = (_shop.c.center_id == row.center_id, _shop.c.id == row.id)
        connection.execute(sa.update(_shop).where(*own).values(short_name=short))
