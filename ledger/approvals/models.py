"""Proposals and decisions, both append only, except a proposal's status; and who would be added by a proposal."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from ledger.kernel.crypto import Sealed
from ledger.kernel.types import STRICT, Base, center_key, inside_center, key


class Proposal(Base):
    """A request that another person decides on. `payload` is JSON in the API's form; no names.

    `subject_ref` says what it is about, `member_id` which volunteer it concerns, if any. `single_key` names kind and
    subject where only one may be open, else it is NULL.
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
        sa.Index(
            "uq_proposal_single_key",
            "center_id",
            "single_key",
            unique=True,
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
    single_key: Mapped[str | None]


class ProposalDecision(Base):
    """How a proposal ended, once: who decided, when, why, and the result if it was carried out.

    `remarks` says what is unusual about who decided: names of approvals.desk.REMARKS with spaces between them.
    """

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
    remarks: Mapped[str | None]


class ProposalPrivate(Base):
    """Fields of an open proposal's payload that hold personal text, as JSON; the row goes when the proposal ends."""

    __tablename__ = "proposal_private"
    __table_args__ = (inside_center("proposal_id", "proposal"), STRICT)

    center_id: Mapped[center_key]
    proposal_id: Mapped[key]
    payload: Mapped[str] = mapped_column(Sealed("proposal_private.payload"))


class Newcomer(Base):
    """Somebody whom an open proposal would add; `identity_id` is the key that their log-in would have.

    The row goes when the proposal ends, or when they are registered otherwise.
    """

    __tablename__ = "newcomer"
    __table_args__ = (
        sa.ForeignKeyConstraint(["center_id"], ["center.id"]),
        sa.UniqueConstraint("center_id", "phone_index"),
        STRICT,
    )

    center_id: Mapped[center_key]
    identity_id: Mapped[key]
    name: Mapped[str] = mapped_column(Sealed("newcomer.name"))
    name_index: Mapped[str]
    phone: Mapped[str] = mapped_column(Sealed("newcomer.phone"))
    phone_index: Mapped[str]
