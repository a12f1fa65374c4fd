"""Whatever a command writes is for its owner alone, whatever the umask of the shell says."""

import ast
import os
import re
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from config import load_settings
from ledger.demo.logins import make_logins, write_logins
from ledger.kernel.sqlite_files import file_of, files_of
from tests.cli.restoring import BACKED_UP, crashed, on_a_file, put_in_place, runtime_database
from tests.cli.test_commands import FOUND, Console, console_at
from tests.cli.test_troubles import ARGUMENTS, run
from tests.source import dotted, product
from tests.test_house_rules import fail_on

# File: why it writes past ledger/kernel/private_files.py.
WRITES_ITSELF = {
    "ledger/kernel/private_files.py": "the one place",
    "ledger/kernel/channels.py": "checkpoints are for others: they prove to them that nothing was changed",
    "ledger/kernel/sqlite_files.py": "the lock, which is empty and private",
    "ledger/kernel/sqlite_copies.py": "opens by SQLite what private_files.py has made, and takes its permissions again",
    "ledger/audit/exports/bundle.py": "a member of an archive whose file is private",
}
CALLS = {"open", "os.open", "os.mkdir", "os.makedirs", "sqlite3.connect", "tempfile.mktemp"}
CALLS |= {f"shutil.{name}" for name in ("copy", "copy2", "copyfile", "copytree", "move")}
WRITING = re.compile(r"(?=.*[wax+])[rwaxbt+]{1,3}")
METHODS = {"write_text", "write_bytes", "mkdir", "symlink_to", "hardlink_to"}


@pytest.fixture(autouse=True)
def _open_to_all() -> Iterator[None]:
    """A shell whose new files everybody may read and write."""
    before = os.umask(0)
    yield
    os.umask(before)


def open_to_others(folder: Path) -> list[str]:
    """What lies in a folder and others may look at, with its mode."""
    return sorted(
        f"{path.relative_to(folder)} {stat.filemode(path.stat().st_mode)}"
        for path in folder.rglob("*")
        if path.stat().st_mode & 0o077
    )


def installed_in(folder: Path) -> Console:
    return console_at(f"sqlite:///{folder / 'data' / 'ningxin.sqlite3'}", folder / "data")


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an installation with a center, a backup and a list to import, made in such a shell; to copy."""
    folder, before = tmp_path_factory.mktemp("open") / "installation", os.umask(0)
    console = installed_in(folder)
    assert console.run(*FOUND).exit_code == 0
    assert console.run("backup", str(folder / "copy.backup")).exit_code == 0
    (folder / "list.csv").write_text("姓名,手机\n王桂兰,13805570200\n", encoding="utf-8")
    (folder / "list.csv").chmod(0o600)
    runtime_database().close()
    os.umask(before)
    return folder


@pytest.mark.usefixtures("nothing_starts")
@pytest.mark.parametrize("command", ARGUMENTS)
def test_what_a_command_writes_is_for_its_owner(installation: Path, tmp_path: Path, command: str) -> None:
    folder = tmp_path / "installation"
    shutil.copytree(installation, folder)

    run(installed_in(folder), command, folder)

    assert open_to_others(folder) == []
    assert stat.S_IMODE((folder / "data").stat().st_mode) == 0o700


@on_a_file
def test_files_that_were_open_to_others_are_closed(backed_up: Console, tmp_path: Path) -> None:
    database, folder = file_of(backed_up.settings.database_url), tmp_path / "crash"
    folder.mkdir()
    files = crashed(backed_up, folder)
    runtime_database().close()
    put_in_place(files, database)
    there = [file for file in files_of(database) if file.exists()]
    assert len(there) == 3
    assert all(file.stat().st_mode & 0o077 for file in there)

    assert backed_up.run("user", "list", "--center", BACKED_UP).exit_code == 0

    assert not [file for file in files_of(database) if file.exists() and file.stat().st_mode & 0o077]


def test_log_ins_of_the_demonstration_and_the_secret(tmp_path: Path) -> None:
    made = load_settings({"LEDGER_DATA_FOLDER": str(tmp_path / "there" / "var")})
    write_logins(made.data_folder, make_logins())

    assert open_to_others(tmp_path) == []
    assert {path.name for path in made.data_folder.iterdir()} == {"secret-key", "demo-logins.json"}


def makes_a_file(node: ast.AST) -> bool:
    """Whether it is a call that makes a file or folder with the permissions that the shell leaves."""
    if not isinstance(node, ast.Call):
        return False
    if dotted(node.func) in CALLS:
        return True
    if not isinstance(node.func, ast.Attribute):
        return False
    given = [each for each in (*node.args, *(each.value for each in node.keywords)) if isinstance(each, ast.Constant)]
    opens = node.func.attr == "open" and any(WRITING.fullmatch(str(each.value)) for each in given)
    # Accounts are touched too, but not without saying which.
    return opens or node.func.attr in METHODS or (node.func.attr == "touch" and not node.args)


def test_files_are_written_in_one_place() -> None:
    found = [(source, node) for source in product() for node in source.nodes() if makes_a_file(node)]
    fail_on(
        (source.at(node) for source, node in found if source.path not in WRITES_ITSELF),
        "Write files by ledger/kernel/private_files.py, which makes them for their owner alone; what is meant for "
        "others goes into WRITES_ITSELF with the reason.",
    )
    stale = WRITES_ITSELF.keys() - {source.path for source, _node in found}
    fail_on(stale, "These write nothing by themselves any more: take them off.")
