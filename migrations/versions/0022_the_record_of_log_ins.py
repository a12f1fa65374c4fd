"""The record of log-ins and their refusals."""

import sqlalchemy as sa
from alembic import op

from ledger.kernel.types import UtcDateTime

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

_TABLE = "login_attempt"
_CHECKS = {
    "outcome": "outcome IN ('logged_in', 'code_needed', 'wrong', 'too_many', 'no_password', 'not_here')",
    "credential": "credential IN ('password', 'slip', 'factor', 'recovery')",
    "kind": "kind IN ('browser', 'phone', 'device')",
}


def upgrade() -> None:
    op.create_table(
        _TABLE,
        sa.Column("center_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("identity_id", sa.BigInteger(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("outcome", "credential", "kind", "network")),
        sa.Column("at", UtcDateTime(), nullable=False),
        *(sa.CheckConstraint(rule, name=op.f(f"ck_{_TABLE}_{name}")) for name, rule in _CHECKS.items()),
        sa.ForeignKeyConstraint(
            ["center_id", "identity_id"],
            ["identity.center_id", "identity.id"],
            name=op.f(f"fk_{_TABLE}_center_id_identity_id"),
        ),
        sa.PrimaryKeyConstraint("center_id", "id", name=op.f(f"pk_{_TABLE}")),
        sqlite_strict=True,
    )
    for columns in (["identity_id", "at", "id"], ["outcome", "at", "id"], ["at", "id"]):
        name = f"ix_{_TABLE}_center_id_{'_'.join(columns)}"
        op.create_index(op.f(name), _TABLE, ["center_id", *columns])


def downgrade() -> None:
    op.drop_table(_TABLE)
