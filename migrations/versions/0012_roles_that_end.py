"""Roles that end by themselves, and the roles of outside auditors, leaders, unit officers, merchants and others."""

import sqlalchemy as sa
from alembic import op

from ledger.kernel.types import UtcDateTime

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_TABLE, _OLD, _LIVE, _LIVE_INDEX = "role_grant", "role_grant_old", sa.text("revoked_at IS NULL"), "uq_role_grant_live"
_COPIED = "center_id, id, identity_id, role, place_id, place_path, granted_by, granted_at, revoked_at"
_BEFORE = "role IN ('admin', 'auditor', 'station_manager', 'clerk')"
_ROLES = (
    "role IN ('admin', 'auditor', 'outside_auditor', 'station_manager', 'clerk', 'leader', 'unit_officer', "
    "'merchant', 'supervisor', 'observer')"
)
_END = "role <> 'outside_auditor' OR valid_until IS NOT NULL"


def upgrade() -> None:
    checks = {"ck_role_grant_role": _ROLES, "ck_role_grant_end": _END}
    if op.get_bind().dialect.name == "sqlite":
        _make_anew(checks, sa.Column("valid_until", sa.Date(), nullable=True))
        return
    op.add_column(_TABLE, sa.Column("valid_until", sa.Date(), nullable=True))
    _replace_checks(["ck_role_grant_role"], checks)


def downgrade() -> None:
    op.execute(f"DELETE FROM {_TABLE} WHERE NOT ({_BEFORE})")  # noqa: S608 - names of this file
    checks = {"ck_role_grant_role": _BEFORE}
    if op.get_bind().dialect.name == "sqlite":
        _make_anew(checks)
        return
    _replace_checks(["ck_role_grant_role", "ck_role_grant_end"], checks)
    op.drop_column(_TABLE, "valid_until")


def _replace_checks(old: list[str], new: dict[str, str]) -> None:
    for name in old:
        op.drop_constraint(op.f(name), _TABLE, type_="check")
    for name, condition in new.items():
        op.create_check_constraint(op.f(name), _TABLE, condition)


def _make_anew(checks: dict[str, str], *more: sa.Column[object]) -> None:
    """SQLite can't change a CHECK, so the table is made anew. It has no triggers, and nothing refers to it."""
    for index in ("ix_role_grant_center_id_identity_id", _LIVE_INDEX):
        op.drop_index(index, _TABLE)
    op.rename_table(_TABLE, _OLD)
    op.create_table(
        _TABLE,
        sa.Column("center_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("identity_id", sa.BigInteger(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("place_id", sa.BigInteger(), nullable=False),
        sa.Column("place_path", sa.Text(), nullable=False),
        sa.Column("granted_by", sa.BigInteger(), nullable=False),
        sa.Column("granted_at", UtcDateTime(), nullable=False),
        *more,
        sa.Column("revoked_at", UtcDateTime(), nullable=True),
        *(sa.CheckConstraint(condition, name=op.f(name)) for name, condition in checks.items()),
        sa.ForeignKeyConstraint(
            ["center_id", "identity_id"],
            ["identity.center_id", "identity.id"],
            name=op.f("fk_role_grant_center_id_identity_id"),
        ),
        sa.ForeignKeyConstraint(
            ["center_id", "place_id"], ["place.center_id", "place.id"], name=op.f("fk_role_grant_center_id_place_id")
        ),
        sa.PrimaryKeyConstraint("center_id", "id", name=op.f("pk_role_grant")),
        sqlite_strict=True,
    )
    op.execute(f"INSERT INTO {_TABLE} ({_COPIED}) SELECT {_COPIED} FROM {_OLD}")  # noqa: S608 - names of this file
    op.drop_table(_OLD)
    op.create_index(op.f("ix_role_grant_center_id_identity_id"), _TABLE, ["center_id", "identity_id"])
    op.create_index(
        _LIVE_INDEX,
        _TABLE,
        ["center_id", "identity_id", "role", "place_id"],
        unique=True,
        sqlite_where=_LIVE,
        postgresql_where=_LIVE,
    )
