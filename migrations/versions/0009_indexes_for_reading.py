"""Indexes for lists that walked through all rows of a center."""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

INDEXES = (
    ("account", ("center_id", "opened_at", "id")),
    ("account", ("center_id", "kind", "opened_at", "id")),
    ("account", ("center_id", "unit", "opened_at", "id")),
    ("activity", ("center_id", "created_at")),
    ("activity", ("center_id", "status", "created_at")),
    ("attendance", ("center_id", "opened_at")),
    ("attendance", ("center_id", "station_id", "opened_at")),
    ("membership", ("center_id", "volunteer_id", "team_id")),
    ("proposal", ("center_id", "status", "proposed_at", "id")),
    ("redemption", ("center_id", "created_at")),
    ("volunteer", ("center_id", "registered_at")),
    ("volunteer", ("center_id", "status", "number", "id")),
)


def upgrade() -> None:
    for table, columns in INDEXES:
        op.create_index(op.f(f"ix_{table}_{'_'.join(columns)}"), table, columns)
    op.drop_index(op.f("ix_membership_center_id_volunteer_id"), "membership")


def downgrade() -> None:
    op.create_index(op.f("ix_membership_center_id_volunteer_id"), "membership", ["center_id", "volunteer_id"])
    for table, columns in INDEXES:
        op.drop_index(op.f(f"ix_{table}_{'_'.join(columns)}"), table)
