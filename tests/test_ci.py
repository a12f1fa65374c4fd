"""`.ci/run`: the README names its commands, a step that fails or hangs fails the run, and slow tests run first."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.order import SLOW
from tests.source import ROOT

RUN = ROOT / ".ci" / "run"
STEP = re.compile(r"^step (\d+) (.+)$", re.MULTILINE)


def run_with(make: str, folder: Path, *, limit: int = 60) -> "subprocess.CompletedProcess[str]":
    """Run the script with a fake `make`, each step limited to `limit` seconds."""
    script = folder / ".ci" / "run"
    script.parent.mkdir()
    script.write_text(STEP.sub(rf"step {limit} \2", RUN.read_text(encoding="utf-8")), encoding="utf-8")
    (folder / "make").write_text(f"#!/bin/sh\n{make}\n", encoding="utf-8")
    (folder / "make").chmod(0o755)
    environment = os.environ | {"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}
    return subprocess.run(["bash", str(script)], env=environment, capture_output=True, text=True, timeout=60)


def test_the_readme_names_each_command_that_it_calls() -> None:
    steps = STEP.findall(RUN.read_text(encoding="utf-8"))
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert steps
    assert [command for _limit, command in steps if f"`{command}`" not in readme] == []


def test_all_steps_are_run_and_one_that_fails_fails_the_whole(tmp_path: Path) -> None:
    done = run_with('[ "$1" != check ]', tmp_path)
    assert done.returncode == 1
    assert done.stdout.endswith("Failed: make check\n")
    assert done.stdout.count("==> Step: make") == len(STEP.findall(RUN.read_text(encoding="utf-8")))


def test_a_step_that_hangs_is_stopped(tmp_path: Path) -> None:
    done = run_with('[ "$1" = check ] || exit 0; sleep 50', tmp_path, limit=3)
    assert done.returncode == 1
    assert "It was stopped after 3 s." in done.stdout
    assert done.stdout.endswith("Failed: make check\n")


def test_all_is_well_when_every_step_is(tmp_path: Path) -> None:
    done = run_with("exit 0", tmp_path)
    assert done.returncode == 0, done.stdout
    assert "All steps passed" in done.stdout


def test_what_is_run_first_is_there() -> None:
    assert [start for start in SLOW if not any(ROOT.glob(f"{start.rstrip('/')}*"))] == []


@pytest.mark.xdist_group("kept together")
def test_a_group_stays_in_one_process(request: pytest.FixtureRequest) -> None:
    """xdist groups tests by this name: the villages, the pages, the tests of the code."""
    assert request.node.nodeid.endswith("@kept together") or not hasattr(request.config, "workerinput")


_BROKEN = """
import time
import pytest

@pytest.fixture(scope="session")
def kept():
    yield
    time.sleep(60)

def test_is_wrong():
    assert "what was" == "what should be"

def test_is_well(kept):
    pass
"""


def test_a_failure_and_a_hang_are_told_before_the_end(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """A run that is stopped comes to no summary, and what hangs may be a fixture that ends after the last test."""
    assert request.config.getini("timeout")
    (tmp_path / "test_broken.py").write_text(_BROKEN, encoding="utf-8")
    options = ["-p", "tests.reporting", "-p", "no:randomly", "--timeout=0.5", "--no-summary", "-c", "/dev/null"]
    command = [sys.executable, "-m", "pytest", *options, str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert "call failed: test_broken.py::test_is_wrong" in done.stdout
    assert "what should be" in done.stdout
    assert "teardown failed: test_broken.py::test_is_well" in done.stdout
    assert "Timeout" in done.stdout
