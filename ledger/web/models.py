"""Counters of rate limits, shared by all processes."""

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from ledger.kernel.types import STRICT, Base


class RateLimit(Base):
    """Requests of one kind from one source within a window; `expires_at` in seconds of the epoch."""

    __tablename__ = "rate_limit"
    __table_args__ = (sa.Index(None, "expires_at"), STRICT)

    key: Mapped[str] = mapped_column(primary_key=True)
    hits: Mapped[int]
    expires_at: Mapped[int]
