"""A demonstration loaded for tests: how, as of when, and what they ask of it."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from ledger.demo import district
from ledger.demo.logins import Login, read_logins
from ledger.demo.sizes import VILLAGE, Size
from ledger.kernel import clock
from ledger.kernel.database import Database
from ledger.kernel.settings import Settings
from ledger.tables import metadata
from tests.conftest import settings_on
from tests.plans import Sent

NOW = datetime(2026, 6, 3, 2, 20, tzinfo=UTC)
# For what is as true of a short story.
HAMLET = replace(VILLAGE, volunteers=30, activities=8, visits=10)


def settings_for(url: str, folder: Path) -> Settings:
    """Settings of a development installation with a folder of its own."""
    return replace(settings_on(url, folder), base_url="http://127.0.0.1:8000")


def load(settings: Settings, *, seed: int = district.SEED, size: Size = VILLAGE) -> list[str]:
    """Load a village as of NOW and return its output."""
    said: list[str] = []
    with clock.at(NOW):
        district.load_once(settings, seed=seed, size=size, say=said.append)
    return said


@dataclass
class Village:
    """A loaded village.

    `filled` are the tables with rows when it was loaded, `said` what was said and `sent` what was written meanwhile.
    """

    database: Database
    settings: Settings
    center_id: int
    filled: frozenset[str] = frozenset()
    said: tuple[str, ...] = ()
    sent: Sent = field(default_factory=Sent)

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """The rows of a statement."""
        with self.database.snapshot() as session:
            return [tuple(row) for row in session.connection().exec_driver_sql(statement)]

    def count(self, table: str, condition: str = "true") -> int:
        """The number of rows."""
        return int(self.rows(f"SELECT count(*) FROM {table} WHERE {condition}")[0][0])

    def login(self, role: str) -> Login:
        """A printed log-in."""
        return next(login for login in read_logins(self.settings.data_folder) if login.role == role)


def filled_tables(database: Database) -> frozenset[str]:
    """The tables with at least one row."""
    with database.snapshot() as session:
        asked = {table.name: sa.select(sa.literal(1)).select_from(table).limit(1) for table in metadata.sorted_tables}
        return frozenset(name for name, query in asked.items() if session.execute(query).first() is not None)
