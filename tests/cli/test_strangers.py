"""Every command, the servers and /readyz refuse a database of another installation, in one sentence each."""

import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from flask import Flask

from config import load_settings
from ledger import jobs
from ledger.app import create_app
from ledger.cli import commands
from ledger.kernel import runtime
from ledger.kernel.database import Database
from ledger.kernel.db import in_snapshot
from ledger.kernel.migrations import upgrade
from ledger.kernel.settings import SettingsError
from ledger.organisations import queries as organisations
from ledger.web import server
from tests.cli.test_commands import FOUND, PHONE, Console, console_at
from tests.crash.server import Server, free_port
from tests.runtimes import TEST_SECRET

OTHER_SECRET = "the secret of another installation, made up by a terminal"
PRODUCTION = {"LEDGER_ENV": "production", "LEDGER_BASE_URL": "https://jf.example.org", "LEDGER_PROXY": "192.0.2.1"}
# What a stranger's settings say otherwise, and what the sentence must say of it.
STRANGERS = {
    "secret": ({"LEDGER_SECRET_KEY": OTHER_SECRET}, "LEDGER_SECRET_KEY is not the secret of this database"),
    "environment": (PRODUCTION, "was founded in development, and LEDGER_ENV is production"),
    "zone": ({"LEDGER_TIMEZONE": "Asia/Urumqi"}, "set LEDGER_TIMEZONE=Asia/Shanghai"),
}


def app_with(url: str, folder: Path, **parts: str) -> Flask:
    """An application with these settings, besides those of the tests' installation."""
    environment = {"LEDGER_DATABASE_URL": url, "LEDGER_SECRET_KEY": TEST_SECRET, "LEDGER_DATA_FOLDER": str(folder)}
    return create_app(load_settings(environment | parts), database=Database(url))


