"""Identities (one per person in the nation), volunteers, households, cards, roles and log-in sessions.

Personal text stands encrypted; what must be found again has a keyed digest beside it. Nothing here refers to the
ledger and the ledger holds nothing of it but numbers.
"""

from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from ledger.kernel.crypto import Sealed
from ledger.kernel.types import STRICT, Base, center_key, inside_center, key

_LIVE = sa.text("revoked_at IS NULL")


class Identity(Base):
    """A person, once in the nation, with what they are called and how they log in."""

    __tablename__ = "identity"
    __table_args__ = (sa.Index(None, "name_index"), STRICT)

    id: Mapped[key]
    name: Mapped[str] = mapped_column(Sealed("identity.name"))
    name_index: Mapped[str]
    phone: Mapped[str | None] = mapped_column(Sealed("identity.phone"))
    gender: Mapped[str | None] = mapped_column(Sealed("identity.gender"))
    id_last4: Mapped[str | None] = mapped_column(Sealed("identity.id_last4"))
    password_hash: Mapped[str | None]
    language: Mapped[str] = mapped_column(default="zh")
    large_type: Mapped[bool] = mapped_column(sa.Boolean, default=False)
    created_at: Mapped[datetime]


class IdentityPhone(Base):
    """Keeps a phone number unique in the nation: the key is the number's digest."""

    __tablename__ = "identity_phone"
    __table_args__ = (STRICT,)

    phone_index: Mapped[str] = mapped_column(primary_key=True)
    identity_id: Mapped[int]


class Volunteer(Base):
    """A person as a volunteer of one center; points are earned and spent where they were posted."""

    __tablename__ = "volunteer"
    __table_args__ = (
        sa.ForeignKeyConstraint(["center_id"], ["center.id"]),
        inside_center("place_id", "place"),
        sa.UniqueConstraint("center_id", "number"),
        sa.UniqueConstraint("center_id", "identity_id"),
        sa.Index(None, "center_id", "place_id"),
        sa.Index(None, "center_id", "registered_at"),
        sa.Index(None, "center_id", "status", "number", "id"),
        sa.CheckConstraint("status IN ('active', 'blocked')", name="status"),
        STRICT,
    )

    center_id: Mapped[center_key]
    id: Mapped[key]
    identity_id: Mapped[int]
    number: Mapped[str]
    place_id: Mapped[int]
    status: Mapped[str] = mapped_column(default="active")
    registered_at: Mapped[datetime]


class Household(Base):
    """A household by its number in the village's register; `number_key` is the number however it is written.

    It is there for as long as the center, also when nobody is of it any more.
    """

    __tablename__ = "household"
    __table_args__ = (
        sa.ForeignKeyConstraint(["center_id"], ["center.id"]),
        sa.UniqueConstraint("center_id", "number_key"),
        STRICT,
    )

    center_id: Mapped[center_key]
    id: Mapped[key]
    number: Mapped[str]
    number_key: Mapped[str]
    made_by: Mapped[int]
    made_at: Mapped[datetime]


class HouseholdChange(Base):
    """From `changed_at` on a volunteer is of this household, of none where it is NULL; what they are now is the last.

    `revision` counts a volunteer's changes from 1. Nothing else says who is of which household, so nobody is ever of
    two, and every earlier answer can be given again.
    """

    __tablename__ = "household_change"
    __table_args__ = (
        inside_center("volunteer_id", "volunteer"),
        inside_center("household_id", "household"),
        sa.CheckConstraint("revision > 0", name="revision"),
        sa.CheckConstraint("revision > 1 OR household_id IS NOT NULL", name="first"),
        sa.Index(None, "center_id", "household_id"),
        STRICT,
    )

    center_id: Mapped[center_key]
    volunteer_id: Mapped[key]
    revision: Mapped[key]
    household_id: Mapped[int | None]
    changed_by: Mapped[int]
    changed_at: Mapped[datetime]


class RoleGrant(Base):
    """A role of a person for a place and what is under it; the place's path is copied, for a place never moves."""

    __tablename__ = "role_grant"
    __table_args__ = (
        inside_center("place_id", "place"),
        sa.Index(None, "center_id", "identity_id"),
        sa.Index(
            "uq_role_grant_live",
            "center_id",
            "identity_id",
            "role",
            "place_id",
            unique=True,
            sqlite_where=_LIVE,
            postgresql_where=_LIVE,
        ),
        sa.CheckConstraint("role IN ('admin', 'auditor', 'station_manager', 'clerk')", name="role"),
        STRICT,
    )

    center_id: Mapped[center_key]
    id: Mapped[key]
    identity_id: Mapped[int]
    role: Mapped[str]
    place_id: Mapped[int]
    place_path: Mapped[str]
    granted_by: Mapped[int]
    granted_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class Card(Base):
    """A printed card: 128 random bits behind an https address, no personal data; lost means revoked and reissued."""

    __tablename__ = "card"
    __table_args__ = (
        inside_center("volunteer_id", "volunteer"),
        sa.UniqueConstraint("center_id", "token_hash"),
        sa.Index(None, "center_id", "volunteer_id"),
        STRICT,
    )

    center_id: Mapped[center_key]
    id: Mapped[key]
    volunteer_id: Mapped[int]
    token_hash: Mapped[str]
    issued_by: Mapped[int]
    issued_at: Mapped[datetime]
    expires_on: Mapped[date | None]
    revoked_at: Mapped[datetime | None]


class LoginSession(Base):
    """A log-in that the server can end: the key is the digest of the token that the browser or device holds."""

    __tablename__ = "login_session"
    __table_args__ = (
        sa.Index(None, "identity_id"),
        sa.CheckConstraint("kind IN ('browser', 'device')", name="kind"),
        STRICT,
    )

    token_hash: Mapped[str] = mapped_column(primary_key=True)
    id: Mapped[int]
    identity_id: Mapped[int]
    center_id: Mapped[int]
    kind: Mapped[str]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class ActivationCode(Base):
    """A code on paper with which a person sets a first or a new password, once."""

    __tablename__ = "activation_code"
    __table_args__ = (sa.Index(None, "identity_id"), STRICT)

    code_hash: Mapped[str] = mapped_column(primary_key=True)
    identity_id: Mapped[int]
    made_by: Mapped[int]
    made_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
