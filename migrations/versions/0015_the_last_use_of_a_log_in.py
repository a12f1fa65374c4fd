"""The last use of a log-in, and whether it is a phone's; one that is open now counts as used when it was opened."""

import sqlalchemy as sa
from alembic import op

from ledger.kernel.types import UtcDateTime

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_TABLE, _OLD = "login_session", "login_session_old"
_COPIED = "center_id, token_hash, id, identity_id, kind, created_at, expires_at, revoked_at"
_INDEXED = ("identity_id", "expires_at")
_BEFORE = "kind IN ('browser', 'device')"
_KINDS = "kind IN ('browser', 'phone', 'device')"


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        _make_anew(_KINDS, sa.Column("used_at", UtcDateTime(), nullable=False), copied=("used_at", "created_at"))
        return
    op.add_column(_TABLE, sa.Column("used_at", UtcDateTime(), nullable=True))
    op.execute(f"UPDATE {_TABLE} SET used_at = created_at")  # noqa: S608 - names of this file
    op.alter_column(_TABLE, "used_at", nullable=False)
    _replace_check(_KINDS)


def downgrade() -> None:
    op.execute(f"UPDATE {_TABLE} SET kind = 'browser' WHERE kind = 'phone'")  # noqa: S608 - names of this file
    if op.get_bind().dialect.name == "sqlite":
        _make_anew(_BEFORE)
        return
    _replace_check(_BEFORE)
    op.drop_column(_TABLE, "used_at")


def _replace_check(condition: str) -> None:
    op.drop_constraint(op.f("ck_login_session_kind"), _TABLE, type_="check")
    op.create_check_constraint(op.f("ck_login_session_kind"), _TABLE, condition)


def _make_anew(kinds: str, *more: sa.Column[object], copied: tuple[str, str] | None = None) -> None:
    """SQLite can't add a column that must have a value. The table has no triggers, and nothing refers to it.

    `copied` names the new column and the old one it is filled from.
    """
    for column in _INDEXED:
        op.drop_index(op.f(f"ix_login_session_center_id_{column}"), _TABLE)
    op.rename_table(_TABLE, _OLD)
    op.create_table(
        _TABLE,
        sa.Column("center_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("identity_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        *more,
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("revoked_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint(kinds, name=op.f("ck_login_session_kind")),
        sa.ForeignKeyConstraint(
            ["center_id", "identity_id"],
            ["identity.center_id", "identity.id"],
            name=op.f("fk_login_session_center_id_identity_id"),
        ),
        sa.PrimaryKeyConstraint("center_id", "token_hash", name=op.f("pk_login_session")),
        sqlite_strict=True,
    )
    to, of = (f", {name}" for name in copied) if copied else ("", "")
    op.execute(f"INSERT INTO {_TABLE} ({_COPIED}{to}) SELECT {_COPIED}{of} FROM {_OLD}")  # noqa: S608 - as above
    op.drop_table(_OLD)
    for column in _INDEXED:
        op.create_index(op.f(f"ix_login_session_center_id_{column}"), _TABLE, ["center_id", column])
