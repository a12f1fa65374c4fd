"""A command finds its installation whatever folder it is typed in; where there is none, it writes nothing."""

import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from config import load_settings, read_environment
from ledger.cli import FOUNDING, commands
from ledger.kernel.settings import SettingsError
from ledger.kernel.settings_home import home
from ningxin import make_application
from tests.cli.test_strangers import all_commands, typed

SAYS = "no village.env here, and no installation in {}: set LEDGER_ENV_FILE or go to the folder of yours"


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with nothing in it, in which commands are typed."""
    for name in os.environ:
        if name.startswith("LEDGER_"):
            monkeypatch.delenv(name)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    return tmp_path / "elsewhere"


def test_a_command_that_finds_nothing_is_refused_and_writes_nothing(
    elsewhere: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It left a secret wherever it was typed, and told people to make a second book there."""
    monkeypatch.setenv("LEDGER_DATA_FOLDER", "var")
    for words, command in all_commands(commands):
        if words[0] in FOUNDING or words == ("certificate",):
            continue
        result = CliRunner().invoke(commands, [*words, *typed(command, tmp_path)], obj=make_application)
        assert result.exit_code == 1, words
        assert SAYS.format(elsewhere / "var") in result.output, words
        assert list(elsewhere.iterdir()) == [], words
    shown = CliRunner().invoke(commands, ["demo", "--logins"], obj=make_application)
    assert (shown.exit_code, list(elsewhere.iterdir())) == (1, [])


def test_certificates_are_made_before_there_is_a_secret(elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEDGER_DATA_FOLDER", "var")
    assert CliRunner().invoke(commands, ["certificate", "127.0.0.1"], obj=make_application).exit_code == 0
    assert [each.name for each in (elsewhere / "var").iterdir()] == ["tls"]


def test_a_checkout_is_found_from_any_folder(elsewhere: Path, tmp_path: Path) -> None:
    checkout = tmp_path / "checkout"
    checkout.mkdir()
    assert home(checkout) == elsewhere, "what is installed without a checkout knows the present folder alone"
    (checkout / "pyproject.toml").touch()
    assert home(checkout) == checkout


@pytest.mark.parametrize("has", ["village.env", "var/village.env", "var/secret-key", "var/ningxin.sqlite3"])
def test_the_installation_of_the_present_folder_comes_first(elsewhere: Path, tmp_path: Path, has: str) -> None:
    (tmp_path / "pyproject.toml").touch()
    (elsewhere / has).parent.mkdir(exist_ok=True)
    (elsewhere / has).touch()
    assert home(tmp_path) == elsewhere


def test_the_checkouts_own_settings_are_read(elsewhere: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / "village.env").write_text("LEDGER_PORT=8443\nLEDGER_TLS_CERT=a\nLEDGER_TLS_KEY=b\n")
    monkeypatch.setattr("config.__file__", str(tmp_path / "config.py"))
    with pytest.raises(SettingsError, match="no installation in"):
        load_settings(read_environment(), missing="refused")
    found = load_settings(read_environment())
    assert (found.port, found.data_folder, found.tls_cert) == (8443, tmp_path / "var", tmp_path / "a")
    assert list(elsewhere.iterdir()) == []
