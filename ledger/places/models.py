"""Centers and the places under them: center, institute, station."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from ledger.kernel.types import STRICT, Base, center_key, inside_center, key


class Center(Base):
    """A district. Each center owns its rows; queries never join two centers."""

    __tablename__ = "center"
    __table_args__ = (STRICT,)

    id: Mapped[key]
    name: Mapped[str]
    is_demonstration: Mapped[bool] = mapped_column(sa.Boolean, default=False)
    next_volunteer_number: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime]


class Place(Base):
    """A center, institute or station. `path` holds the public ids from the top down, so "under it" is a prefix test.

    `code_version` is part of the station's printed code: raising it revokes all earlier prints.
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
