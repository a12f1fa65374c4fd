"""The first schema: ledger, check-in, shop, people; facts are append only by trigger."""

import sqlalchemy as sa
from alembic import op

from ledger.kernel.append_only import create_guards
from ledger.kernel.types import UtcDateTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "activation_code",
        sa.Column("code_hash", sa.Text(), nullable=False),
        sa.Column("identity_id", sa.BigInteger(), nullable=False),
        sa.Column("made_by", sa.BigInteger(), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("used_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("code_hash", name=op.f("pk_activation_code")),
        sqlite_strict=True,
    )
    with op.batch_alter_table("activation_code", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_activation_code_identity_id"), ["identity_id"], unique=False)

    op.create_table(
        "center",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("is_demonstration", sa.Boolean(), nullable=False),
        sa.Column("next_volunteer_number", sa.BigInteger(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_center")),
        sqlite_strict=True,
    )
    op.create_table(
        "idempotency",
        sa.Column("center_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("request_hash", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("center_id", "scope", "key", name=op.f("pk_idempotency")),
        sqlite_strict=True,
    )
    op.create_table(
        "identity",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sa.LargeBinary(), nullable=False),
        sa.Column("name_index", sa.Text(), nullable=False),
        sa.Column("phone", sa.LargeBinary(), nullable=True),
        sa.Column("gender", sa.LargeBinary(), nullable=True),
        sa.Column("id_last4", sa.LargeBinary(), nullable=True),
        sa.Column("password_hash", sa.Text(), nullable=True),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("large_type", sa.Boolean(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identity")),
        sqlite_strict=True,
    )
    with op.batch_alter_table("identity", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_identity_name_index"), ["name_index"], unique=False)

    op.create_table(
        "identity_phone",
        sa.Column("phone_index", sa.Text(), nullable=False),
        sa.Column("identity_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("phone_index", name=op.f("pk_identity_phone")),
        sqlite_strict=True,
    )
    op.create_table(
        "job_run",
        sa.Column("job", sa.Text(), nullable=False),
        sa.Column("slot", sa.Text(), nullable=False),
        sa.Column("ran_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("job", "slot", name=op.f("pk_job_run")),
        sqlite_strict=True,
    )
    op.create_table(
        "login_session",
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("identity_id", sa.BigInteger(), nullable=False),
        sa.Column("center_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("revoked_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint("kind IN ('browser', 'device')", name=op.f("ck_login_session_kind")),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_login_session")),
        sqlite_strict=True,
    )
    with op.batch_alter_table("login_session", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_login_session_identity_id"), ["identity_id"], unique=False)

    op.create_table(
        "rate_limit",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("hits", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_rate_limit")),
        sqlite_strict=True,
    )
    op.create_table(
        "scan_event",
        sa.Column("center_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("client_scan_id", sa.Text(), nullable=False),
        sa.Column("request_hash", sa.Text(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("intent", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("station_id", sa.BigInteger(), nullable=True),
        sa.Column("volunteer_id", sa.BigInteger(), nullable=True),
        sa.Column("card_id", sa.BigInteger(), nullable=True),
        sa.Column("attendance_id", sa.BigInteger(), nullable=True),
        sa.Column("scanned_by", sa.BigInteger(), nullable=False),
        sa.Column("scanned_at", UtcDateTime(), nullable=False),
        sa.Column("received_at", UtcDateTime(), nullable=False),
        sa.Column("entry_nonce", sa.Text(), nullable=True),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.CheckConstraint("method IN ('screen', 'paper', 'card', 'number')", name=op.f("ck_scan_event_method")),
        sa.PrimaryKeyConstraint("center_id", "id", name=op.f("pk_scan_event")),
        sa.UniqueConstraint("center_id", "entry_nonce", name=op.f("uq_scan_event_center_id_entry_nonce")),
        sa.UniqueConstraint(
            "center_id", "origin", "client_scan_id", name=op.f("uq_scan_event_center_id_origin_client_scan_id")
        ),
        sqlite_strict=True,
    )
    with op.batch_alter_table("scan_event", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_scan_event_center_id_station_id_received_at"),
            ["center_id", "station_id", "received_at"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_scan_event_center_id_volunteer_id_received_at"),
            ["center_id", "volunteer_id", "received_at"],
            unique=False,
        )

    op.create_table(
        "batch",
        sa.Column("center_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("source_type", sa.Text(), nullable=False),
        sa.Column("source_ref", sa.Text(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("effective_at", UtcDateTime(), nullable=False),
        sa.Column("recorded_at", UtcDateTime(), nullable=False),
        sa.Column("actor_id", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("evidence_hash", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["center_id"], ["center.id"], name=op.f("fk_batch_center_id")),
        sa.PrimaryKeyConstraint("center_id", "id", name=op.f("pk_batch")),
        sa.UniqueConstraint(
            "center_id",
            "source_type",
            "source_ref",
            "step",
            name=op.f("uq_batch_center_id_source_type_source_ref_step"),
        ),
        sqlite_strict=True,
    )
    with op.batch_alter_table("batch", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_batch_center_id_recorded_at_id"), ["center_id", "recorded_at", "id"], unique=False
        )

    op.create_table(
        "place",
        sa.Column("center_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("parent_id", sa.BigInteger(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("latitude", sa.Float(), nullable=True),
        sa.Column("longitude", sa.Float(), nullable=True),
        sa.Column("code_version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("closed_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint("kind IN ('center', 'institute', 'station')", name=op.f("ck_place_kind")),
        sa.ForeignKeyConstraint(
            ["center_id", "parent_id"], ["place.center_id", "place.id"], name=op.f("fk_place_center_id_parent_id")
        ),
        sa.ForeignKeyConstraint(["center_id"], ["center.id"], name=op.f("fk_place_center_id")),
        sa.PrimaryKeyConstraint("center_id", "id", name=op.f("pk_place")),
        sa.UniqueConstraint("center_id", "parent_id", "name", name=op.f("uq_place_center_id_parent_id_name")),
        sa.UniqueConstraint("center_id", "path", name=op.f("uq_place_center_id_path")),
        sqlite_strict=True,
    )
    op.create_table(
        "rule_version",
        sa.Column("center_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("effective_from", UtcDateTime(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("made_by", sa.BigInteger(), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["center_id"], ["center.id"], name=op.f("fk_rule_version_center_id")),
        sa.PrimaryKeyConstraint("center_id", "id", name=op.f("pk_rule_version")),
        sa.UniqueConstraint("center_id", "number", name=op.f("uq_rule_version_center_id_number")),
        sqlite_strict=True,
    )
    op.create_table(
        "unit",
        sa.Column("center_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("scale", sa.BigInteger(), nullable=False),
        sa.Column("in_lots", sa.Boolean(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("scale BETWEEN 0 AND 6", name=op.f("ck_unit_scale")),
        sa.ForeignKeyConstraint(["center_id"], ["center.id"], name=op.f("fk_unit_center_id")),
        sa.PrimaryKeyConstraint("center_id", "code", name=op.f("pk_unit")),
        sqlite_strict=True,
    )
    op.create_table(
        "account",
        sa.Column("center_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("owner_id", sa.BigInteger(), nullable=False),
        sa.Column("counted", sa.Boolean(), nullable=False),
        sa.Column("in_lots", sa.Boolean(), nullable=False),
        sa.Column("overdraft", sa.Boolean(), nullable=False),
        sa.Column("debits_pending", sa.BigInteger(), nullable=False),
        sa.Column("debits_posted", sa.BigInteger(), nullable=False),
        sa.Column("credits_pending", sa.BigInteger(), nullable=False),
        sa.Column("credits_posted", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("last_recorded_at", UtcDateTime(), nullable=True),
        sa.Column("opened_at", UtcDateTime(), nullable=False),
        sa.Column("closed_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint(
            "counted OR (version = 0 AND debits_pending = 0 AND debits_posted = 0"
            " AND credits_pending = 0 AND credits_posted = 0)",
            name=op.f("ck_account_folded_keeps_no_counters"),
        ),
        sa.CheckConstraint(
            "debits_pending >= 0 AND debits_posted >= 0 AND credits_pending >= 0 AND credits_posted >= 0",
            name=op.f("ck_account_counters"),
        ),
        sa.CheckConstraint("counted OR NOT in_lots", name=op.f("ck_account_lots_are_counted")),
        sa.CheckConstraint(
            "kind <> 'debt' OR credits_posted + credits_pending <= debits_posted",
            name=op.f("ck_account_debt_is_never_above_zero"),
        ),
        sa.CheckConstraint(
            "overdraft OR credits_posted - debits_posted - debits_pending >= 0", name=op.f("ck_account_not_below_zero")
        ),
        sa.ForeignKeyConstraint(
            ["center_id", "unit"], ["unit.center_id", "unit.code"], name=op.f("fk_account_center_id_unit")
        ),
        sa.PrimaryKeyConstraint("center_id", "id", name=op.f("pk_account")),
        sa.UniqueConstraint("center_id", "id", "unit", name=op.f("uq_account_center_id_id_unit")),
        sa.UniqueConstraint(
            "center_id", "unit", "kind", "owner_id", name=op.f("uq_account_center_id_unit_kind_owner_id")
        ),
        sqlite_strict=True,
    )
    with op.batch_alter_table("account", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_account_center_id_owner_id"), ["center_id", "owner_id"], unique=False)

    op.create_table(
        "import_draft",
        sa.Column("center_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("place_id", sa.BigInteger(), nullable=True),
        sa.Column("make_teams", sa.Boolean(), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("lines", sa.LargeBinary(), nullable=False),
        sa.Column("made_by", sa.BigInteger(), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["center_id", "place_id"], ["place.center_id", "place.id"], name=op.f("fk_import_draft_center_id_place_id")
        ),
        sa.PrimaryKeyConstraint("center_id", "id", name=op.f("pk_import_draft")),
        sqlite_strict=True,
    )
    op.create_table(
        "role_grant",
        sa.Column("center_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("identity_id", sa.BigInteger(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("place_id", sa.BigInteger(), nullable=False),
        sa.Column("place_path", sa.Text(), nullable=False),
        sa.Column("granted_by", sa.BigInteger(), nullable=False),
        sa.Column("granted_at", UtcDateTime(), nullable=False),
        sa.Column("revoked_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint("role IN ('admin', 'auditor', 'station_manager', 'clerk')", name=op.f("ck_role_grant_role")),
        sa.ForeignKeyConstraint(
            ["center_id", "place_id"], ["place.center_id", "place.id"], name=op.f("fk_role_grant_center_id_place_id")
        ),
        sa.PrimaryKeyConstraint("center_id", "id", name=op.f("pk_role_grant")),
        sqlite_strict=True,
    )
    with op.batch_alter_table("role_grant", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_role_grant_center_id_identity_id"), ["center_id", "identity_id"], unique=False
        )
        batch_op.create_index(
            "uq_role_grant_live",
            ["center_id", "identity_id", "role", "place_id"],
            unique=True,
            sqlite_where=sa.text("revoked_at IS NULL"),
            postgresql_where=sa.text("revoked_at IS NULL"),
        )

    op.create_table(
        "shop",
        sa.Column("center_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("place_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("opened_at", UtcDateTime(), nullable=False),
        sa.Column("closed_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["center_id", "place_id"], ["place.center_id", "place.id"], name=op.f("fk_shop_center_id_place_id")
        ),
        sa.PrimaryKeyConstraint("center_id", "id", name=op.f("pk_shop")),
        sqlite_strict=True,
    )
    op.create_table(
        "team",
        sa.Column("center_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("place_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["center_id", "place_id"], ["place.center_id", "place.id"], name=op.f("fk_team_center_id_place_id")
        ),
        sa.PrimaryKeyConstraint("center_id", "id", name=op.f("pk_team")),
        sa.UniqueConstraint("center_id", "place_id", "name", name=op.f("uq_team_center_id_place_id_name")),
        sqlite_strict=True,
    )
    op.create_table(
        "volunteer",
        sa.Column("center_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("identity_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("place_id", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("registered_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("status IN ('active', 'blocked')", name=op.f("ck_volunteer_status")),
        sa.ForeignKeyConstraint(
            ["center_id", "place_id"], ["place.center_id", "place.id"], name=op.f("fk_volunteer_center_id_place_id")
        ),
        sa.ForeignKeyConstraint(["center_id"], ["center.id"], name=op.f("fk_volunteer_center_id")),
        sa.PrimaryKeyConstraint("center_id", "id", name=op.f("pk_volunteer")),
        sa.UniqueConstraint("center_id", "identity_id", name=op.f("uq_volunteer_center_id_identity_id")),
        sa.UniqueConstraint("center_id", "number", name=op.f("uq_volunteer_center_id_number")),
        sqlite_strict=True,
    )
    with op.batch_alter_table("volunteer", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_volunteer_center_id_place_id"), ["center_id", "place_id"], unique=False)

    op.create_table(
        "activity",
        sa.Column("center_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("place_id", sa.BigInteger(), nullable=False),
        sa.Column("team_id", sa.BigInteger(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("created_by", sa.BigInteger(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("status IN ('draft', 'approved', 'cancelled')", name=op.f("ck_activity_status")),
        sa.ForeignKeyConstraint(
            ["center_id", "place_id"], ["place.center_id", "place.id"], name=op.f("fk_activity_center_id_place_id")
        ),
        sa.ForeignKeyConstraint(
            ["center_id", "team_id"], ["team.center_id", "team.id"], name=op.f("fk_activity_center_id_team_id")
        ),
        sa.PrimaryKeyConstraint("center_id", "id", name=op.f("pk_activity")),
        sqlite_strict=True,
    )
    op.create_table(
        "card",
        sa.Column("center_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("volunteer_id", sa.BigInteger(), nullable=False),
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("issued_by", sa.BigInteger(), nullable=False),
        sa.Column("issued_at", UtcDateTime(), nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=True),
        sa.Column("revoked_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["center_id", "volunteer_id"],
            ["volunteer.center_id", "volunteer.id"],
            name=op.f("fk_card_center_id_volunteer_id"),
        ),
        sa.PrimaryKeyConstraint("center_id", "id", name=op.f("pk_card")),
        sa.UniqueConstraint("center_id", "token_hash", name=op.f("uq_card_center_id_token_hash")),
        sqlite_strict=True,
    )
    with op.batch_alter_table("card", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_card_center_id_volunteer_id"), ["center_id", "volunteer_id"], unique=False)

    op.create_table(
        "goods_in",
        sa.Column("center_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("supplier", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("received_at", UtcDateTime(), nullable=False),
        sa.Column("received_by", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("origin IN ('bought', 'donated', 'scrap')", name=op.f("ck_goods_in_origin")),
        sa.ForeignKeyConstraint(
            ["center_id", "shop_id"], ["shop.center_id", "shop.id"], name=op.f("fk_goods_in_center_id_shop_id")
        ),
        sa.PrimaryKeyConstraint("center_id", "id", name=op.f("pk_goods_in")),
        sqlite_strict=True,
    )
    with op.batch_alter_table("goods_in", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_goods_in_center_id_shop_id_received_at"),
            ["center_id", "shop_id", "received_at"],
            unique=False,
        )

    op.create_table(
        "item",
        sa.Column("center_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("spec", sa.Text(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("initials", sa.Text(), nullable=False),
        sa.Column("barcode", sa.Text(), nullable=True),
        sa.Column("low_stock", sa.BigInteger(), nullable=False),
        sa.Column("on_shelf", sa.Boolean(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["center_id", "shop_id"], ["shop.center_id", "shop.id"], name=op.f("fk_item_center_id_shop_id")
        ),
        sa.ForeignKeyConstraint(
            ["center_id", "unit"], ["unit.center_id", "unit.code"], name=op.f("fk_item_center_id_unit")
        ),
        sa.PrimaryKeyConstraint("center_id", "id", name=op.f("pk_item")),
        sa.UniqueConstraint("center_id", "shop_id", "name", "spec", name=op.f("uq_item_center_id_shop_id_name_spec")),
        sqlite_strict=True,
    )
    op.create_table(
        "membership",
        sa.Column("center_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("team_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("volunteer_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("joined_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["center_id", "team_id"], ["team.center_id", "team.id"], name=op.f("fk_membership_center_id_team_id")
        ),
        sa.ForeignKeyConstraint(
            ["center_id", "volunteer_id"],
            ["volunteer.center_id", "volunteer.id"],
            name=op.f("fk_membership_center_id_volunteer_id"),
        ),
        sa.PrimaryKeyConstraint("center_id", "team_id", "volunteer_id", name=op.f("pk_membership")),
        sqlite_strict=True,
    )
    with op.batch_alter_table("membership", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_membership_center_id_volunteer_id"), ["center_id", "volunteer_id"], unique=False
        )

    op.create_table(
        "payer_code",
        sa.Column("center_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("volunteer_id", sa.BigInteger(), nullable=False),
        sa.Column("code_hash", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("issued_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("redemption_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("status IN ('ISSUED', 'BOUND', 'CONSUMED', 'BURNED')", name=op.f("ck_payer_code_status")),
        sa.ForeignKeyConstraint(
            ["center_id", "volunteer_id"],
            ["volunteer.center_id", "volunteer.id"],
            name=op.f("fk_payer_code_center_id_volunteer_id"),
        ),
        sa.PrimaryKeyConstraint("center_id", "id", name=op.f("pk_payer_code")),
        sa.UniqueConstraint("center_id", "code_hash", name=op.f("uq_payer_code_center_id_code_hash")),
        sqlite_strict=True,
    )
    with op.batch_alter_table("payer_code", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_payer_code_center_id_expires_at"), ["center_id", "expires_at"], unique=False
        )

    op.create_table(
        "receipt_counter",
        sa.Column("center_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("shop_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("year", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("last_number", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["center_id", "shop_id"], ["shop.center_id", "shop.id"], name=op.f("fk_receipt_counter_center_id_shop_id")
        ),
        sa.PrimaryKeyConstraint("center_id", "shop_id", "year", name=op.f("pk_receipt_counter")),
        sqlite_strict=True,
    )
    op.create_table(
        "transfer",
        sa.Column("center_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("batch_id", sa.BigInteger(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("debit_account_id", sa.BigInteger(), nullable=False),
        sa.Column("credit_account_id", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("pending_id", sa.BigInteger(), nullable=True),
        sa.Column("reverses_id", sa.BigInteger(), nullable=True),
        sa.Column("refund_of", sa.BigInteger(), nullable=True),
        sa.Column("expires_at", UtcDateTime(), nullable=True),
        sa.Column("debit_version", sa.BigInteger(), nullable=True),
        sa.Column("debit_balance_after", sa.BigInteger(), nullable=True),
        sa.Column("debit_held_after", sa.BigInteger(), nullable=True),
        sa.Column("credit_version", sa.BigInteger(), nullable=True),
        sa.Column("credit_balance_after", sa.BigInteger(), nullable=True),
        sa.Column("credit_held_after", sa.BigInteger(), nullable=True),
        sa.Column("recorded_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("(kind = 'pending') = (expires_at IS NOT NULL)", name=op.f("ck_transfer_pending_expires")),
        sa.CheckConstraint(
            "(kind IN ('post', 'void', 'expire')) = (pending_id IS NOT NULL)", name=op.f("ck_transfer_resolves")
        ),
        sa.CheckConstraint("kind IN ('posted', 'pending', 'post', 'void', 'expire')", name=op.f("ck_transfer_kind")),
        sa.CheckConstraint(
            "(credit_version IS NULL) = (credit_balance_after IS NULL)", name=op.f("ck_transfer_credit_side")
        ),
        sa.CheckConstraint(
            "(debit_version IS NULL) = (debit_balance_after IS NULL)", name=op.f("ck_transfer_debit_side")
        ),
        sa.CheckConstraint("amount > 0", name=op.f("ck_transfer_amount")),
        sa.CheckConstraint("debit_account_id <> credit_account_id", name=op.f("ck_transfer_two_accounts")),
        sa.ForeignKeyConstraint(
            ["center_id", "batch_id"], ["batch.center_id", "batch.id"], name=op.f("fk_transfer_center_id_batch_id")
        ),
        sa.ForeignKeyConstraint(
            ["center_id", "credit_account_id", "unit"],
            ["account.center_id", "account.id", "account.unit"],
            name=op.f("fk_transfer_center_id_credit_account_id_unit"),
        ),
        sa.ForeignKeyConstraint(
            ["center_id", "debit_account_id", "unit"],
            ["account.center_id", "account.id", "account.unit"],
            name=op.f("fk_transfer_center_id_debit_account_id_unit"),
        ),
        sa.ForeignKeyConstraint(
            ["center_id", "pending_id"],
            ["transfer.center_id", "transfer.id"],
            name=op.f("fk_transfer_center_id_pending_id"),
        ),
        sa.ForeignKeyConstraint(
            ["center_id", "refund_of"],
            ["transfer.center_id", "transfer.id"],
            name=op.f("fk_transfer_center_id_refund_of"),
        ),
        sa.ForeignKeyConstraint(
            ["center_id", "reverses_id"],
            ["transfer.center_id", "transfer.id"],
            name=op.f("fk_transfer_center_id_reverses_id"),
        ),
        sa.PrimaryKeyConstraint("center_id", "id", name=op.f("pk_transfer")),
        sa.UniqueConstraint(
            "center_id",
            "credit_account_id",
            "credit_version",
            name=op.f("uq_transfer_center_id_credit_account_id_credit_version"),
        ),
        sa.UniqueConstraint(
            "center_id",
            "debit_account_id",
            "debit_version",
            name=op.f("uq_transfer_center_id_debit_account_id_debit_version"),
        ),
        sa.UniqueConstraint("center_id", "pending_id", name=op.f("uq_transfer_center_id_pending_id")),
        sa.UniqueConstraint("center_id", "reverses_id", name=op.f("uq_transfer_center_id_reverses_id")),
        sqlite_strict=True,
    )
    with op.batch_alter_table("transfer", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_transfer_center_id_batch_id"), ["center_id", "batch_id"], unique=False)
        batch_op.create_index(
            "ix_transfer_credit_side", ["center_id", "credit_account_id", "recorded_at", "kind", "amount"], unique=False
        )
        batch_op.create_index(
            "ix_transfer_debit_side", ["center_id", "debit_account_id", "recorded_at", "kind", "amount"], unique=False
        )
        batch_op.create_index(
            "ix_transfer_expiring",
            ["center_id", "expires_at"],
            unique=False,
            sqlite_where=sa.text("expires_at IS NOT NULL"),
            postgresql_where=sa.text("expires_at IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_transfer_refund_of",
            ["center_id", "refund_of"],
            unique=False,
            sqlite_where=sa.text("refund_of IS NOT NULL"),
            postgresql_where=sa.text("refund_of IS NOT NULL"),
        )

    op.create_table(
        "goods_in_line",
        sa.Column("center_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("goods_in_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("item_id", sa.BigInteger(), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("batch", sa.Text(), nullable=False),
        sa.Column("best_before", sa.Date(), nullable=True),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_goods_in_line_quantity")),
        sa.ForeignKeyConstraint(
            ["center_id", "goods_in_id"],
            ["goods_in.center_id", "goods_in.id"],
            name=op.f("fk_goods_in_line_center_id_goods_in_id"),
        ),
        sa.ForeignKeyConstraint(
            ["center_id", "item_id"], ["item.center_id", "item.id"], name=op.f("fk_goods_in_line_center_id_item_id")
        ),
        sa.PrimaryKeyConstraint("center_id", "goods_in_id", "position", name=op.f("pk_goods_in_line")),
        sqlite_strict=True,
    )
    op.create_table(
        "item_price",
        sa.Column("center_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("item_id", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("set_by", sa.BigInteger(), nullable=False),
        sa.Column("set_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("points > 0", name=op.f("ck_item_price_points")),
        sa.ForeignKeyConstraint(
            ["center_id", "item_id"], ["item.center_id", "item.id"], name=op.f("fk_item_price_center_id_item_id")
        ),
        sa.PrimaryKeyConstraint("center_id", "id", name=op.f("pk_item_price")),
        sa.UniqueConstraint("center_id", "item_id", "version", name=op.f("uq_item_price_center_id_item_id_version")),
        sqlite_strict=True,
    )
    op.create_table(
        "redemption",
        sa.Column("center_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("volunteer_id", sa.BigInteger(), nullable=False),
        sa.Column("payer_code_id", sa.BigInteger(), nullable=False),
        sa.Column("clerk_id", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("bound_until", UtcDateTime(), nullable=False),
        sa.Column("held_until", UtcDateTime(), nullable=True),
        sa.Column("confirmed_at", UtcDateTime(), nullable=True),
        sa.Column("receipt_year", sa.BigInteger(), nullable=True),
        sa.Column("receipt_number", sa.BigInteger(), nullable=True),
        sa.Column("balance_after", sa.BigInteger(), nullable=True),
        sa.Column("voided_at", UtcDateTime(), nullable=True),
        sa.Column("voided_by", sa.BigInteger(), nullable=True),
        sa.Column("void_reason", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "status IN ('CART', 'HELD', 'CONFIRMED', 'VOIDED', 'RELEASED')", name=op.f("ck_redemption_status")
        ),
        sa.CheckConstraint("(receipt_number IS NULL) = (confirmed_at IS NULL)", name=op.f("ck_redemption_receipt")),
        sa.ForeignKeyConstraint(
            ["center_id", "payer_code_id"],
            ["payer_code.center_id", "payer_code.id"],
            name=op.f("fk_redemption_center_id_payer_code_id"),
        ),
        sa.ForeignKeyConstraint(
            ["center_id", "shop_id"], ["shop.center_id", "shop.id"], name=op.f("fk_redemption_center_id_shop_id")
        ),
        sa.ForeignKeyConstraint(
            ["center_id", "volunteer_id"],
            ["volunteer.center_id", "volunteer.id"],
            name=op.f("fk_redemption_center_id_volunteer_id"),
        ),
        sa.PrimaryKeyConstraint("center_id", "id", name=op.f("pk_redemption")),
        sa.UniqueConstraint(
            "center_id",
            "shop_id",
            "receipt_year",
            "receipt_number",
            name=op.f("uq_redemption_center_id_shop_id_receipt_year_receipt_number"),
        ),
        sqlite_strict=True,
    )
    with op.batch_alter_table("redemption", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_redemption_center_id_shop_id_created_at"),
            ["center_id", "shop_id", "created_at"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_redemption_center_id_status_created_at"), ["center_id", "status", "created_at"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_redemption_center_id_volunteer_id_created_at"),
            ["center_id", "volunteer_id", "created_at"],
            unique=False,
        )

    op.create_table(
        "shift",
        sa.Column("center_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("activity_id", sa.BigInteger(), nullable=False),
        sa.Column("station_id", sa.BigInteger(), nullable=False),
        sa.Column("starts_at", UtcDateTime(), nullable=False),
        sa.Column("ends_at", UtcDateTime(), nullable=False),
        sa.Column("capacity", sa.BigInteger(), nullable=True),
        sa.Column("walk_in", sa.Boolean(), nullable=False),
        sa.Column("cancelled_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint("capacity IS NULL OR capacity > 0", name=op.f("ck_shift_capacity")),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("ck_shift_order")),
        sa.ForeignKeyConstraint(
            ["center_id", "activity_id"],
            ["activity.center_id", "activity.id"],
            name=op.f("fk_shift_center_id_activity_id"),
        ),
        sa.ForeignKeyConstraint(
            ["center_id", "station_id"], ["place.center_id", "place.id"], name=op.f("fk_shift_center_id_station_id")
        ),
        sa.PrimaryKeyConstraint("center_id", "id", name=op.f("pk_shift")),
        sqlite_strict=True,
    )
    with op.batch_alter_table("shift", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_shift_center_id_activity_id_starts_at"),
            ["center_id", "activity_id", "starts_at"],
            unique=False,
        )
        batch_op.create_index(batch_op.f("ix_shift_center_id_ends_at"), ["center_id", "ends_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_shift_center_id_starts_at"), ["center_id", "starts_at"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_shift_center_id_station_id_starts_at"),
            ["center_id", "station_id", "starts_at"],
            unique=False,
        )

    op.create_table(
        "attendance",
        sa.Column("center_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("volunteer_id", sa.BigInteger(), nullable=False),
        sa.Column("shift_id", sa.BigInteger(), nullable=False),
        sa.Column("station_id", sa.BigInteger(), nullable=False),
        sa.Column("visit", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("opened_at", UtcDateTime(), nullable=False),
        sa.Column("closed_at", UtcDateTime(), nullable=True),
        sa.Column("in_scan_id", sa.BigInteger(), nullable=False),
        sa.Column("out_scan_id", sa.BigInteger(), nullable=True),
        sa.Column("opened_by", sa.BigInteger(), nullable=False),
        sa.Column("minutes", sa.BigInteger(), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("rule_id", sa.BigInteger(), nullable=True),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("review_reason", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "status IN ('OPEN', 'CLOSED', 'PENDING', 'CONFIRMED', 'REJECTED', 'VOID')",
            name=op.f("ck_attendance_status"),
        ),
        sa.CheckConstraint("closed_at IS NULL OR closed_at >= opened_at", name=op.f("ck_attendance_order")),
        sa.CheckConstraint("minutes >= 0 AND points >= 0", name=op.f("ck_attendance_amounts")),
        sa.ForeignKeyConstraint(
            ["center_id", "rule_id"],
            ["rule_version.center_id", "rule_version.id"],
            name=op.f("fk_attendance_center_id_rule_id"),
        ),
        sa.ForeignKeyConstraint(
            ["center_id", "shift_id"], ["shift.center_id", "shift.id"], name=op.f("fk_attendance_center_id_shift_id")
        ),
        sa.ForeignKeyConstraint(
            ["center_id", "station_id"],
            ["place.center_id", "place.id"],
            name=op.f("fk_attendance_center_id_station_id"),
        ),
        sa.ForeignKeyConstraint(
            ["center_id", "volunteer_id"],
            ["volunteer.center_id", "volunteer.id"],
            name=op.f("fk_attendance_center_id_volunteer_id"),
        ),
        sa.PrimaryKeyConstraint("center_id", "id", name=op.f("pk_attendance")),
        sa.UniqueConstraint(
            "center_id",
            "shift_id",
            "volunteer_id",
            "visit",
            name=op.f("uq_attendance_center_id_shift_id_volunteer_id_visit"),
        ),
        sqlite_strict=True,
    )
    with op.batch_alter_table("attendance", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_attendance_center_id_status_opened_at"), ["center_id", "status", "opened_at"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_attendance_center_id_volunteer_id_opened_at"),
            ["center_id", "volunteer_id", "opened_at"],
            unique=False,
        )
        batch_op.create_index(
            "uq_attendance_one_open",
            ["center_id", "volunteer_id"],
            unique=True,
            sqlite_where=sa.text("status = 'OPEN'"),
            postgresql_where=sa.text("status = 'OPEN'"),
        )

    op.create_table(
        "redemption_line",
        sa.Column("center_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("redemption_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("item_id", sa.BigInteger(), nullable=False),
        sa.Column("price_id", sa.BigInteger(), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("points_transfer_id", sa.BigInteger(), nullable=True),
        sa.Column("goods_transfer_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_redemption_line_quantity")),
        sa.ForeignKeyConstraint(
            ["center_id", "goods_transfer_id"],
            ["transfer.center_id", "transfer.id"],
            name=op.f("fk_redemption_line_center_id_goods_transfer_id"),
        ),
        sa.ForeignKeyConstraint(
            ["center_id", "item_id"], ["item.center_id", "item.id"], name=op.f("fk_redemption_line_center_id_item_id")
        ),
        sa.ForeignKeyConstraint(
            ["center_id", "points_transfer_id"],
            ["transfer.center_id", "transfer.id"],
            name=op.f("fk_redemption_line_center_id_points_transfer_id"),
        ),
        sa.ForeignKeyConstraint(
            ["center_id", "price_id"],
            ["item_price.center_id", "item_price.id"],
            name=op.f("fk_redemption_line_center_id_price_id"),
        ),
        sa.ForeignKeyConstraint(
            ["center_id", "redemption_id"],
            ["redemption.center_id", "redemption.id"],
            name=op.f("fk_redemption_line_center_id_redemption_id"),
        ),
        sa.PrimaryKeyConstraint("center_id", "redemption_id", "position", name=op.f("pk_redemption_line")),
        sqlite_strict=True,
    )
    op.create_table(
        "signup",
        sa.Column("center_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("shift_id", sa.BigInteger(), nullable=False),
        sa.Column("volunteer_id", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("status IN ('signed_up', 'waitlisted', 'cancelled')", name=op.f("ck_signup_status")),
        sa.ForeignKeyConstraint(
            ["center_id", "shift_id"], ["shift.center_id", "shift.id"], name=op.f("fk_signup_center_id_shift_id")
        ),
        sa.ForeignKeyConstraint(
            ["center_id", "volunteer_id"],
            ["volunteer.center_id", "volunteer.id"],
            name=op.f("fk_signup_center_id_volunteer_id"),
        ),
        sa.PrimaryKeyConstraint("center_id", "id", name=op.f("pk_signup")),
        sa.UniqueConstraint(
            "center_id", "shift_id", "volunteer_id", name=op.f("uq_signup_center_id_shift_id_volunteer_id")
        ),
        sqlite_strict=True,
    )
    with op.batch_alter_table("signup", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_signup_center_id_volunteer_id"), ["center_id", "volunteer_id"], unique=False
        )

    op.create_table(
        "review_decision",
        sa.Column("center_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("attendance_id", sa.BigInteger(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("decision", sa.Text(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("decided_by", sa.BigInteger(), nullable=False),
        sa.Column("decided_at", UtcDateTime(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.CheckConstraint("decision IN ('approve', 'reject')", name=op.f("ck_review_decision_decision")),
        sa.ForeignKeyConstraint(
            ["center_id", "attendance_id"],
            ["attendance.center_id", "attendance.id"],
            name=op.f("fk_review_decision_center_id_attendance_id"),
        ),
        sa.PrimaryKeyConstraint("center_id", "id", name=op.f("pk_review_decision")),
        sa.UniqueConstraint(
            "center_id", "attendance_id", "revision", name=op.f("uq_review_decision_center_id_attendance_id_revision")
        ),
        sqlite_strict=True,
    )
    op.create_table(
        "unsealed",
        sa.Column("center_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("batch_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["center_id", "batch_id"], ["batch.center_id", "batch.id"], name=op.f("fk_unsealed_center_id_batch_id")
        ),
        sa.PrimaryKeyConstraint("center_id", "batch_id", name=op.f("pk_unsealed")),
        sqlite_strict=True,
    )
    op.create_table(
        "lot",
        sa.Column("center_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("transfer_id", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("earned_at", UtcDateTime(), nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=True),
        sa.Column("extended_to", sa.Date(), nullable=True),
        sa.Column("remaining", sa.BigInteger(), nullable=False),
        sa.Column("held", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("amount > 0", name=op.f("ck_lot_amount")),
        sa.CheckConstraint("held >= 0 AND held <= remaining AND remaining <= amount", name=op.f("ck_lot_counters")),
        sa.CheckConstraint("extended_to IS NULL OR expires_on IS NOT NULL", name=op.f("ck_lot_extended")),
        sa.ForeignKeyConstraint(
            ["center_id", "account_id"], ["account.center_id", "account.id"], name=op.f("fk_lot_center_id_account_id")
        ),
        sa.ForeignKeyConstraint(
            ["center_id", "transfer_id"],
            ["transfer.center_id", "transfer.id"],
            name=op.f("fk_lot_center_id_transfer_id"),
        ),
        sa.PrimaryKeyConstraint("center_id", "id", name=op.f("pk_lot")),
        sqlite_strict=True,
    )
    with op.batch_alter_table("lot", schema=None) as batch_op:
        batch_op.create_index(
            "ix_lot_left",
            ["center_id", "account_id"],
            unique=False,
            sqlite_where=sa.text("remaining > 0"),
            postgresql_where=sa.text("remaining > 0"),
        )
        batch_op.create_index(
            "ix_lot_ending",
            ["center_id", "expires_on"],
            unique=False,
            sqlite_where=sa.text("remaining > 0 AND expires_on IS NOT NULL"),
            postgresql_where=sa.text("remaining > 0 AND expires_on IS NOT NULL"),
        )
        batch_op.create_index(batch_op.f("ix_lot_center_id_transfer_id"), ["center_id", "transfer_id"], unique=False)

    op.create_table(
        "lot_use",
        sa.Column("center_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("transfer_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("lot_id", sa.BigInteger(), nullable=False),
        sa.Column("remaining_change", sa.BigInteger(), nullable=False),
        sa.Column("held_change", sa.BigInteger(), nullable=False),
        sa.Column("extended_to", sa.Date(), nullable=True),
        sa.CheckConstraint("remaining_change <> 0 OR held_change <> 0", name=op.f("ck_lot_use_changes")),
        sa.ForeignKeyConstraint(
            ["center_id", "lot_id"], ["lot.center_id", "lot.id"], name=op.f("fk_lot_use_center_id_lot_id")
        ),
        sa.ForeignKeyConstraint(
            ["center_id", "transfer_id"],
            ["transfer.center_id", "transfer.id"],
            name=op.f("fk_lot_use_center_id_transfer_id"),
        ),
        sa.PrimaryKeyConstraint("center_id", "transfer_id", "position", name=op.f("pk_lot_use")),
        sa.UniqueConstraint("center_id", "lot_id", "transfer_id", name=op.f("uq_lot_use_center_id_lot_id_transfer_id")),
        sqlite_strict=True,
    )
    facts = ("batch", "transfer", "lot_use", "scan_event", "review_decision", "rule_version", "item_price")
    create_guards(op.get_bind(), facts)
    create_guards(
        op.get_bind(),
        ["lot"],
        columns=("center_id", "id", "account_id", "transfer_id", "amount", "earned_at", "expires_on"),
    )


def downgrade() -> None:
    op.drop_table("lot_use")
    with op.batch_alter_table("lot", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_lot_center_id_transfer_id"))
        batch_op.drop_index("ix_lot_ending")
        batch_op.drop_index("ix_lot_left")

    op.drop_table("lot")
    op.drop_table("unsealed")
    op.drop_table("review_decision")
    with op.batch_alter_table("signup", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_signup_center_id_volunteer_id"))

    op.drop_table("signup")
    op.drop_table("redemption_line")
    with op.batch_alter_table("attendance", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_attendance_one_open",
            sqlite_where=sa.text("status = 'OPEN'"),
            postgresql_where=sa.text("status = 'OPEN'"),
        )
        batch_op.drop_index(batch_op.f("ix_attendance_center_id_volunteer_id_opened_at"))
        batch_op.drop_index(batch_op.f("ix_attendance_center_id_status_opened_at"))

    op.drop_table("attendance")
    with op.batch_alter_table("shift", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_shift_center_id_station_id_starts_at"))
        batch_op.drop_index(batch_op.f("ix_shift_center_id_starts_at"))
        batch_op.drop_index(batch_op.f("ix_shift_center_id_ends_at"))
        batch_op.drop_index(batch_op.f("ix_shift_center_id_activity_id_starts_at"))

    op.drop_table("shift")
    with op.batch_alter_table("redemption", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_redemption_center_id_volunteer_id_created_at"))
        batch_op.drop_index(batch_op.f("ix_redemption_center_id_status_created_at"))
        batch_op.drop_index(batch_op.f("ix_redemption_center_id_shop_id_created_at"))

    op.drop_table("redemption")
    op.drop_table("item_price")
    op.drop_table("goods_in_line")
    with op.batch_alter_table("transfer", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_transfer_refund_of",
            sqlite_where=sa.text("refund_of IS NOT NULL"),
            postgresql_where=sa.text("refund_of IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_transfer_expiring",
            sqlite_where=sa.text("expires_at IS NOT NULL"),
            postgresql_where=sa.text("expires_at IS NOT NULL"),
        )
        batch_op.drop_index("ix_transfer_debit_side")
        batch_op.drop_index("ix_transfer_credit_side")
        batch_op.drop_index(batch_op.f("ix_transfer_center_id_batch_id"))

    op.drop_table("transfer")
    op.drop_table("receipt_counter")
    with op.batch_alter_table("payer_code", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_payer_code_center_id_expires_at"))

    op.drop_table("payer_code")
    with op.batch_alter_table("membership", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_membership_center_id_volunteer_id"))

    op.drop_table("membership")
    op.drop_table("item")
    with op.batch_alter_table("goods_in", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_goods_in_center_id_shop_id_received_at"))

    op.drop_table("goods_in")
    with op.batch_alter_table("card", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_card_center_id_volunteer_id"))

    op.drop_table("card")
    op.drop_table("activity")
    with op.batch_alter_table("volunteer", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_volunteer_center_id_place_id"))

    op.drop_table("volunteer")
    op.drop_table("team")
    op.drop_table("shop")
    with op.batch_alter_table("role_grant", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_role_grant_live",
            sqlite_where=sa.text("revoked_at IS NULL"),
            postgresql_where=sa.text("revoked_at IS NULL"),
        )
        batch_op.drop_index(batch_op.f("ix_role_grant_center_id_identity_id"))

    op.drop_table("role_grant")
    op.drop_table("import_draft")
    with op.batch_alter_table("account", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_account_center_id_owner_id"))

    op.drop_table("account")
    op.drop_table("unit")
    op.drop_table("rule_version")
    op.drop_table("place")
    with op.batch_alter_table("batch", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_batch_center_id_recorded_at_id"))

    op.drop_table("batch")
    with op.batch_alter_table("scan_event", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_scan_event_center_id_volunteer_id_received_at"))
        batch_op.drop_index(batch_op.f("ix_scan_event_center_id_station_id_received_at"))

    op.drop_table("scan_event")
    op.drop_table("rate_limit")
    with op.batch_alter_table("login_session", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_login_session_identity_id"))

    op.drop_table("login_session")
    op.drop_table("job_run")
    op.drop_table("identity_phone")
    with op.batch_alter_table("identity", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_identity_name_index"))

    op.drop_table("identity")
    op.drop_table("idempotency")
    op.drop_table("center")
    with op.batch_alter_table("activation_code", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_activation_code_identity_id"))

    op.drop_table("activation_code")
