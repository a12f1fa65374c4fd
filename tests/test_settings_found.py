"""A terminal finds the settings of the installation by itself, and no setting goes unnoticed."""

import ast
import os
import re
from pathlib import Path

import pytest

from config import NAMES, load_settings, read_environment
from ledger.kernel.settings import SettingsError
from tests.source import ROOT, product, strings
from tests.test_house_rules import fail_on

SECRET = "5d0b9a3c7e1f48628c04e7b1d95fa632"
LINES = f"LEDGER_ENV=production\nLEDGER_SECRET_KEY={SECRET}\nLEDGER_BASE_URL=https://192.168.1.10:8443\nLEDGER_PROXY=127.0.0.1\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty data folder inside another, named by the environment and nothing else."""
    for name in os.environ:
        if name.startswith("LEDGER_"):
            monkeypatch.delenv(name)
    data = tmp_path / "installation" / "var"
    data.mkdir(parents=True)
    monkeypatch.setenv("LEDGER_DATA_FOLDER", str(data))
    return data


def write(file: Path, text: str = LINES, *, mode: int = 0o600) -> Path:
    file.write_text(text, encoding="utf-8")
    file.chmod(mode)
    return file


@pytest.mark.parametrize("where", [".", ".."])
def test_the_file_is_found_in_the_data_folder_or_next_to_it(folder: Path, where: str) -> None:
    write(folder / where / "village.env")
    assert load_settings(read_environment()).secret_key == SECRET


