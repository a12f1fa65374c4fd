"""The tests' databases are real, empty and separate."""

import pytest
import sqlalchemy as sa

from ledger.kernel.migrations import at_head
from ledger.tables import metadata
from tests.databases import (
    MEMORY,
    PostgresServer,
    drop_postgres_database,
    fresh_postgres_database,
    has_room_in_memory,
)


def test_database_is_empty_and_takes_chinese(empty_database_url: str) -> None:
    engine = sa.create_engine(empty_database_url)
    assert sa.inspect(engine).get_table_names() == []
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE places (name VARCHAR(20))"))
        connection.execute(sa.text("INSERT INTO places VALUES (:name)"), {"name": "演示区"})
    with engine.begin() as connection:
        assert connection.execute(sa.text("SELECT name FROM places")).scalar_one() == "演示区"
    engine.dispose()


def test_own_database_has_the_newest_schema(own_database_url: str) -> None:
    engine = sa.create_engine(own_database_url)
    assert at_head(engine)
    assert set(sa.inspect(engine).get_table_names()) == {*metadata.tables, "alembic_version"}
    engine.dispose()


@pytest.mark.skipif(not has_room_in_memory(), reason="no room in memory on this machine")
@pytest.mark.parametrize("own_database_url", ["sqlite"], indirect=True)
def test_a_database_lies_in_memory(own_database_url: str) -> None:
    assert str(MEMORY) in own_database_url


@pytest.mark.crash
@pytest.mark.parametrize("own_database_url", ["sqlite"], indirect=True)
def test_where_processes_are_killed_it_lies_on_disk(own_database_url: str) -> None:
    assert str(MEMORY) not in own_database_url


@pytest.mark.postgres
def test_database_from_template_has_its_rows_and_is_apart(postgres: PostgresServer) -> None:
    template = fresh_postgres_database(postgres)
    _execute(template, "CREATE TABLE numbers AS SELECT 7 AS number")
    copy = fresh_postgres_database(postgres, template=template.rpartition("/")[2])
    _execute(copy, "UPDATE numbers SET number = 8")
    assert _execute(template, "SELECT number FROM numbers") == 7
    assert _execute(copy, "SELECT number FROM numbers") == 8
    for url in (copy, template):
        drop_postgres_database(postgres, url)


def _execute(url: str, statement: str) -> object:
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        result = connection.execute(sa.text(statement))
        value = result.scalar_one() if result.returns_rows else None
    engine.dispose()
    return value
