"""The wheel: it holds all that the service needs, and its `ningxin` works from any folder without a checkout."""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import venv
import zipfile
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from tests.crash.server import ROOT, Server
from tools.wheel_hook import CustomBuildHook, lacking

PIP = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet")
# It is built once, by the process that runs them all.
of_one_wheel = pytest.mark.xdist_group("wheel")
SHIPPED = (
    *("ledger/**/*.py", "ledger/templates/**/*", "ledger/static/**/*", "ledger/translations/**/*.mo"),
    *("migrations/**/*.py", "migrations/script.py.mako", "config.py", "wsgi.py", "ningxin.py"),
)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel of this checkout, built as `make wheel` does but without a network."""
    folder = tmp_path_factory.mktemp("wheel")
    build = ("wheel", "--no-index", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), str(ROOT))
    subprocess.run([*PIP, *build], check=True)
    [found] = folder.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def program(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`ningxin` in an environment that has the wheel and the locked packages, but nothing of this checkout.

    `make test-bare` installs the wheel as a stranger does, packages from the registry included.
    """
    folder = tmp_path_factory.mktemp("bare")
    venv.create(folder, with_pip=False, symlinks=True)
    install = ("--python", str(folder / "bin" / "python"), "install", "--no-index", "--no-deps", str(wheel))
    subprocess.run([*PIP, *install], check=True)
    [packages] = folder.glob("lib/python*/site-packages")
    (packages / "locked.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")
    return folder / "bin" / "ningxin"


def run(program: Path, folder: Path, *command: str) -> str:
    """Run a command in a folder, with no setting but the folder of its data; returns its output."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(("LEDGER_", "PYTHON"))}
    own["LEDGER_DATA_FOLDER"] = str(folder / "data")
    return subprocess.run([program, *command], cwd=folder, env=own, capture_output=True, text=True, check=True).stdout


@of_one_wheel
def test_it_holds_every_file_of_the_service_and_nothing_else(wheel: Path) -> None:
    here = {
        path.relative_to(ROOT).as_posix()
        for pattern in SHIPPED
        for path in ROOT.glob(pattern)
        if path.is_file() and "__pycache__" not in path.parts
    }
    there = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert here - there == set()
    assert {name for name in there - here if not name.endswith((".po", ".pot"))} == set()
    kinds = ("ledger/static/vendor/bootstrap.min.css", "ledger/translations/en/LC_MESSAGES/messages.mo")
    assert {*kinds} <= there


@of_one_wheel
def test_it_works_from_any_folder(program: Path, tmp_path: Path) -> None:
    python = program.with_name("python")
    probe = [python, "-c", "import ledger; print(ledger.__file__)"]
    where = subprocess.run(probe, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert "site-packages" in where
    assert "Usage: ningxin" in run(program, tmp_path, "--help")
    assert "Migrated to the newest schema" in run(program, tmp_path, "migrate")
    found = ("init", "--center", "柳荫社区", "--name", "李建国", "--phone", "13805570123", "--household", "none")
    assert "柳荫社区 is ready" in run(program, tmp_path, *found)
    assert "no difference" in run(program, tmp_path, "verify")


@of_one_wheel
@pytest.mark.crash
@pytest.mark.long
def test_it_serves_its_pages_in_english_and_their_files(program: Path, tmp_path: Path, migrated_sqlite: Path) -> None:
    server = Server(tmp_path, command=(str(program), "serve"), cwd=tmp_path)
    shutil.copyfile(migrated_sqlite, tmp_path / "ningxin.sqlite3")
    server.start()
    try:
        at = f"http://127.0.0.1:{server.port}"
        asked = Request(f"{at}/log-in", headers={"Accept-Language": "en"})
        page = urlopen(asked, timeout=30).read().decode()
        assert "Log in" in page
        for path in re.findall(r'(?:href|src)="(/static/[^"]+)"', page):
            assert urlopen(at + path, timeout=30).status == 200
        assert "/static/vendor/bootstrap.min.css" in page
    finally:
        server.stop()


def test_a_checkout_that_is_not_set_up_makes_no_wheel(tmp_path: Path) -> None:
    words = tmp_path / "ledger/translations/en/LC_MESSAGES/messages.po"
    words.parent.mkdir(parents=True)
    words.touch()
    hook = CustomBuildHook(str(tmp_path), {}, None, None, "", "")
    hook.initialize("editable", {})
    with pytest.raises(RuntimeError, match=r"run make setup first: .*messages\.mo, ledger/static/vendor"):
        hook.initialize("standard", {})
    words.with_suffix(".mo").touch()
    (tmp_path / "ledger/static/vendor").mkdir(parents=True)
    assert lacking(tmp_path) == []


def test_the_lock_has_what_the_build_asks_for() -> None:
    asked = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["build-system"]["requires"]
    listed = (ROOT / "requirements-build.in").read_text(encoding="utf-8").splitlines()
    assert asked == [line for line in listed if not line.startswith(("#", "-c"))]
