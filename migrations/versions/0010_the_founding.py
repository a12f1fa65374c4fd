"""What the database was founded as. One that has a center already is founded by whoever can read what it sealed."""

import sqlalchemy as sa
from alembic import op

from ledger.kernel import founding
from ledger.kernel.append_only import create_guards
from ledger.kernel.clocks import SystemClock
from ledger.kernel.migrations import who_migrates
from ledger.kernel.types import UtcDateTime

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

# The oldest of each: what a stranger sealed before this table could stop them came later.
SEALED = (
    ("identity.name", "SELECT name FROM identity ORDER BY id LIMIT 1"),
    ("seal_key.private_key", "SELECT private_key FROM seal_key WHERE private_key IS NOT NULL ORDER BY id LIMIT 1"),
)


def upgrade() -> None:
    table = op.create_table(
        "founding",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("founded_as", sa.Text(), nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("salt", sa.Text(), nullable=False),
        sa.Column("check_value", sa.Text(), nullable=False),
        sa.Column("founded_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_founding_only_one")),
        sa.CheckConstraint(
            "founded_as IN ('development', 'production', 'demonstration')", name=op.f("ck_founding_founded_as")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_founding")),
        sqlite_strict=True,
    )
    connection = op.get_bind()
    demonstrations = connection.exec_driver_sql("SELECT is_demonstration FROM center").scalars().all()
    if demonstrations:
        here = who_migrates()
        for label, query in SEALED:
            sealed = connection.exec_driver_sql(query).scalar()
            if sealed is not None:
                founding.refuse_unopened(here, bytes(sealed), label=label)
        row = founding.make_row(here, demonstration=any(demonstrations), now=SystemClock().now())
        connection.execute(sa.insert(table), row)
        founding.refuse_stranger(connection, here)
    create_guards(connection, ("founding",))


def downgrade() -> None:
    op.drop_table("founding")
