"""Teams, who belongs to them, and lists of volunteers that are being imported."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from ledger.kernel.crypto import Sealed
from ledger.kernel.types import STRICT, Base, center_key, inside_center, key


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
        # With the team, so that SQLite does not take the primary key for it, which leads through all members.
        sa.Index(None, "center_id", "volunteer_id", "team_id"),
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
