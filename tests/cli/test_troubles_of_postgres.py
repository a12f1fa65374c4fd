"""Every command × every trouble of a PostgreSQL server: an operator reads which one and why, a client hears "busy"."""

import logging
import re
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.cli.restoring import runtime_database
from tests.cli.test_commands import Console, console_at
from tests.cli.test_troubles import ARGUMENTS, run, sentence_of
from tests.databases import PostgresServer, free_port, fresh_postgres_database

pytestmark = [pytest.mark.postgres, pytest.mark.usefixtures("nothing_starts")]
PASSWORD = "p-a:ss'w\\ord"
UNREACHABLE = ("nobody listens", "the password is wrong", "there is no such database", "there is no such user")
SAYS = {
    "nobody listens": r"database 'book' at 127\.0\.0\.1:\d+ for user 'clerk' .*refused",
    "the password is wrong": r"database 'book' at 127\.0\.0\.1:\d+ for user 'clerk' .*password authentication failed",
    "there is no such database": r"database 'nowhere' at 127\.0\.0\.1:\d+ for user 'ledger' .*does not exist",
    "there is no such user": r"database 'postgres' at 127\.0\.0\.1:\d+ for user 'nobody-here' .*does not exist",
    "it has no tables": "run ningxin migrate",
    "it is newer": "install the newer version of the program",
}
GOES_ON: dict[str, set[str]] = {
    **{trouble: {"certificate"} for trouble in UNREACHABLE},
    "it has no tables": {"certificate", "init", "migrate", "demo", "backup"},
    "it is newer": {"certificate", "backup"},
}


@contextmanager
def refusing_server() -> Iterator[int]:
    """A server that asks for a password and refuses it, quoting it, as no real one would; yields its port."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=_refuse_all, args=(listening,), daemon=True).start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)


def _refuse_all(listening: socket.socket) -> None:
    while True:
        try:
            connection, _address = listening.accept()
        except OSError:
            return
        with connection:
            _refuse(connection)


def _refuse(connection: socket.socket) -> None:
    """PostgreSQL's protocol 3: no encryption, a password in the clear, and an error."""
    while (code := struct.unpack("!ii", connection.recv(8))[1]) != 196_608:
        assert code in (80877103, 80877104)
        connection.sendall(b"N")
    connection.recv(4096)
    connection.sendall(b"R" + struct.pack("!ii", 8, 3))
    given = connection.recv(4096)[5:-1].decode()
    said = f'SFATAL\0C28P01\0Mpassword authentication failed for user "clerk" with {given}\0\0'.encode()
    connection.sendall(b"E" + struct.pack("!i", len(said) + 4) + said)


@pytest.fixture(params=SAYS)
def trouble(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def console(trouble: str, postgres: PostgresServer, tmp_path: Path) -> Iterator[Console]:
    """An installation whose database is in that trouble."""
    (tmp_path / "list.csv").write_text("姓名,手机\n王桂兰,13805570200\n", encoding="utf-8")
    with refusing_server() as refusing:
        match trouble:
            case "nobody listens" | "the password is wrong":
                port = free_port() if trouble == "nobody listens" else refusing
                url = address(port, "book", "clerk")
            case "there is no such database":
                url = address(postgres.port, "nowhere", "ledger")
            case "there is no such user":
                url = address(postgres.port, "postgres", "nobody-here")
            case _:
                url = fresh_postgres_database(postgres)
        yield console_at(url, tmp_path)


def address(port: int, database: str, user: str) -> str:
    url = sa.URL.create("postgresql+psycopg", user, PASSWORD, "127.0.0.1", port, database)
    return url.render_as_string(hide_password=False)


def test_a_trouble_is_one_sentence_of_each_command(
    console: Console, trouble: str, postgres: PostgresServer, tmp_path: Path
) -> None:
    for command in ARGUMENTS:
        if trouble == "it is newer":
            make_newer(console)
        elif trouble not in UNREACHABLE and sa.inspect(runtime_database().writer).get_table_names():
            console = console_at(fresh_postgres_database(postgres), tmp_path)
        result = run(console, command, tmp_path)
        assert PASSWORD not in result.output
        said = sentence_of(result, f"{command}, {trouble}")
        if command in GOES_ON[trouble]:
            assert said is None or re.search("no demonstration log-ins", said)
        elif command != "restore":
            assert said is not None
            assert re.search(SAYS[trouble], said), said
        else:
            # It looks at its copy only where it has reached the database.
            assert said is not None


def make_newer(console: Console) -> None:
    with runtime_database().writer.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE IF NOT EXISTS alembic_version (version_num VARCHAR(32))")
        connection.exec_driver_sql("DELETE FROM alembic_version")
        connection.exec_driver_sql("INSERT INTO alembic_version VALUES ('9999')")


@pytest.mark.parametrize("trouble", UNREACHABLE)
def test_a_client_hears_busy_and_an_operator_why(
    console: Console, trouble: str, caplog: pytest.LogCaptureFixture
) -> None:
    client = console.app.test_client()
    with caplog.at_level(logging.ERROR):
        answer = client.get("/api/v1/me", headers={"Accept": "application/json", "Authorization": "Bearer x"})

    assert (answer.status_code, answer.json["code"]) == (503, "service.busy")
    assert int(answer.headers["Retry-After"]) > 0
    assert "127.0.0.1" not in answer.get_data(as_text=True)
    assert [record for record in caplog.records if re.search(SAYS[trouble], record.message)]
    assert PASSWORD not in caplog.text
    ready = client.get("/readyz")
    assert ready.status_code == 503
    assert re.search(SAYS[trouble], ready.json["reason"])
