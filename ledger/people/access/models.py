"""The second factor of a log-in, the codes on paper for when the phone is lost, and the record of log-ins."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from ledger.kernel.crypto import Sealed
from ledger.kernel.types import STRICT, Base, center_key, inside_center, key


class SecondFactor(Base):
    """The second factor of a log-in: a secret from which a phone makes codes of six digits (RFC 6238).

    A row holds the present or the last one; what was done with earlier ones is in `credential_event`. A code of a step
    of time up to `last_step` is refused, so that each is good for one use. Whatever ends it takes the secret away.
    """

    __tablename__ = "second_factor"
    __table_args__ = (
        inside_center("identity_id", "identity"),
        sa.CheckConstraint("(ended_at IS NULL) = (secret IS NOT NULL)", name="secret"),
        sa.CheckConstraint("(ended_at IS NULL) = (ended_by IS NULL)", name="end"),
        STRICT,
    )

    center_id: Mapped[center_key]
    identity_id: Mapped[key]
    secret: Mapped[str | None] = mapped_column(Sealed("second_factor.secret"))
    last_step: Mapped[int]
    made_at: Mapped[datetime]
    confirmed_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[int | None]


class RecoveryCode(Base):
    """A code on paper that stands in for a code of the second factor, once; it ends with the factor."""

    __tablename__ = "recovery_code"
    __table_args__ = (inside_center("identity_id", "identity"), STRICT)

    center_id: Mapped[center_key]
    identity_id: Mapped[key]
    code_hash: Mapped[str] = mapped_column(primary_key=True)
    made_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class LoginAttempt(Base):
    """Somebody has logged in, or was refused: what with, on what, and from which network. No personal text.

    `network` is a keyed digest of its address, another one in each center, so that rows tell networks apart and nothing
    else. `credential` is what was right or wrong; of a code of the second factor the password was right before.
    """

    __tablename__ = "login_attempt"
    __table_args__ = (
        inside_center("identity_id", "identity"),
        sa.Index(None, "center_id", "identity_id", "at", "id"),
        sa.Index(None, "center_id", "outcome", "at", "id"),
        sa.Index(None, "center_id", "at", "id"),
        sa.CheckConstraint(
            "outcome IN ('logged_in', 'code_needed', 'wrong', 'too_many', 'no_password', 'not_here')", name="outcome"
        ),
        sa.CheckConstraint("credential IN ('password', 'slip', 'factor', 'recovery')", name="credential"),
        sa.CheckConstraint("kind IN ('browser', 'phone', 'device')", name="kind"),
        STRICT,
    )

    center_id: Mapped[center_key]
    id: Mapped[key]
    identity_id: Mapped[int]
    outcome: Mapped[str]
    credential: Mapped[str]
    kind: Mapped[str]
    network: Mapped[str]
    at: Mapped[datetime]
