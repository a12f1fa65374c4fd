"""Teams, their members, and lists of volunteers being imported."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from ledger.kernel.crypto import Sealed
from ledger.kernel.types import STRICT, Base, center_key, inside_center, key


class Team(Base):
    """A volunteer team with one home place."""

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
    """A volunteer's membership of a team."""

    __tablename__ = "membership"
    __table_args__ = (
        inside_center("team_id", "team"),
        inside_center("volunteer_id", "volunteer"),
        # Includes the team; otherwise SQLite would pick the primary key and scan all members.
        sa.Index(None, "center_id", "volunteer_id", "team_id"),
        STRICT,
    )

    center_id: Mapped[center_key]
    team_id: Mapped[key]
    volunteer_id: Mapped[key]
    joined_at: Mapped[datetime]


class ImportDraft(Base):
    """An uploaded list of volunteers that waits for confirmation; sealed, and deleted after import or a day.

    Each person has one for each place, and one for the center.
    """

    __tablename__ = "import_draft"
    __table_args__ = (
        inside_center("place_id", "place"),
        sa.Index(
            "uq_import_draft_place",
            *("center_id", "made_by", "place_id"),
            unique=True,
            sqlite_where=sa.text("place_id IS NOT NULL"),
            postgresql_where=sa.text("place_id IS NOT NULL"),
        ),
        sa.Index(
            "uq_import_draft_center",
            *("center_id", "made_by"),
            unique=True,
            sqlite_where=sa.text("place_id IS NULL"),
            postgresql_where=sa.text("place_id IS NULL"),
        ),
        STRICT,
    )

    center_id: Mapped[center_key]
    id: Mapped[key]
    place_id: Mapped[int | None]
    make_teams: Mapped[bool] = mapped_column(sa.Boolean)
    file_name: Mapped[str]
    lines: Mapped[str] = mapped_column(Sealed("import_draft.lines"))
    made_by: Mapped[int]
    made_at: Mapped[datetime]
