"""Versions of a center's policy: what a deed earns and within which windows. Append only."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped

from ledger.kernel.types import STRICT, Base, center_key, key


class RuleVersion(Base):
    """One version: in force from `effective_from` until the next one; `body` is the policy as JSON."""

    __tablename__ = "rule_version"
    __table_args__ = (
        sa.ForeignKeyConstraint(["center_id"], ["center.id"]),
        sa.UniqueConstraint("center_id", "number"),
        STRICT,
    )

    center_id: Mapped[center_key]
    id: Mapped[key]
    number: Mapped[int]
    effective_from: Mapped[datetime]
    body: Mapped[str]
    made_by: Mapped[int]
    made_at: Mapped[datetime]
