"""make test-setup tries what it installs: a program that exists but does not start counts as missing."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tools import test_system as system
from tools import test_trials as trials
from tools.test_trials import Lack

ROOT = Path(__file__).resolve().parents[2]
NO_LIBATOMIC = "node: error while loading shared libraries: libatomic.so.1: cannot open shared object file"
Program = Callable[[str, str], Path]


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """Make a program that prints to stderr and exits with 127."""

    def made(name: str, said: str) -> Path:
        path = tmp_path / name
        path.write_text(f"#!/bin/sh\necho '{said}' >&2\nexit 127\n")
        path.chmod(0o755)
        return path

    return made


def test_a_driver_whose_library_is_missing_is_told_with_the_package_that_brings_it(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver = program("node", NO_LIBATOMIC)
    for module in (system, trials):
        monkeypatch.setattr(module, "find_driver", lambda: driver)

    lack = trials.try_browser()

    assert "libatomic1" in system.missing()
    assert lack is not None
    assert lack.package == "libatomic1"
    assert "libatomic1 brings it" in str(lack)
    assert "\n" not in str(lack)
    assert "libatomic1" in system.BROWSER_PACKAGES, "browser tests are named as not run"


def test_a_driver_that_fails_for_an_unknown_reason_is_told_in_its_own_words(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver = program("node", "Illegal instruction")
    monkeypatch.setattr(trials, "find_driver", lambda: driver)

    lack = trials.try_browser()

    assert lack is not None
    assert lack.package is None
    assert "Illegal instruction" in str(lack)


def test_a_browser_that_does_not_start_is_lacking(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    browser = program("chromium", "libnss3.so: cannot open shared object file")
    monkeypatch.setenv("LEDGER_TEST_BROWSER", str(browser))

    assert "chromium" in system.missing()


def test_a_postgres_that_does_not_start_is_passed_over(
    program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program("initdb", "libicu: cannot open shared object file")
    monkeypatch.setattr(system, "_postgres_folders", lambda: iter([tmp_path]))

    assert system.find_postgres_folder() is None
    assert "postgresql" in system.missing()


def test_a_program_that_is_not_there_does_not_start(tmp_path: Path) -> None:
    assert not system.starts(tmp_path / "nothing")


def test_one_lack_may_hide_another_and_each_package_is_installed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    hidden = [[Lack("no glyph", "fonts-noto-cjk")], [Lack("no glyph", "fonts-noto-cjk")]]
    installed: list[list[str]] = []
    monkeypatch.setattr(trials, "install", installed.append)
    monkeypatch.setattr(trials, "missing", lambda: ["hledger"])
    monkeypatch.setattr(trials, "lacking", lambda: hidden.pop(0))

    left = trials.mend([Lack("no driver", "libatomic1"), Lack("no sense")])

    assert installed == [["hledger", "libatomic1"], ["fonts-noto-cjk"]]
    assert [lack.what for lack in left] == ["no glyph"]


def test_the_set_up_fails_where_something_is_lacking_still(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["test_trials.py", "--install"])
    monkeypatch.setattr(trials, "install", lambda packages: None)
    monkeypatch.setattr(trials, "lacking", lambda: [Lack("there is no hledger", "hledger")])

    with pytest.raises(SystemExit, match="Not all"):
        trials.main()

    assert "there is no hledger: hledger brings it" in capsys.readouterr().out


@pytest.mark.browser
@pytest.mark.postgres
@pytest.mark.hledger
def test_where_all_is_there_each_trial_works() -> None:
    """In a separate process, because a process can have only one driver of browsers, which the tests use."""
    done = subprocess.run([sys.executable, "-m", "tools.test_trials"], cwd=ROOT, capture_output=True, text=True)

    assert (done.returncode, "all there, each tried" in done.stdout) == (0, True), done.stdout + done.stderr


@pytest.mark.browser
def test_a_page_without_a_chinese_font_is_told(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two private-use characters stand for two that no font has."""
    page = browser.new_page()
    assert trials.draws_chinese(page)
    monkeypatch.setattr(trials, "DRAWN_ALIKE", trials.DRAWN_ALIKE.replace("凝", "\\ue123").replace("心", "\\ue124"))

    assert not trials.draws_chinese(page)
    page.close()


def test_what_is_drawn_as_boxes_lacks_the_font(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trials, "find_driver", lambda: "/bin/true")
    monkeypatch.setattr(trials, "find_browser", lambda: "/bin/true")
    monkeypatch.setattr(trials, "_draw", lambda: False)

    lack = trials.try_browser()

    assert lack is not None
    assert lack.package == "fonts-noto-cjk"
