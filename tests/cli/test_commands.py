"""The commands: what they do, and that a failure is one sentence on stderr and exit code 1."""

import os
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask

from config import load_settings
from ledger.app import create_app
from ledger.demo.logins import make_logins, write_logins
from ledger.kernel import runtime
from ledger.kernel.actor import SYSTEM_IDENTITY
from ledger.kernel.database import Database
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.migrations import at_head
from ledger.kernel.paging import PageRequest
from ledger.kernel.settings import Settings, SettingsError
from ledger.organisations import queries as organisations
from ledger.organisations.service import create_center
from ledger.people.access import sessions
from ledger.people.access.credentials import open_session, set_password_with_code
from ledger.people.access.events import PASSWORD_SET, list_events
from ledger.people.access.passwords import hash_password, password_is_right
from ledger.places import queries as places
from ledger.rules.queries import all_rules
from tests.commands import invoke, line
from tests.crash.server import ROOT
from tests.log_ins import log_in_of
from tests.runtimes import TEST_SECRET

PHONE = "13805570123"
WHY = ("--center", "柳荫社区", "--reason", "另一位管理员走了")
FOUND = ("init", "--center", "柳荫社区", "--name", "李建国", "--phone", PHONE, "--household", "none")


class Console:
    """The command line of one installation."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.settings: Settings = app.config["SETTINGS"]
        # Queries of the test itself go there.
        runtime.use(app.extensions["runtime"])

    def run(self, *command: str, typed: str | None = None) -> Result:
        """Run `ningxin …`."""
        return invoke(self.app, *command, typed=typed)

    def fails(self, *command: str) -> str:
        """Run a command that must fail; returns its one sentence."""
        result = self.run(*command)
        assert result.exit_code == 1, result.output
        assert "Traceback" not in result.output
        [line] = [line for line in result.stderr.splitlines() if line]
        return line


def console_at(url: str, folder: Path) -> Console:
    """The command line of an installation on a database."""
    environment = {"LEDGER_DATABASE_URL": url, "LEDGER_SECRET_KEY": TEST_SECRET, "LEDGER_DATA_FOLDER": str(folder)}
    return Console(create_app(load_settings(environment), database=Database(url)))


@pytest.fixture
def bare(empty_database_url: str, tmp_path: Path) -> Console:
    """An installation whose database has no tables yet."""
    return console_at(empty_database_url, tmp_path)


def test_migrate_brings_the_schema_and_says_when_it_is_there(bare: Console) -> None:
    assert "Migrated" in bare.run("migrate").output
    assert at_head(runtime.current().database.writer)
    assert "is the newest" in bare.run("migrate").output


def test_nothing_is_served_on_an_old_schema(bare: Console) -> None:
    assert "run ningxin migrate" in bare.fails("serve")
    assert "run ningxin migrate" in bare.fails("scheduler")


def test_init_makes_center_administrator_and_rule_in_an_empty_database(bare: Console) -> None:
    result = bare.run(*FOUND)

    assert result.exit_code == 0, result.output
    code = re.search(r"Activation code: (\S+)", result.output)
    assert code is not None
    center = in_snapshot(organisations.only_center)
    assert (center.name, center.is_demonstration) == ("柳荫社区", False)
    assert [rule.number for rule in in_snapshot(all_rules, center.id)] == [1]
    in_transaction(
        set_password_with_code, phone=PHONE, code=code[1], password_hash=hash_password("ein langes Wort", phone=PHONE)
    )
    login = log_in_of(PHONE)
    assert [role.role for role in in_snapshot(sessions.roles_of, login.identity_id, center.id)] == ["admin"]


def test_init_asks_for_a_password_where_it_is_told_to(console: Console) -> None:
    result = console.run(*FOUND, "--password", typed="ein langes Wort\nein langes Wort\n")

    assert result.exit_code == 0, result.output
    assert "ein langes Wort" not in result.output
    login = log_in_of(PHONE)
    assert password_is_right(login.password_hash, "ein langes Wort")
    center_id = in_snapshot(organisations.only_center).id
    kept = in_snapshot(list_events, center_id, identity_id=login.identity_id, request=PageRequest()).items
    assert [(each.kind, each.made_by) for each in kept if each.kind.startswith("password")] == [
        (PASSWORD_SET, SYSTEM_IDENTITY)
    ]


def test_init_does_nothing_twice(founded: Console) -> None:
    other = ("--center", "竹溪社区", "--name", "马海峰", "--phone", "13805570124", "--household", "none")
    said = founded.fails("init", *other)

    assert "柳荫社区" in said
    assert [center.name for center in in_snapshot(places.centers)] == ["柳荫社区"]


def test_init_refuses_a_phone_number_that_nobody_can_have(console: Console) -> None:
    assert "people.phone_invalid" in console.fails(*FOUND[:6], "10000000001", *FOUND[7:])
    assert in_snapshot(places.centers) == []


def test_user_lists_gives_a_code_and_ends_log_ins(founded: Console) -> None:
    center_id = in_snapshot(organisations.only_center).id
    login = log_in_of(PHONE)
    opened = in_transaction(open_session, login.identity_id, kind="device", center_id=center_id)

    assert founded.run("user", "list").output == f"{PHONE}\t李建国\tadmin\tno password yet\n"
    assert re.search(r"Activation code: \S+-\S+-\S+ ", founded.run("user", "code", PHONE, *WHY).output)
    assert in_snapshot(sessions.load_actor, opened.token) is not None
    assert founded.run("user", "revoke", PHONE, *WHY).exit_code == 0
    assert in_snapshot(sessions.load_actor, opened.token) is None
    assert "people.identity_not_found" in founded.fails("user", "revoke", "13900000000", *WHY)


def test_commands_that_need_a_center_say_so(console: Console) -> None:
    assert "organisations.center_not_found" in console.fails("user", "list")


def test_import_of_volunteers_ends_with_its_result(founded: Console, tmp_path: Path) -> None:
    good, bad = tmp_path / "good.csv", tmp_path / "bad.csv"
    good.write_text("姓名,手机\n王桂兰,13805570200\n", encoding="utf-8")
    bad.write_text("姓名,手机\n王桂兰,123\n", encoding="utf-8")

    assert founded.run("import", "volunteers", str(good)).exit_code == 0
    assert founded.run("import", "volunteers", str(bad)).exit_code == 1


def test_verify_ends_well_on_sound_books(founded: Console) -> None:
    result = founded.run("verify")

    assert result.exit_code == 0, result.output
    assert "no difference" in result.output


def test_certificates_are_named_by_their_settings(console: Console) -> None:
    result = console.run("certificate", "192.168.1.10")

    assert result.exit_code == 0
    named = dict(line.split("=", 1) for line in result.output.splitlines() if "=" in line)
    assert all(Path(path).is_file() for path in named.values())
    assert set(named) == {"LEDGER_TLS_CERT", "LEDGER_TLS_KEY"}


def test_demo_prints_its_log_ins_again_only_where_it_is(console: Console) -> None:
    write_logins(console.settings.data_folder, make_logins())

    assert "run ningxin demo first" in console.fails("demo", "--logins")
    in_transaction(create_center, name="演示区", is_demonstration=True)
    table, listed = console.run("demo", "--logins").output, console.run("demo", "--logins", "--json").output
    assert table.count("password") == 6
    assert '"role": "station_manager"' in listed
    assert '"card_url": "http://127.0.0.1:8000/K#' in listed


def test_demo_and_serve_demo_never_run_in_production(console: Console) -> None:
    console.app.config["SETTINGS"] = replace(console.settings, environment="production")

    assert "LEDGER_ENV=production" in console.fails("demo", "--small")
    assert "LEDGER_ENV=production" in console.fails("serve", "--demo")


def test_a_database_that_can_not_be_reached_is_one_sentence(tmp_path: Path) -> None:
    console = console_at(f"sqlite:///{tmp_path}/no-such-folder/ledger.sqlite3", tmp_path)

    assert console.fails("user", "list").startswith("Error: ")
    assert console.fails("migrate").startswith("Error: ")


def test_a_wrong_setting_is_one_sentence(tmp_path: Path) -> None:
    """Even if it is found so early that the application can't be created."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LEDGER_")}
    environment |= {"LEDGER_DATA_FOLDER": str(tmp_path), "LEDGER_ENV": "production"}
    done = subprocess.run(line("migrate"), cwd=ROOT, env=environment, capture_output=True, text=True)

    assert done.returncode == 1
    assert done.stderr == "Error: production needs LEDGER_SECRET_KEY and LEDGER_BASE_URL; see the README, Settings\n"


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("LEDGER_PORT", "eighty", "LEDGER_PORT"),
        ("LEDGER_TIMEZONE", "Asia/Nowhere", "LEDGER_TIMEZONE"),
        ("LEDGER_ENV", "test", "development or production"),
        ("LEDGER_TLS_CERT", "server.crt", "go together"),
        *(
            ("LEDGER_DATABASE_URL", url, "LEDGER_DATABASE_URL must be postgresql")
            for url in ("nonsense", "mysql://a:b@c/d", "sqlite://", "sqlite:///book.sqlite3", "postgresql://a:b@c:x/d")
        ),
    ],
)
def test_settings_that_can_not_be_are_named(tmp_path: Path, name: str, value: str, says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        load_settings({"LEDGER_DATA_FOLDER": str(tmp_path), name: value})


def test_with_a_certificate_codes_point_to_https(tmp_path: Path) -> None:
    both = {"LEDGER_TLS_CERT": "a.crt", "LEDGER_TLS_KEY": "a.key", "LEDGER_DATA_FOLDER": str(tmp_path)}

    assert load_settings(both).base_url == "https://127.0.0.1:8000"


def test_a_backup_brings_everything_back(founded: Console, tmp_path: Path) -> None:
    copy = tmp_path / "copy.backup"
    result = founded.run("backup", str(copy))
    assert result.exit_code == 0, result.output
    in_transaction(create_center, name="竹溪社区")

    assert "is there already" in founded.fails("backup", str(copy))
    assert "--force" in founded.fails("restore", str(copy))
    result = founded.run("restore", "--force", str(copy))

    assert result.exit_code == 0, result.output
    kept = re.search(r"kept as (\S+)\.", result.output)
    assert kept is not None
    assert Path(kept[1]).is_file()
    assert [center.name for center in in_snapshot(places.centers)] == ["柳荫社区"]
    assert founded.run("verify").exit_code == 0


@pytest.mark.parametrize("own_database_url", ["sqlite"], indirect=True)
def test_restore_refuses_what_is_no_backup(founded: Console, tmp_path: Path) -> None:
    nothing, text, other = tmp_path / "nothing", tmp_path / "text", tmp_path / "other"
    text.write_text("no database at all, though long enough to be looked at " * 100)
    shutil.copyfile(founded.settings.database_url.removeprefix("sqlite:///"), other)
    other.write_bytes(other.read_bytes()[:40_000])

    for file in (nothing, text, other):
        assert str(file) in founded.fails("restore", "--force", str(file))
    assert [center.name for center in in_snapshot(places.centers)] == ["柳荫社区"]


@pytest.mark.parametrize("own_database_url", ["sqlite"], indirect=True)
def test_restore_waits_for_nobody_who_still_serves(founded: Console, tmp_path: Path) -> None:
    copy = tmp_path / "copy.backup"
    assert founded.run("backup", str(copy)).exit_code == 0
    server = Database(founded.settings.database_url)

    with server.snapshot() as session:
        places.centers(session)
        assert "stop the service first" in founded.fails("restore", "--force", str(copy))
    server.close()


def test_a_backup_into_an_empty_place_needs_no_force(founded: Console, empty_database_url: str, tmp_path: Path) -> None:
    copy = tmp_path / "copy.backup"
    assert founded.run("backup", str(copy)).exit_code == 0
    empty = console_at(empty_database_url, tmp_path)
    if copy.read_bytes().startswith(b"SQLite") != empty_database_url.startswith("sqlite"):
        assert "Error" in empty.fails("restore", str(copy))
        return

    assert empty.run("restore", str(copy)).exit_code == 0
    assert empty.run("user", "list").output.startswith(PHONE)


@pytest.mark.parametrize("own_database_url", [pytest.param("postgresql", marks=pytest.mark.postgres)], indirect=True)
def test_a_tool_that_is_missing_is_named(founded: Console, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    assert "pg_dump is not on the PATH" in founded.fails("backup", str(tmp_path / "copy.backup"))
    assert not list(tmp_path.glob("copy*"))