def test_it_is_found_where_the_readme_puts_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the folder of the commands, whose data folder is `var` unless something else is said."""
    monkeypatch.delenv("LEDGER_DATA_FOLDER")
    monkeypatch.chdir(folder.parent)
    write(folder.parent / "village.env")
    found = load_settings(read_environment())
    assert (found.production, found.data_folder) == (True, folder)


def test_a_named_file_leads_to_the_same_data_from_any_folder(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = "LEDGER_TLS_CERT=var/tls/server.crt\nLEDGER_TLS_KEY=/etc/server.key\nLEDGER_CHECKPOINT_FOLDER=kept\n"
    named = write(folder.parent / "city.env", LINES + lines)
    monkeypatch.delenv("LEDGER_DATA_FOLDER")
    monkeypatch.chdir(folder.parent)
    monkeypatch.setenv("LEDGER_ENV_FILE", "city.env")
    here = load_settings(read_environment())
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LEDGER_ENV_FILE", str(named))

    assert load_settings(read_environment()) == here
    assert (here.data_folder, here.file) == (folder, named)
    assert (here.tls_cert, here.tls_key) == (folder / "tls" / "server.crt", Path("/etc/server.key"))
    assert here.checkpoints.folder == folder.parent / "kept"


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("sqlite:///book.sqlite3", "sqlite:///{folder}/book.sqlite3"),
        ("sqlite:////srv/book.sqlite3", "sqlite:////srv/book.sqlite3"),
        ("postgresql+psycopg://localhost/book", "postgresql+psycopg://localhost/book"),
    ],
)
def test_a_database_in_a_file_counts_from_the_file(folder: Path, said: str, meant: str) -> None:
    write(folder / "village.env", f"LEDGER_DATABASE_URL={said}\n")
    assert load_settings(read_environment()).database_url == meant.format(folder=folder)


def test_without_a_file_the_environment_is_all_there_is(folder: Path) -> None:
    assert read_environment() == dict(os.environ)
    assert not load_settings(read_environment()).production


def test_two_files_are_refused(folder: Path) -> None:
    write(folder / "village.env")
    write(folder.parent / "village.env")
    with pytest.raises(SettingsError, match="two settings files"):
        read_environment()


def test_a_named_file_overrules_what_is_found_and_the_environment_overrules_both(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(folder / "village.env", "LEDGER_PORT=1\nLEDGER_HOST=a.example\n")
    named = write(tmp_path / "city.env", "LEDGER_PORT=2\nLEDGER_THREADS=8\n")
    monkeypatch.setenv("LEDGER_ENV_FILE", str(named))
    monkeypatch.setenv("LEDGER_THREADS", "9")

    found = load_settings(read_environment())

    assert (found.port, found.host, found.threads) == (2, "127.0.0.1", 9)


def test_a_named_file_that_is_missing_is_not_replaced_by_a_found_one(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(folder / "village.env")
    monkeypatch.setenv("LEDGER_ENV_FILE", str(folder / "city.env"))
    with pytest.raises(SettingsError, match=r"city\.env can't be read"):
        read_environment()


@pytest.mark.parametrize("mode", [0o644, 0o604, 0o660, 0o602, 0o666])
@pytest.mark.parametrize("named", [True, False])
def test_production_refuses_a_file_that_is_open_to_others(
    folder: Path, monkeypatch: pytest.MonkeyPatch, mode: int, named: bool
) -> None:
    file = write(folder / "village.env", mode=mode)
    if named:
        monkeypatch.setenv("LEDGER_ENV_FILE", str(file))
    with pytest.raises(SettingsError, match=f"type chmod 600 {re.escape(str(file))}"):
        read_environment()


@pytest.mark.parametrize("mode", [0o600, 0o400, 0o640])
def test_its_owner_and_a_group_of_readers_may_read_it(folder: Path, mode: int) -> None:
    write(folder / "village.env", mode=mode)
    assert read_environment()["LEDGER_ENV"] == "production"


def test_development_takes_a_file_that_others_read(folder: Path) -> None:
    write(folder / "village.env", "LEDGER_PORT=8443\n", mode=0o644)
    assert load_settings(read_environment()).port == 8443


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_file_that_somebody_else_laid_there_is_not_taken(folder: Path) -> None:
    os.chown(write(folder.parent / "village.env", mode=0o644), 12345, 12345)
    with pytest.raises(SettingsError, match="belongs to somebody else"):
        read_environment()


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("LEDGER_PROT", "the environment: LEDGER_PROT is no setting; did you mean LEDGER_PORT?"),
        ("LEDGER_BASE_ULR", "did you mean LEDGER_BASE_URL?"),
        ("LEDGER_SECRETKEY", "did you mean LEDGER_SECRET_KEY?"),
        ("ledger_env", "did you mean LEDGER_ENV?"),
        ("LEDGER_WHATEVER_ELSE_THIS_IS", "the README lists them"),
    ],
)
def test_an_unknown_name_in_the_environment_is_refused_with_the_nearest(folder: Path, name: str, says: str) -> None:
    with pytest.raises(SettingsError, match=re.escape(says)):
        load_settings({"LEDGER_DATA_FOLDER": str(folder), name: "1"})


def test_names_of_the_tests_are_nobodys_business(folder: Path) -> None:
    load_settings({"LEDGER_DATA_FOLDER": str(folder), "LEDGER_TEST_ANYTHING": "1", "TZ": "UTC"})


def test_a_file_does_not_name_another_file(folder: Path) -> None:
    write(folder / "village.env", "LEDGER_ENV_FILE=city.env\n")
    with pytest.raises(SettingsError, match=r"village\.env:1: LEDGER_ENV_FILE is no setting"):
        read_environment()


@pytest.mark.parametrize("secret", [f" {SECRET}", f"{SECRET}\n", f"{SECRET}\u3000", f"{SECRET}\u200b{SECRET}"])
@pytest.mark.parametrize("kind", ["development", "production"])
def test_a_secret_looks_on_paper_as_it_is(folder: Path, secret: str, kind: str) -> None:
    given = {"LEDGER_ENV": kind, "LEDGER_SECRET_KEY": secret, "LEDGER_BASE_URL": "https://jf.example.org"}
    with pytest.raises(SettingsError, match="LEDGER_SECRET_KEY has a space at its beginning or end, or an invisible"):
        load_settings({"LEDGER_DATA_FOLDER": str(folder)} | given)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("value", ["x ", "\tx", "x\u3000"])
def test_no_setting_ends_in_what_nobody_sees(folder: Path, name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"{name} has a space"):
        load_settings({"LEDGER_DATA_FOLDER": str(folder)} | {name: value})


def test_development_makes_its_secret_once_and_refuses_half_of_it(folder: Path) -> None:
    given = {"LEDGER_DATA_FOLDER": str(folder)}
    secret = load_settings(given).secret_key
    assert (len(secret), load_settings(given).secret_key) == (64, secret)
    file = folder / "secret-key"
    assert file.stat().st_mode & 0o777 == 0o600
    for cut in ("", secret[:20]):
        file.write_text(cut)
        with pytest.raises(SettingsError, match="has no whole secret"):
            load_settings(given)
    file.unlink()
    file.mkdir()
    with pytest.raises(SettingsError, match=r"secret-key, can't be had"):
        load_settings(given)


def test_a_data_folder_that_can_not_be_made_is_named(folder: Path) -> None:
    write(folder / "file", "")
    with pytest.raises(SettingsError, match="can't be made: Not a directory"):
        load_settings({"LEDGER_DATA_FOLDER": str(folder / "file" / "var")})


def names_in(text: str) -> set[str]:
    return set(re.findall(r"\bLEDGER_[A-Z0-9_]*[A-Z0-9]\b", text)) - {"LEDGER_TEST"}


def test_the_list_of_names_is_what_config_reads_and_the_readme_explains() -> None:
    """A setting that the list lacks would be refused wherever it is set; one that is read nowhere would do nothing."""
    [config] = [source for source in product() if source.path == "config.py"]
    listed = next(
        statement.value
        for statement in config.tree.body
        if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == "NAMES"
    )
    inside = {id(node) for node in ast.walk(listed)}
    read = {str(node.value) for node in strings(config) if id(node) not in inside}
    fail_on({name for name in read if name in names_in(name)} - {*NAMES}, "config.py reads it: add it to NAMES.")
    fail_on({*NAMES} - read, "config.py reads it nowhere: take it off NAMES.")
    readme = names_in((ROOT / "README.md").read_text(encoding="utf-8"))
    fail_on({*NAMES} - readme, "Explain it in the README, Settings.")
    fail_on(readme - {*NAMES}, "The README names a setting that is none.")


def test_sentences_name_only_settings_that_there_are() -> None:
    fail_on(
        (
            f"{source.at(node)} {name}"
            for source in product()
            for node in strings(source)
            for name in names_in(str(node.value)) - {*NAMES}
        ),
        "No such setting: config.NAMES lists them.",
    )
