"""What operators read where they mistype or have unplugged something, and where the service listens."""

from dataclasses import replace
from pathlib import Path

import pytest

from config import load_settings
from ledger.kernel import postgres_copies
from ledger.kernel.founding import Founded, Installation, refuse_founded
from ledger.kernel.keyring import Keyring
from ledger.kernel.settings import SettingsError
from ledger.kernel.sqlite_files import file_of
from tests.cli.restoring import on_a_file
from tests.cli.test_commands import FOUND, Console, console_at
from tests.runtimes import TEST_SECRET


def test_a_center_without_a_name_makes_no_database(tmp_path: Path) -> None:
    console = console_at(f"sqlite:///{tmp_path}/ningxin.sqlite3", tmp_path)
    words = [" " if word == "柳荫社区" else word for word in FOUND]
    assert "the center's name can't be empty" in console.fails(*words)
    assert not file_of(console.settings.database_url).exists()


@on_a_file
def test_a_stick_that_is_not_there(founded: Console, tmp_path: Path) -> None:
    assert "is the stick plugged in?" in founded.fails("backup", str(tmp_path / "stick" / "a.backup"))


@on_a_file
@pytest.mark.usefixtures("nothing_starts")
def test_serve_says_where_it_listens_if_the_address_does_not(founded: Console) -> None:
    here = replace(founded.settings, host="127.0.0.1", port=21950)
    founded.app.config["SETTINGS"] = replace(here, base_url="https://jf.example.org")
    assert "listening on 127.0.0.1, port 21950" in founded.run("serve").output
    founded.app.config["SETTINGS"] = replace(here, base_url="http://127.0.0.1:21950")
    assert "listening" not in founded.run("serve").output


def test_a_copy_of_development_is_not_followed_by_init() -> None:
    there = Founded("development", "Asia/Shanghai", "salt", "value")
    here = Installation(Keyring(TEST_SECRET), "production", "Asia/Shanghai")
    with pytest.raises(SettingsError, match=r"take a backup of this installation$"):
        refuse_founded(there, here, called=Path("a.backup"), is_copy=True)
    with pytest.raises(SettingsError, match=r"then run init$"):
        refuse_founded(there, here, called=Path("ningxin.sqlite3"))


@pytest.mark.parametrize("password", ["ab@cd", "a@b@c", "ab@cd/ef"])
def test_a_bare_at_sign_in_a_password_is_known_for_one(tmp_path: Path, password: str) -> None:
    address = f"postgresql+psycopg://ningxin:{password}@127.0.0.1/ningxin"
    with pytest.raises(SettingsError, match="write %40 for one in the password") as refused:
        load_settings({"LEDGER_DATA_FOLDER": str(tmp_path), "LEDGER_DATABASE_URL": address})
    assert "cd" not in refused.value.message.replace("code", "")
    good = address.replace(password, password.replace("@", "%40").replace("/", "%2F"))
    load_settings({"LEDGER_DATA_FOLDER": str(tmp_path), "LEDGER_DATABASE_URL": good})


def test_the_addresss_password_goes_before_that_of_the_terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool = tmp_path / "pg_dump"
    tool.write_text('#!/bin/sh\necho "pg_dump: error: [$PGPASSWORD]" >&2\nexit 1\n')
    tool.chmod(0o700)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setenv("PGPASSWORD", "of the terminal")
    for password, seen in ((":own", r"\[\]"), ("", r"\[of the terminal\]")):
        address = f"postgresql+psycopg://ningxin{password}@127.0.0.1/ningxin"
        with pytest.raises(SettingsError, match=seen):
            postgres_copies.dump(address, tmp_path / f"out{len(password)}")
