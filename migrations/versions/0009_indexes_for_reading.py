"""Indexes for lists that walked through all rows of a center, and for jobs that walked through all rows."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_EXPIRING, _HOLDS = "ix_transfer_expiring", "expires_at IS NOT NULL"
INDEXES = (
    ("account", ("center_id", "opened_at", "id")),
    ("account", ("center_id", "kind", "opened_at", "id")),
    ("account", ("center_id", "unit", "opened_at", "id")),
    ("account", ("center_id", "unit", "kind", "opened_at", "id")),
    ("activation_code", ("expires_at",)),
    ("activity", ("center_id", "created_at")),
    ("activity", ("center_id", "status", "created_at")),
    ("attendance", ("center_id", "opened_at")),
    ("attendance", ("center_id", "station_id", "opened_at")),
    ("idempotency", ("center_id", "created_at")),
    ("job_run", ("ran_at",)),
    ("login_session", ("expires_at",)),
    ("membership", ("center_id", "volunteer_id", "team_id")),
    ("proposal", ("center_id", "status", "proposed_at", "id")),
    ("rate_limit", ("expires_at",)),
    ("redemption", ("center_id", "created_at")),
    ("redemption", ("center_id", "payer_code_id")),
    ("redemption", ("center_id", "shop_id", "status", "created_at")),
    ("volunteer", ("center_id", "registered_at")),
    ("volunteer", ("center_id", "status", "number", "id")),
)
PARTIAL = (
    ("ix_account_holding", "account", ("center_id", "kind"), "debits_pending > 0"),
    ("ix_outbox_sent", "outbox", ("center_id", "sent_at"), "sent_at IS NOT NULL"),
    ("ix_payer_code_unused", "payer_code", ("center_id", "expires_at"), "redemption_id IS NULL"),
    (_EXPIRING, "transfer", ("center_id", "debit_account_id", "expires_at"), _HOLDS),
)


def create_partial_index(name: str, table: str, columns: tuple[str, ...], condition: str) -> None:
    op.create_index(name, table, columns, sqlite_where=sa.text(condition), postgresql_where=sa.text(condition))


def upgrade() -> None:
    op.drop_index(_EXPIRING, "transfer")
    op.drop_index(op.f("ix_payer_code_center_id_expires_at"), "payer_code")
    for table, columns in INDEXES:
        op.create_index(op.f(f"ix_{table}_{'_'.join(columns)}"), table, columns)
    for index in PARTIAL:
        create_partial_index(*index)
    op.drop_index(op.f("ix_membership_center_id_volunteer_id"), "membership")


def downgrade() -> None:
    for name, table, _, _ in PARTIAL:
        op.drop_index(name, table)
    op.create_index(op.f("ix_payer_code_center_id_expires_at"), "payer_code", ["center_id", "expires_at"])
    create_partial_index(_EXPIRING, "transfer", ("center_id", "expires_at"), _HOLDS)
    op.create_index(op.f("ix_membership_center_id_volunteer_id"), "membership", ["center_id", "volunteer_id"])
    for table, columns in INDEXES:
        op.drop_index(op.f(f"ix_{table}_{'_'.join(columns)}"), table)
