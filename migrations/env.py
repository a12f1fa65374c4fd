"""Alembic's entry: one connection, one transaction per migration, a lock against a second process."""

import sqlalchemy as sa
from alembic import context

from ledger.tables import metadata

attributes = context.config.attributes
engine = sa.create_engine(attributes["url"], poolclass=sa.pool.NullPool)

with engine.connect() as connection:
    context.configure(
        connection=connection,
        target_metadata=metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        compare_type=True,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("SELECT pg_advisory_xact_lock(727001)")
        context.run_migrations()
