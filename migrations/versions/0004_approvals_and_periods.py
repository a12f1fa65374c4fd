"""Proposals that two people decide on, closed periods and frozen books."""

import sqlalchemy as sa
from alembic import op

from ledger.kernel.append_only import create_guards
from ledger.kernel.types import UtcDateTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "proposal",
        sa.Column("center_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject_ref", sa.Text(), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=True),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("proposed_by", sa.BigInteger(), nullable=False),
        sa.Column("proposed_at", UtcDateTime(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "status IN ('proposed', 'approved', 'rejected', 'withdrawn')", name=op.f("ck_proposal_status")
        ),
        sa.ForeignKeyConstraint(["center_id"], ["center.id"], name=op.f("fk_proposal_center_id")),
        sa.PrimaryKeyConstraint("center_id", "id", name=op.f("pk_proposal")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_proposal_center_id_proposed_at_id"), "proposal", ["center_id", "proposed_at", "id"])
    op.create_index(
        "ix_proposal_waiting",
        "proposal",
        ["center_id", "kind", "subject_ref"],
        sqlite_where=sa.text("status = 'proposed'"),
        postgresql_where=sa.text("status = 'proposed'"),
    )
    op.create_table(
        "proposal_decision",
        sa.Column("center_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("proposal_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("decision", sa.Text(), nullable=False),
        sa.Column("decided_by", sa.BigInteger(), nullable=False),
        sa.Column("decided_at", UtcDateTime(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("result_ref", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "decision IN ('approved', 'rejected', 'withdrawn')", name=op.f("ck_proposal_decision_decision")
        ),
        sa.CheckConstraint(
            "(decision = 'approved') = (result_ref IS NOT NULL)", name=op.f("ck_proposal_decision_result")
        ),
        sa.ForeignKeyConstraint(
            ["center_id", "proposal_id"],
            ["proposal.center_id", "proposal.id"],
            name=op.f("fk_proposal_decision_center_id_proposal_id"),
        ),
        sa.PrimaryKeyConstraint("center_id", "proposal_id", name=op.f("pk_proposal_decision")),
        sqlite_strict=True,
    )
    op.create_table(
        "period",
        sa.Column("center_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("month", sa.Text(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("closed_until", UtcDateTime(), nullable=False),
        sa.Column("happened_at", UtcDateTime(), nullable=False),
        sa.Column("proposal_id", sa.BigInteger(), nullable=False),
        sa.Column("decided_by", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("event IN ('closed', 'reopened')", name=op.f("ck_period_event")),
        sa.ForeignKeyConstraint(
            ["center_id", "proposal_id"],
            ["proposal.center_id", "proposal.id"],
            name=op.f("fk_period_center_id_proposal_id"),
        ),
        sa.PrimaryKeyConstraint("center_id", "number", name=op.f("pk_period")),
        sa.UniqueConstraint("center_id", "proposal_id", name=op.f("uq_period_center_id_proposal_id")),
        sqlite_strict=True,
    )
    op.create_table(
        "book_freeze",
        sa.Column("center_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=True),
        sa.Column("frozen_at", UtcDateTime(), nullable=False),
        sa.Column("released_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["center_id"], ["center.id"], name=op.f("fk_book_freeze_center_id")),
        sa.PrimaryKeyConstraint("center_id", "id", name=op.f("pk_book_freeze")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_book_freeze_center_id_frozen_at"), "book_freeze", ["center_id", "frozen_at"])
    op.create_index(
        "uq_book_freeze_one",
        "book_freeze",
        ["center_id"],
        unique=True,
        sqlite_where=sa.text("released_at IS NULL"),
        postgresql_where=sa.text("released_at IS NULL"),
    )
    op.create_table(
        "freeze_release",
        sa.Column("center_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("freeze_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("part", sa.Text(), nullable=False),
        sa.Column("signed_by", sa.BigInteger(), nullable=False),
        sa.Column("signed_at", UtcDateTime(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.CheckConstraint("part IN ('admin', 'auditor')", name=op.f("ck_freeze_release_part")),
        sa.ForeignKeyConstraint(
            ["center_id", "freeze_id"],
            ["book_freeze.center_id", "book_freeze.id"],
            name=op.f("fk_freeze_release_center_id_freeze_id"),
        ),
        sa.PrimaryKeyConstraint("center_id", "freeze_id", "part", name=op.f("pk_freeze_release")),
        sa.UniqueConstraint(
            "center_id", "freeze_id", "signed_by", name=op.f("uq_freeze_release_center_id_freeze_id_signed_by")
        ),
        sqlite_strict=True,
    )
    _guard()


def _guard() -> None:
    create_guards(op.get_bind(), ("proposal_decision", "period", "freeze_release"))
    create_guards(
        op.get_bind(),
        ["proposal"],
        columns=(
            *("center_id", "id", "kind", "subject_ref", "member_id", "payload", "reason"),
            *("proposed_by", "proposed_at"),
        ),
    )
    create_guards(op.get_bind(), ["book_freeze"], columns=("center_id", "id", "reason", "run_id", "frozen_at"))


def downgrade() -> None:
    for table in ("freeze_release", "book_freeze", "period", "proposal_decision", "proposal"):
        op.drop_table(table)
