"""Migrates a database to the newest schema, and checks whether it is there."""

from functools import cache
from pathlib import Path

import sqlalchemy as sa
from alembic import command, context
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from ledger.kernel.engines import is_sqlite, tool_engine
from ledger.kernel.founding import Installation
from ledger.kernel.private_files import make_file
from ledger.kernel.settings import SettingsError
from ledger.kernel.sqlite_files import file_of, finish_restore

NO_TABLES = (
    "holds no tables: it is damaged or empty, so restore a backup; only for a new installation run ningxin migrate, "
    "or init"
)
FOLDER = Path(__file__).resolve().parents[2] / "migrations"


def alembic_config(url: str) -> Config:
    """Alembic's configuration without an ini file."""
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    config.set_main_option("path_separator", "os")
    config.attributes["url"] = url
    return config


def upgrade(url: str, revision: str = "head", *, installation: Installation | None = None) -> bool:
    """Run missing migrations, in a new file if there is none; returns whether there were any.

    On PostgreSQL, two processes may do so at once. A database with a center needs the `installation` that comes to it.
    Raises SettingsError if that isn't the one that founded it, or for a schema newer than this program; then nothing is
    changed. Raises OSError, sa.exc.SQLAlchemyError.
    """
    if is_sqlite(url):
        finish_restore(file_of(url))
        make_file(file_of(url))
    engine = tool_engine(url)
    before = revision_of(engine)
    refuse_newer(before)
    config = alembic_config(url)
    config.attributes["installation"] = installation
    command.upgrade(config, revision)
    return revision_of(engine) != before


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
    return revision_of(engine) == _scripts(FOLDER).get_current_head()


def revision_of(engine: sa.Engine) -> str | None:
    """The schema's revision; None before the first migration."""
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def refuse_newer(revision: str | None) -> None:
    """Raises SettingsError for a schema that this program doesn't know."""
    _refuse_newer(revision, _scripts(FOLDER))


def refuse_unmigrated(engine: sa.Engine) -> None:
    """Raises SettingsError unless the schema is the newest, sa.exc.SQLAlchemyError if that can't be read."""
    revision, scripts = revision_of(engine), _scripts(FOLDER)
    if revision is None:
        raise SettingsError(f"the database {NO_TABLES}")
    _refuse_newer(revision, scripts)
    if revision != scripts.get_current_head():
        raise SettingsError("the database's schema is not the newest: run ningxin migrate")


def _refuse_newer(revision: str | None, scripts: ScriptDirectory) -> None:
    if revision is not None and revision not in {script.revision for script in scripts.walk_revisions()}:
        raise SettingsError(
            f"the database's schema is {revision}, which this program ({scripts.get_current_head()}) does not know: "
            "install the newer version of the program"
        )


@cache
def _scripts(folder: Path) -> ScriptDirectory:
    """The program's migrations, read once: each reading runs the code of all of them."""
    return ScriptDirectory(str(folder))
