"""Check that the migrations create exactly the schema that the code declares, on SQLite and on PostgreSQL.

Alembic's own comparison does not see CHECK constraints, STRICT or triggers, so the migrated schema is also compared
part by part with one created from the metadata.
"""

import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from ledger.kernel.append_only import missing_guards
from ledger.kernel.migrations import at_head, upgrade
from ledger.tables import APPEND_ONLY, metadata
from tests.databases import fresh_postgres_database, postgres_server, sqlite_url

NOT_OURS = {"alembic_version"}


def describe(engine: sa.Engine) -> set[str]:
    """Every part of the schema of a database, each as one line."""
    inspector = sa.inspect(engine)
    parts = set()
    for table in set(inspector.get_table_names()) - NOT_OURS:
        parts |= {f"{table}: column {describe_column(column)}" for column in inspector.get_columns(table)}
        parts.add(f"{table}: primary key {inspector.get_pk_constraint(table)}")
        for kind, found in {
            "unique": inspector.get_unique_constraints(table),
            "check": inspector.get_check_constraints(table),
            "foreign key": inspector.get_foreign_keys(table),
            "index": inspector.get_indexes(table),
        }.items():
            parts |= {f"{table}: {kind} {describe_part(part)}" for part in found}
        parts.add(f"{table}: options {inspector.get_table_options(table)}")
    return parts


def describe_column(column: Mapping[str, Any]) -> str:
    """Name, type, nullability and default of a reflected column."""
    return f"{column['name']} {column['type']!r} nullable={column['nullable']} default={column['default']}"


def describe_part(part: Mapping[str, Any]) -> str:
    """A reflected constraint or index, with order and spacing independent of the database."""
    flat = {**part, **{name: str(value) for name, value in part.get("dialect_options", {}).items()}}
    flat.pop("dialect_options", None)
    return ", ".join(f"{name}={' '.join(str(flat[name]).split())}" for name in sorted(flat))


def differences(migrated: sa.Engine, declared: sa.Engine) -> list[str]:
    """Faults of the migrated database, one line each."""
    with migrated.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        found = [f"autogenerate would: {change}" for change in compare_metadata(context, metadata)]
        found += [f"trigger is missing: {name}" for name in missing_guards(connection, APPEND_ONLY)]
    if not at_head(migrated):
        found.append("the database is not at the newest revision")
    metadata.create_all(declared)
    there, wanted = describe(migrated), describe(declared)
    found += [f"only by the code, not by the migrations: {part}" for part in sorted(wanted - there)]
    found += [f"only by the migrations, not by the code: {part}" for part in sorted(there - wanted)]
    return found


def check(name: str, migrated_url: str, declared_url: str) -> bool:
    """Migrate one empty database, create another from the metadata, compare and print the result."""
    upgrade(migrated_url)
    migrated, declared = sa.create_engine(migrated_url), sa.create_engine(declared_url)
    found = differences(migrated, declared)
    tables = len(metadata.tables)
    print(f"    {name}: {'DIFFERS' if found else f'{tables} tables as declared'}", flush=True)
    for line in found:
        print(f"      {line}")
    migrated.dispose()
    declared.dispose()
    return not found


def main() -> None:
    """Check both databases."""
    with tempfile.TemporaryDirectory() as folder, postgres_server() as server:
        passed = [
            check("SQLite", sqlite_url(Path(folder)), sqlite_url(Path(folder))),
            check("PostgreSQL", fresh_postgres_database(server), fresh_postgres_database(server)),
        ]
    if not all(passed):
        sys.exit("Write a migration (or correct the newest one) so that both agree.")


if __name__ == "__main__":
    main()
