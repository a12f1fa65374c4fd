"""What was done with credentials and roles, signals, the households of staff, and remarks about who decided."""

import sqlalchemy as sa
from alembic import op

from ledger.kernel.append_only import create_guards
from ledger.kernel.types import UtcDateTime

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_TABLE, _OLD, _LIVE, _LIVE_INDEX = "role_grant", "role_grant_old", sa.text("revoked_at IS NULL"), "uq_role_grant_live"
_COPIED = "center_id, id, identity_id, role, place_id, place_path, granted_by, granted_at, valid_until, revoked_at"
_ROLES = (
    "role IN ('admin', 'auditor', 'outside_auditor', 'station_manager', 'clerk', 'leader', 'unit_officer', "
    "'merchant', 'supervisor', 'observer')"
)
_CHECKS = {"ck_role_grant_role": _ROLES, "ck_role_grant_end": "role <> 'outside_auditor' OR valid_until IS NOT NULL"}
_HOUSEHOLD = {"ck_role_grant_household": "household_asked OR household_id IS NULL"}
_HOUSEHOLD_KEY = "fk_role_grant_center_id_household_id"


def upgrade() -> None:
    _make_credential_event()
    _make_signal()
    op.add_column("proposal_decision", sa.Column("remarks", sa.Text(), nullable=True))
    if op.get_bind().dialect.name == "sqlite":
        _make_anew(_CHECKS | _HOUSEHOLD, *_asked())
        return
    household, asked = _asked()
    asked.server_default = sa.DefaultClause(sa.false())
    for column in (household, asked):
        op.add_column(_TABLE, column)
    op.alter_column(_TABLE, "household_asked", server_default=None)
    for name, condition in _HOUSEHOLD.items():
        op.create_check_constraint(op.f(name), _TABLE, condition)
    op.create_foreign_key(op.f(_HOUSEHOLD_KEY), _TABLE, "household", ["center_id", "household_id"], ["center_id", "id"])


def downgrade() -> None:
    op.drop_table("signal")
    op.drop_table("credential_event")
    op.drop_column("proposal_decision", "remarks")
    if op.get_bind().dialect.name == "sqlite":
        _make_anew(_CHECKS)
        return
    op.drop_constraint(op.f(_HOUSEHOLD_KEY), _TABLE, type_="foreignkey")
    op.drop_constraint(op.f("ck_role_grant_household"), _TABLE, type_="check")
    op.drop_column(_TABLE, "household_asked")
    op.drop_column(_TABLE, "household_id")


def _asked() -> tuple[sa.Column[object], ...]:
    """The household of whoever holds the role; of earlier grants it was not asked."""
    asked = sa.Column("household_asked", sa.Boolean(), nullable=False)
    return sa.Column("household_id", sa.BigInteger(), nullable=True), asked


def _make_credential_event() -> None:
    op.create_table(
        "credential_event",
        sa.Column("center_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("identity_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("made_by", sa.BigInteger(), nullable=False),
        sa.Column("proposed_by", sa.BigInteger(), nullable=True),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["center_id", "identity_id"],
            ["identity.center_id", "identity.id"],
            name=op.f("fk_credential_event_center_id_identity_id"),
        ),
        sa.PrimaryKeyConstraint("center_id", "id", name=op.f("pk_credential_event")),
        sqlite_strict=True,
    )
    for columns in (["identity_id", "at", "id"], ["at", "id"], ["about"]):
        name = f"ix_credential_event_center_id_{'_'.join(columns)}"
        op.create_index(op.f(name), "credential_event", ["center_id", *columns])
    create_guards(op.get_bind(), ("credential_event",))


def _make_signal() -> None:
    op.create_table(
        "signal",
        sa.Column("center_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["center_id"], ["center.id"], name=op.f("fk_signal_center_id")),
        sa.PrimaryKeyConstraint("center_id", "id", name=op.f("pk_signal")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_signal_center_id_at_id"), "signal", ["center_id", "at", "id"])
    create_guards(op.get_bind(), ("signal",))


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
        sa.Column("valid_until", sa.Date(), nullable=True),
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
        *_to_household(*more),
        sa.PrimaryKeyConstraint("center_id", "id", name=op.f("pk_role_grant")),
        sqlite_strict=True,
    )
    into, values = (f"{_COPIED}, household_asked", f"{_COPIED}, 0") if more else (_COPIED, _COPIED)
    op.execute(f"INSERT INTO {_TABLE} ({into}) SELECT {values} FROM {_OLD}")  # noqa: S608 - names of this file
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


def _to_household(*more: sa.Column[object]) -> tuple[sa.ForeignKeyConstraint, ...]:
    if not more:
        return ()
    there = ["household.center_id", "household.id"]
    return (sa.ForeignKeyConstraint(["center_id", "household_id"], there, name=op.f(_HOUSEHOLD_KEY)),)