def all_commands(group: click.Group, *before: str) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """All commands with the words that call them, those inside groups too."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from all_commands(command, *before, name)
        else:
            yield (*before, name), command


def typed(command: click.Command, folder: Path) -> list[str]:
    """Arguments, and options that would be asked for, with values that are taken."""
    words: list[str] = []
    for parameter in command.params:
        if isinstance(parameter, click.Argument):
            path = folder / f"given-{parameter.name}"
            if isinstance(parameter.type, click.Path) and parameter.type.exists:
                path.write_text("姓名,手机\n王桂兰,13805570200\n", encoding="utf-8")
            allowed = getattr(parameter.type, "choices", (PHONE,))
            words.append(str(path) if isinstance(parameter.type, click.Path) else allowed[0])
        elif isinstance(parameter, click.Option) and (parameter.prompt or parameter.required):
            words += [parameter.opts[0], PHONE]
    return words


@pytest.fixture
def founded(own_database: Database, tmp_path: Path) -> Console:
    """An installation with a center."""
    console = console_at(own_database.url, tmp_path)
    assert console.run(*FOUND).exit_code == 0
    return console


@pytest.fixture
def _nothing_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    def start(*_: object, **__: object) -> None:
        raise AssertionError("it was started for a stranger")

    monkeypatch.setattr(jobs, "start", start)
    monkeypatch.setattr(server, "serve", start)


@pytest.mark.usefixtures("_nothing_starts")
@pytest.mark.parametrize("kind", STRANGERS)
def test_every_command_refuses_a_stranger(founded: Console, tmp_path: Path, kind: str) -> None:
    parts, says = STRANGERS[kind]
    stranger = Console(app_with(founded.settings.database_url, tmp_path, **parts))
    there = list(all_commands(commands))
    assert len(there) >= 16
    before = {path.name for path in tmp_path.iterdir()}

    for words, command in there:
        if words == ("doctor",):
            assert says in stranger.run(*words).stdout
            continue
        assert says in stranger.fails(*words, *typed(command, tmp_path)), words

    made = {path.name for path in tmp_path.iterdir() if not path.name.startswith("given-file")} - before
    assert not made, "a command has written something"
    assert stranger.app.test_client().get("/readyz").json == {
        "status": "not ready",
        "reason": stranger.fails("verify").removeprefix("Error: "),
    }


def test_a_terminal_without_settings_does_not_touch_a_production_book(own_database: Database, tmp_path: Path) -> None:
    """It wrote people under a secret that it had made up, and the page of all volunteers was broken by them."""
    village = tmp_path / "village"
    production = Console(app_with(own_database.url, village, **PRODUCTION))
    assert production.run(*FOUND).exit_code == 0
    people = tmp_path / "people.csv"
    people.write_text("姓名,手机\n王桂兰,13805570200\n", encoding="utf-8")
    bare = {"LEDGER_DATABASE_URL": own_database.url, "LEDGER_DATA_FOLDER": str(tmp_path / "somewhere")}
    terminal = Console(create_app(load_settings(bare), database=Database(own_database.url)))

    said = terminal.fails("import", "volunteers", str(people))

    assert said == (
        "Error: this is a production database, and LEDGER_ENV is development: name the settings file of its "
        "installation with LEDGER_ENV_FILE, or put it beside the data as village.env"
    )
    assert terminal.app.test_client().get("/readyz").status_code == 503
    assert production.run("import", "volunteers", str(people)).exit_code == 0


def test_a_page_and_a_phone_hear_that_the_settings_are_wrong(founded: Console, tmp_path: Path) -> None:
    stranger = app_with(founded.settings.database_url, tmp_path, LEDGER_SECRET_KEY=OTHER_SECRET)
    answer = stranger.test_client().get(
        "/volunteers", headers={"Accept": "application/json", "Authorization": "Bearer x"}
    )
    assert (answer.status_code, answer.json["code"]) == (503, "service.other_installation")


def test_readiness_misses_a_row_that_was_taken_out_by_hand(founded: Console) -> None:
    with runtime.current().database.writer.begin() as connection:
        table = " ON founding" if connection.dialect.name == "postgresql" else ""
        name = "founding_no_change" if table else "founding_no_delete"
        connection.exec_driver_sql(f"DROP TRIGGER {name}{table}")
        connection.exec_driver_sql("DELETE FROM founding")

    answer = founded.app.test_client().get("/readyz")

    assert answer.status_code == 503
    assert "the row that says whose it is" in answer.json["reason"]


def test_a_command_that_needs_no_database_makes_none(tmp_path: Path) -> None:
    fresh = Console(app_with(f"sqlite:///{tmp_path}/ledger.sqlite3", tmp_path))
    assert fresh.run("certificate", "192.168.1.10").exit_code == 0
    assert not list(tmp_path.glob("ledger.sqlite3*"))


def test_certificate_needs_no_database_that_answers(tmp_path: Path) -> None:
    away = Console(app_with(f"sqlite:///{tmp_path}/no-such-folder/ledger.sqlite3", tmp_path))
    assert away.run("certificate", "192.168.1.10").exit_code == 0


def test_init_founds_what_it_makes(empty_database_url: str, tmp_path: Path) -> None:
    console = console_at(empty_database_url, tmp_path)
    assert console.run(*FOUND).exit_code == 0
    assert in_snapshot(organisations.only_center).name == "柳荫社区"
    stranger = app_with(empty_database_url, tmp_path, LEDGER_SECRET_KEY=OTHER_SECRET).extensions["runtime"]
    with pytest.raises(SettingsError, match="is not the secret"):
        upgrade(empty_database_url, installation=stranger.installation)


@pytest.mark.crash
@pytest.mark.parametrize("own_database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("program", ["gunicorn", "serve"])
def test_a_server_ends_with_one_sentence(own_database: Database, tmp_path: Path, program: str) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    url = f"sqlite:///{folder / 'ningxin.sqlite3'}"
    founder = console_at(url, folder)
    assert founder.run(*FOUND).exit_code == 0
    port = free_port()
    command = {
        "gunicorn": ("gunicorn", "--bind", f"127.0.0.1:{port}", "--no-control-socket", "wsgi:app"),
        "serve": ("ningxin", "serve"),
    }[program]
    stranger = Server(folder, port=port, command=(sys.executable, "-m", *command))
    stranger.secret = OTHER_SECRET

    with pytest.raises(AssertionError, match="the server does not answer"):
        stranger.start()

    log = (folder / "server.log").read_text()
    assert log.count("Error: LEDGER_SECRET_KEY is not the secret of this database") == 1
    assert "Traceback" not in log
    assert stranger.process is not None
    assert stranger.process.wait(10) in (1, 4)
