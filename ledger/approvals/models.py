"""Proposals and the decisions on them. A decision is append only, and so is all of a proposal but its status."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from ledger.kernel.types import STRICT, Base, center_key, inside_center, key


class Proposal(Base):
    """What somebody wants done, for another to decide on. `payload` is JSON in the form in which it came; no names.

    `subject_ref` says what it is about, `member_id` whom it is for where it is for a volunteer.
    """

    __tablename__ = "proposal"
    __table_args__ = (
        sa.ForeignKeyConstraint(["center_id"], ["center.id"]),
        sa.CheckConstraint("status IN ('proposed', 'approved', 'rejected', 'withdrawn')", name="status"),
        sa.Index(None, "center_id", "proposed_at", "id"),
        sa.Index(None, "center_id", "status", "proposed_at", "id"),
        sa.Index(
            "ix_proposal_waiting",
            "center_id",
            "kind",
            "subject_ref",
            sqlite_where=sa.text("status = 'proposed'"),
            postgresql_where=sa.text("status = 'proposed'"),
        ),
        STRICT,
    )

    center_id: Mapped[center_key]
    id: Mapped[key]
    kind: Mapped[str]
    subject_ref: Mapped[str]
    member_id: Mapped[int | None]
    payload: Mapped[str]
    reason: Mapped[str]
    proposed_by: Mapped[int]
    proposed_at: Mapped[datetime]
    status: Mapped[str] = mapped_column(default="proposed")


class ProposalDecision(Base):
    """How a proposal ended, once: by whom, when, why, and what it led to where it was carried out."""

    __tablename__ = "proposal_decision"
    __table_args__ = (
        inside_center("proposal_id", "proposal"),
        sa.CheckConstraint("decision IN ('approved', 'rejected', 'withdrawn')", name="decision"),
        sa.CheckConstraint("(decision = 'approved') = (result_ref IS NOT NULL)", name="result"),
        STRICT,
    )

    center_id: Mapped[center_key]
    proposal_id: Mapped[key]
    decision: Mapped[str]
    decided_by: Mapped[int]
    decided_at: Mapped[datetime]
    note: Mapped[str]
    result_ref: Mapped[str | None]
