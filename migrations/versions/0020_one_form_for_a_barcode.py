"""A barcode has one form, and belongs to one good on a shelf; a good off the shelf frees its barcode.

Of several goods on a shelf with one barcode the oldest keeps it; the others have none, and are listed.
"""

import click
import sqlalchemy as sa
from alembic import op

from ledger.shop.scan_policy import classify

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

_ON_SHELF = sa.text("on_shelf AND barcode IS NOT NULL")
_item = sa.table(
    "item",
    *(sa.column(name, sa.BigInteger()) for name in ("center_id", "id", "shop_id")),
    *(sa.column(name, sa.Text()) for name in ("name", "spec", "barcode")),
    sa.column("on_shelf", sa.Boolean()),
)


def upgrade() -> None:
    _settle(op.get_bind())
    op.create_index(
        "uq_item_barcode",
        "item",
        ["center_id", "shop_id", "barcode"],
        unique=True,
        sqlite_where=_ON_SHELF,
        postgresql_where=_ON_SHELF,
    )


def downgrade() -> None:
    op.drop_index("uq_item_barcode", "item")


def _settle(connection: sa.Connection) -> None:
    """Give every barcode its form, oldest good first; a second one on a shelf loses it."""
    taken: dict[tuple[int, int, str], str] = {}
    goods = sa.select(_item).where(_item.c.barcode.is_not(None)).order_by(_item.c.id)
    for row in connection.execute(goods).all():
        barcode = classify(row.barcode).canonical or None
        place = (row.center_id, row.shop_id, barcode or "")
        if barcode is None or (row.on_shelf and place in taken):
            click.echo(
                f"{row.name} {row.spec} has no barcode now ({row.barcode}): {_reason(taken.get(place))}.", err=True
            )
            barcode = None
        elif row.on_shelf:
            taken[place] = f"{row.name} {row.spec}"
        if barcode != row.barcode:
            own = (_item.c.center_id == row.center_id, _item.c.id == row.id)
            connection.execute(sa.update(_item).where(*own).values(barcode=barcode))


def _reason(owner: str | None) -> str:
    return f"{owner} on the same shelf keeps it" if owner else "it pays money, and is no barcode of goods"
