"""Every command × every trouble of a database: it goes on where it can, and says in one sentence why not elsewhere."""

import re
import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from click.testing import Result

from ledger.cli import commands
from ledger.kernel.migrations import upgrade
from ledger.kernel.sqlite_files import file_of
from tests.cli.powers import full_disk, no_power_over_files
from tests.cli.restoring import on_a_file, runtime_database
from tests.cli.test_commands import FOUND, PHONE, Console, console_at
from tests.cli.test_strangers import all_commands

COPY, OUT, LIST = "{folder}/copy.backup", "{folder}/out", "{folder}/list.csv"
ON_SERVER = ("--center", "柳荫社区", "--reason", "补一张")
# What is typed after each command. A new one needs a row here, and one in GOES_ON if it works in a trouble.
ARGUMENTS: dict[str, tuple[str, ...]] = {
    "init": FOUND[1:],
    "migrate": (),
    "serve": (),
    "scheduler": (),
    "demo": (),
    "verify": (),
    "seal": (),
    "export hledger": (OUT,),
    "export beancount": (OUT,),
    "export bundle": (OUT,),
    "backup": (OUT,),
    "restore": ("--force", COPY),
    "certificate": ("127.0.0.1",),
    "receipts": ("LY-2026-000318",),
    "user list": (),
    "user grant": ("13800138000", "clerk", "--name", "陈晓燕", "--household", "none", *ON_SERVER),
    "user code": (PHONE, *ON_SERVER),
    "user revoke": (PHONE, *ON_SERVER),
    "user remove-factor": (PHONE, *ON_SERVER),
    "import volunteers": (LIST,),
}
# Not one sentence, but a report of all: tests/cli/test_doctor.py takes it through the same troubles.
REPORTS = "doctor"
MAKE_TABLES = {"init", "migrate", "demo"}
# The commands that work in a trouble; `demo` and `init` may find something else to say.
GOES_ON: dict[str, set[str]] = {
    "the folder is missing": {"certificate"},
    "there is no database": {"certificate", "restore", *MAKE_TABLES},
    "it has no tables": {"certificate", "restore", *MAKE_TABLES},
    "it is older": {"certificate", "restore", "backup", *MAKE_TABLES},
    "it is newer": {"certificate", "restore", "backup"},
    "it is no database": {"certificate", "restore"},
    "it is damaged": {"certificate", "restore"},
    "it is a folder": {"certificate", "restore"},
    "it may not be written": set(),
    "the disk is full": set(),
}
SAYS = {
    "the folder is missing": "there is no folder .*nowhere: make it",
    "there is no database": "there is no database at .*: run ningxin migrate",
    "it has no tables": "it is damaged or empty, so restore a backup; only for a new .* run ningxin migrate",
    "it is older": "run ningxin migrate",
    "it is newer": "install the newer version of the program",
    "it is no database": "is damaged, or no database: restore --force",
    "it is damaged": "is damaged, or no database: restore --force",
    "it is a folder": "can't be opened or written: it and its folder must belong|Is a directory",
    "it may not be written": "can't be opened or written: it and its folder must belong|Permission denied",
    "the disk is full": "can't be written: make room on the disk|File too large|could not be written|can't be used",
}
# Reading, or nothing to write, is enough for some.
MAY_GO_ON = {"the disk is full"}


@pytest.fixture
def installation(backed_up: Console, tmp_path: Path) -> Iterator[Console]:
    """An installation with a backup and a list to import."""
    (tmp_path / "list.csv").write_text("姓名,手机\n王桂兰,13805570200\n", encoding="utf-8")
    yield backed_up
    for path in (file_of(backed_up.settings.database_url), tmp_path):
        if path.is_dir():
            path.chmod(0o700)


def test_every_command_has_its_arguments_here(backed_up: Console) -> None:
    assert {" ".join(words) for words, _command in all_commands(commands)} == {*ARGUMENTS, REPORTS}
    assert GOES_ON.keys() == SAYS.keys()


def run(console: Console, command: str, folder: Path) -> Result:
    shutil.rmtree(folder / "out", ignore_errors=True)
    (folder / "out").unlink(missing_ok=True)
    arguments = [word.format(folder=folder) for word in ARGUMENTS[command]]
    return console.run(*command.split(), *arguments)


def make_trouble(trouble: str, url: str) -> None:
    """Bring the trouble about, in the place of a sound database."""
    database = file_of(url)
    match trouble:
        case "it is newer":
            with runtime_database().writer.begin() as connection:
                connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
        case "it is older":
            database.write_bytes(older_database())
        case "it is damaged":
            with database.open("r+b") as file:
                file.seek(4096)
                file.write(b"\xff" * (database.stat().st_size - 4096))
        case "it is no database":
            database.write_bytes(b"a text of somebody " * 1_000)
        case "it has no tables":
            database.write_bytes(b"")
        case "there is no database" | "it is a folder":
            database.unlink()
            if trouble == "it is a folder":
                database.mkdir()
        case "it may not be written":
            database.chmod(0o400)
            database.parent.chmod(0o500)
    runtime_database().close()


@cache
def older_database() -> bytes:
    """A database of an earlier version of the program."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "older.sqlite3"
        upgrade(f"sqlite:///{path}", "0009")
        return path.read_bytes()


def within(trouble: str) -> AbstractContextManager[None]:
    if trouble == "it may not be written":
        return no_power_over_files()
    return full_disk(8_192) if trouble == "the disk is full" else nullcontext()


@on_a_file
@pytest.mark.usefixtures("nothing_starts")
@pytest.mark.parametrize("trouble", SAYS)
def test_a_trouble_is_one_sentence_of_each_command(installation: Console, tmp_path: Path, trouble: str) -> None:
    runtime_database().close()
    sound, folder = file_of(installation.settings.database_url), tmp_path / "data"
    folder.mkdir()
    place = folder / sound.name if trouble != "the folder is missing" else folder / "nowhere" / sound.name
    console = console_at(f"sqlite:///{place}", folder)
    for command in ARGUMENTS:
        folder.chmod(0o700)
        for left in folder.iterdir():
            shutil.rmtree(left) if left.is_dir() else left.unlink()
        if place.parent.is_dir():
            shutil.copyfile(sound, place)
            make_trouble(trouble, console.settings.database_url)
        with within(trouble):
            result = run(console, command, tmp_path)
        assert_told(result, command, trouble)


def assert_told(result: Result, command: str, trouble: str) -> None:
    """The command went on, or ended with the trouble's sentence."""
    what = f"{command}, {trouble}"
    said = sentence_of(result, what)
    if command in GOES_ON[trouble]:
        assert said is None or re.search("no demonstration log-ins|there is already a center", said), what
    elif said is None:
        assert trouble in MAY_GO_ON, what
    else:
        assert re.search(SAYS[trouble], said), what


def sentence_of(result: Result, what: str) -> str | None:
    """The one sentence of a command that failed; None if it went on."""
    assert result.exception is None or isinstance(result.exception, SystemExit), f"{what}: {result.exception!r}"
    if result.exit_code == 0:
        return None
    lines = [line for line in result.stderr.splitlines() if line]
    assert (result.exit_code, len(lines)) == (1, 1), f"{what}: {result.output}"
    assert lines[0].startswith("Error: "), f"{what}: {lines[0]}"
    return lines[0]
