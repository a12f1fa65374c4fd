"""Migrates a database to the newest schema, and checks whether it is there."""

from pathlib import Path

import sqlalchemy as sa
from alembic import command, context
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from ledger.kernel.founding import Installation
from ledger.kernel.settings import SettingsError

FOLDER = Path(__file__).resolve().parents[2] / "migrations"


def alembic_config(url: str) -> Config:
    """Alembic's configuration without an ini file."""
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    config.set_main_option("path_separator", "os")
    config.attributes["url"] = url
    return config


def upgrade(url: str, revision: str = "head", *, installation: Installation | None = None) -> None:
    """Run missing migrations; on PostgreSQL, two processes may do so at once.

    A database with a center needs the `installation` that comes to it. Raises SettingsError if that isn't the one that
    founded it; then nothing is changed.
    """
    config = alembic_config(url)
    config.attributes["installation"] = installation
    command.upgrade(config, revision)


def who_migrates() -> Installation:
    """The installation that runs this migration, and founded the database or, before migration 0010, could read it.

    For migrations that need keys. Raises SettingsError if `upgrade` was given none.
    """
    found: Installation | None = context.config.attributes["installation"]
    if found is None:
        raise SettingsError("this database has a center, so only its own installation can migrate it")
    return found


def at_head(engine: sa.Engine) -> bool:
    """Whether the database has the newest schema."""
    head = ScriptDirectory.from_config(alembic_config(str(engine.url))).get_current_head()
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision() == head
