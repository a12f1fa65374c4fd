"""Git ignores what holds a secret or the book, wherever somebody puts it."""

import subprocess

import pytest

from tests.source import ROOT

PRIVATE = (
    *("village.env", ".env", "deploy/city.env", "var/secret-key", "var/demo-logins.json", "var/tls/server.key"),
    *("ningxin.sqlite3", "data/ningxin.sqlite3-wal", "ningxin.sqlite3-shm", "ningxin.sqlite3-lock"),
    *("ningxin.sqlite3.before-restore-20261130T120000000000", "ningxin.sqlite3.incoming-20261130T120000000000"),
    *("ningxin.sqlite3.before-restore-20261130T120000000000-wal", "ningxin.sqlite3.partial"),
    *("ningxin-2026-11-30.backup", "old/ningxin-2026-11-30.backup.partial"),
    "ningxin-2026-11-30.backup.before-restore-20261130T120000000000",
)


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="this is no checkout of git")
@pytest.mark.parametrize("path", PRIVATE)
def test_it_is_ignored(path: str) -> None:
    asked = subprocess.run(["git", "check-ignore", "--no-index", "--quiet", path], cwd=ROOT, check=False)
    assert asked.returncode == 0
