"""Second factors with their recovery codes, and when a log-in last proved who it is."""

import sqlalchemy as sa
from alembic import op

from ledger.kernel.types import UtcDateTime

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

_PROOFS = ("password_at", "factor_at")


def upgrade() -> None:
    for name in _PROOFS:
        op.add_column("login_session", sa.Column(name, UtcDateTime(), nullable=True))
    op.create_table(
        "second_factor",
        *_owner(),
        sa.Column("secret", sa.LargeBinary(), nullable=True),
        sa.Column("last_step", sa.BigInteger(), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("confirmed_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("ended_by", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("(ended_at IS NULL) = (secret IS NOT NULL)", name=op.f("ck_second_factor_secret")),
        sa.CheckConstraint("(ended_at IS NULL) = (ended_by IS NULL)", name=op.f("ck_second_factor_end")),
        _of_identity("second_factor"),
        sa.PrimaryKeyConstraint("center_id", "identity_id", name=op.f("pk_second_factor")),
        sqlite_strict=True,
    )
    op.create_table(
        "recovery_code",
        *_owner(),
        sa.Column("code_hash", sa.Text(), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("used_at", UtcDateTime(), nullable=True),
        _of_identity("recovery_code"),
        sa.PrimaryKeyConstraint("center_id", "identity_id", "code_hash", name=op.f("pk_recovery_code")),
        sqlite_strict=True,
    )


def downgrade() -> None:
    op.drop_table("recovery_code")
    op.drop_table("second_factor")
    for name in _PROOFS:
        op.drop_column("login_session", name)


def _owner() -> tuple[sa.Column[object], ...]:
    return (
        sa.Column("center_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("identity_id", sa.BigInteger(), autoincrement=False, nullable=False),
    )


def _of_identity(table: str) -> sa.ForeignKeyConstraint:
    there = ["identity.center_id", "identity.id"]
    return sa.ForeignKeyConstraint(["center_id", "identity_id"], there, name=op.f(f"fk_{table}_center_id_identity_id"))
