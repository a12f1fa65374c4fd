"""Centers, the places under them (center, institute, station), teams and who belongs to them."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from ledger.kernel.crypto import Sealed
from ledger.kernel.types import STRICT, Base, center_key, inside_center, key


class Center(Base):
    """A district: the owner of all its rows, never joined with another."""

    __tablename__ = "center"
    __table_args__ = (STRICT,)

    id: Mapped[key]
    name: Mapped[str]
    is_demonstration: Mapped[bool] = mapped_column(sa.Boolean, default=False)
    next_volunteer_number: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime]


class Place(Base):
    """A center, institute or station. `path` holds the public ids from the top down, so "under it" is a prefix test.

    `code_version` is part of the station's printed code: raising it makes every earlier print worthless.
    """

    __tablename__ = "place"
    __table_args__ = (
        sa.ForeignKeyConstraint(["center_id"], ["center.id"]),
        inside_center("parent_id", "place"),
        sa.UniqueConstraint("center_id", "path"),
        sa.UniqueConstraint("center_id", "parent_id", "name"),
        sa.CheckConstraint("kind IN ('center', 'institute', 'station')", name="kind"),
        STRICT,
    )

    center_id: Mapped[center_key]
    id: Mapped[key]
    parent_id: Mapped[int | None]
    kind: Mapped[str]
    path: Mapped[str]
    name: Mapped[str]
    latitude: Mapped[float | None] = mapped_column(sa.Float)
    longitude: Mapped[float | None] = mapped_column(sa.Float)
    code_version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]


class Team(Base):
    """A volunteer team, at home in one place."""

    __tablename__ = "team"
    __table_args__ = (
        inside_center("place_id", "place"),
        sa.UniqueConstraint("center_id", "place_id", "name"),
        STRICT,
    )

    center_id: Mapped[center_key]
    id: Mapped[key]
    place_id: Mapped[int]
    name: Mapped[str]
    created_at: Mapped[datetime]


class Membership(Base):
    """A volunteer in a team. The volunteer is named by key alone, because people stand below organisations."""

    __tablename__ = "membership"
    __table_args__ = (
        inside_center("team_id", "team"),
        inside_center("volunteer_id", "volunteer"),
        sa.Index(None, "center_id", "volunteer_id"),
        STRICT,
    )

    center_id: Mapped[center_key]
    team_id: Mapped[key]
    volunteer_id: Mapped[key]
    joined_at: Mapped[datetime]


class ImportDraft(Base):
    """An uploaded list of volunteers between the check and the word to go on; sealed, and gone after either."""

    __tablename__ = "import_draft"
    __table_args__ = (inside_center("place_id", "place"), STRICT)

    center_id: Mapped[center_key]
    id: Mapped[key]
    place_id: Mapped[int | None]
    make_teams: Mapped[bool] = mapped_column(sa.Boolean)
    file_name: Mapped[str]
    lines: Mapped[str] = mapped_column(Sealed("import_draft.lines"))
    made_by: Mapped[int]
    made_at: Mapped[datetime]
