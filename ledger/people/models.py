"""Identities (a person in a center), volunteers, households, cards, roles and log-in sessions.

Personal text is encrypted; searchable values have a keyed digest next to them. Nothing here refers to the ledger, and
the ledger refers to people by number only.
"""

from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from ledger.kernel.crypto import Sealed
from ledger.kernel.types import STRICT, Base, center_key, inside_center, key

_LIVE = sa.text("revoked_at IS NULL")


class Identity(Base):
    """A person with a log-in in one center; who serves in two centers has one in each, and nothing links them."""

    __tablename__ = "identity"
    __table_args__ = (
        sa.ForeignKeyConstraint(["center_id"], ["center.id"]),
        sa.UniqueConstraint("center_id", "phone_index"),
        sa.Index(None, "center_id", "name_index"),
        STRICT,
    )

    center_id: Mapped[center_key]
    id: Mapped[key]
    name: Mapped[str] = mapped_column(Sealed("identity.name"))
    name_index: Mapped[str]
    phone: Mapped[str | None] = mapped_column(Sealed("identity.phone"))
    phone_index: Mapped[str | None]
    gender: Mapped[str | None] = mapped_column(Sealed("identity.gender"))
    id_last4: Mapped[str | None] = mapped_column(Sealed("identity.id_last4"))
    password_hash: Mapped[str | None]
    language: Mapped[str] = mapped_column(default="zh")
    large_type: Mapped[bool] = mapped_column(sa.Boolean, default=False)
    created_at: Mapped[datetime]


class LoginPhone(Base):
    """The centers in which a phone number has a log-in, to find them before the center is known.

    It holds a keyed digest of the number and nothing else, and refers to no row: it would lie on another machine.
    """

    __tablename__ = "login_phone"
    __table_args__ = (sa.Index(None, "center_id"), STRICT)

    phone_hash: Mapped[str] = mapped_column(primary_key=True)
    center_id: Mapped[center_key]


class Volunteer(Base):
    """A person as a volunteer of one center; points are earned and spent in the center that posted them."""

    __tablename__ = "volunteer"
    __table_args__ = (
        sa.ForeignKeyConstraint(["center_id"], ["center.id"]),
        inside_center("identity_id", "identity"),
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
    """A household by its number in the village's register; `number_key` is the same for every notation of the number.

    It lives as long as the center, even without members.
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
    """A volunteer belongs to this household from `changed_at` on; to none if it is NULL. The last change is current.

    `revision` counts a volunteer's changes from 1. This is the only record of membership, so nobody belongs to two
    households, and every earlier state can be reconstructed.
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
    """A person's role for a place and everything under it; the place's path is copied, because a place never moves.

    `valid_until` is its last day in the people's zone; it ends by itself. The household is asked at each grant, because
    staff need not be volunteers: None means that there is none if `household_asked`, else that nobody asked yet.
    """

    __tablename__ = "role_grant"
    __table_args__ = (
        inside_center("identity_id", "identity"),
        inside_center("place_id", "place"),
        inside_center("household_id", "household"),
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
        sa.CheckConstraint(
            "role IN ('admin', 'auditor', 'outside_auditor', 'station_manager', 'clerk', 'leader', 'unit_officer', "
            "'merchant', 'supervisor', 'observer')",
            name="role",
        ),
        sa.CheckConstraint("role <> 'outside_auditor' OR valid_until IS NOT NULL", name="end"),
        sa.CheckConstraint("household_asked OR household_id IS NULL", name="household"),
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
    valid_until: Mapped[date | None]
    household_id: Mapped[int | None]
    household_asked: Mapped[bool] = mapped_column(sa.Boolean)
    revoked_at: Mapped[datetime | None]


class NameShown(Base):
    """An auditor has read a volunteer's full name, for a reason."""

    __tablename__ = "name_shown"
    __table_args__ = (inside_center("volunteer_id", "volunteer"), sa.Index(None, "center_id", "volunteer_id"), STRICT)

    center_id: Mapped[center_key]
    id: Mapped[key]
    volunteer_id: Mapped[int]
    shown_to: Mapped[int]
    reason: Mapped[str] = mapped_column(Sealed("name_shown.reason"))
    shown_at: Mapped[datetime]


class Card(Base):
    """A printed card: 128 random bits in an https address, no personal data. A lost card is revoked and reissued."""

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
    """A log-in that the server can end; the key is the center and the digest of the token's secret.

    A "phone" is a browser on a phone, a "device" calls the API. It ends at `expires_at` unless it is used before.
    `password_at` and `factor_at` say when its holder last gave the password and a code of the second factor.
    """

    __tablename__ = "login_session"
    __table_args__ = (
        inside_center("identity_id", "identity"),
        sa.Index(None, "center_id", "identity_id"),
        sa.Index(None, "center_id", "expires_at"),
        sa.CheckConstraint("kind IN ('browser', 'phone', 'device')", name="kind"),
        STRICT,
    )

    center_id: Mapped[center_key]
    token_hash: Mapped[str] = mapped_column(primary_key=True)
    id: Mapped[int]
    identity_id: Mapped[int]
    kind: Mapped[str]
    created_at: Mapped[datetime]
    used_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    password_at: Mapped[datetime | None]
    factor_at: Mapped[datetime | None]


class ActivationCode(Base):
    """A code on paper with which a person sets a first or a new password in one center, once."""

    __tablename__ = "activation_code"
    __table_args__ = (
        inside_center("identity_id", "identity"),
        sa.Index(None, "center_id", "identity_id"),
        sa.Index(None, "center_id", "expires_at"),
        STRICT,
    )

    center_id: Mapped[center_key]
    code_hash: Mapped[str] = mapped_column(primary_key=True)
    identity_id: Mapped[int]
    made_by: Mapped[int]
    made_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class CredentialEvent(Base):
    """A credential or role was made, used or ended: whose, by whom, and what it is about. No personal text.

    `proposed_by` asked for it where it took two people. `about` is a public reference, as "proposal:0123456789abc", or
    empty; `reason` is given for what is done on the server, and must hold no names.
    """

    __tablename__ = "credential_event"
    __table_args__ = (
        inside_center("identity_id", "identity"),
        sa.Index(None, "center_id", "identity_id", "at", "id"),
        sa.Index(None, "center_id", "at", "id"),
        sa.Index(None, "center_id", "about"),
        STRICT,
    )

    center_id: Mapped[center_key]
    id: Mapped[key]
    identity_id: Mapped[int]
    kind: Mapped[str]
    made_by: Mapped[int]
    proposed_by: Mapped[int | None]
    at: Mapped[datetime]
    about: Mapped[str]
    reason: Mapped[str]
