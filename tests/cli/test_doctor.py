"""`ningxin doctor` on real installations: a sound one, one in each trouble, and what it prints."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from ledger import jobs
from ledger.kernel import runtime
from ledger.kernel.database import Database
from ledger.kernel.job_runs import JobRun
from ledger.kernel.sqlite_files import file_of
from ledger.kernel.types import table_of
from ledger.web.certificates import make_certificates
from tests.cli.restoring import on_a_file, runtime_database
from tests.cli.test_commands import FOUND, Console, console_at
from tests.cli.test_troubles import SAYS, make_trouble, within
from tests.commands import line
from tests.crash.server import ROOT

DATA = {"database", "secret", "schema", "clock", "jobs"}
ALL = DATA | {"settings", "files", "address", "camera", "service worker", "passkey", "notices"}
ALL |= {"certificate", "disk", "backup"}


@pytest.fixture
def founded(own_database: Database, tmp_path: Path) -> Console:
    """An installation with a center, whose jobs have run just now."""
    console = console_at(own_database.url, tmp_path / "data")
    assert console.run(*FOUND).exit_code == 0
    console.settings.data_folder.chmod(0o700)
    [often] = [job for job in jobs.SCHEDULE if job.name == "release-holds"]
    jobs.run(runtime.current(), often)
    return console


def report(console: Console) -> dict[str, dict[str, Any]]:
    """The findings by check; each that isn't well says what to do."""
    result = console.run("doctor", "--json")
    told = json.loads(result.stdout)
    assert result.exit_code == (1 if told["state"] == "wrong" else 0), result.output
    findings = {finding["check"]: finding for finding in told["findings"]}
    assert all(bool(finding["next"]) == (finding["state"] != "ok") for finding in told["findings"])
    return findings


def states(console: Console) -> dict[str, str]:
    return {check: finding["state"] for check, finding in report(console).items()}


def test_a_sound_installation(founded: Console) -> None:
    found = states(founded)
    on_postgres = founded.settings.database_url.startswith("postgresql")
    assert found.keys() == ALL | ({"PostgreSQL"} if on_postgres else set())
    # The tests' server is told not to wait for its disk.
    known = {"passkey": "warning", "backup": "warning"} | ({"PostgreSQL": "wrong"} if on_postgres else {})
    assert {check: state for check, state in found.items() if state != "ok"} == known


@on_a_file
def test_it_prints_a_line_for_each_with_what_to_do(founded: Console) -> None:
    result = founded.run("doctor")
    assert result.exit_code == 0
    assert re.search(r"^ok +camera +can scan codes at http://127\.0\.0\.1:8000$", result.stdout, re.MULTILINE)
    assert re.search(r"^warning +backup +none was made .*\n +-> type ningxin backup", result.stdout, re.MULTILINE)
    assert re.search(r"\n0 wrong, 2 warnings, \d+ ok\n$", result.stdout)


def test_a_backup_tells_its_age(founded: Console, tmp_path: Path) -> None:
    assert founded.run("backup", str(tmp_path / "copy.backup")).exit_code == 0
    backup = report(founded)["backup"]
    assert f"the newest is 0 hours old: {tmp_path / 'copy.backup'}" in backup["says"]


def test_jobs_that_do_not_run(founded: Console) -> None:
    with founded.app.extensions["runtime"].database.writer.begin() as connection:
        connection.execute(sa.update(JobRun).values(ran_at=datetime.now(UTC) - timedelta(minutes=11)))
    assert (report(founded)["jobs"]["state"], "ran last at" in report(founded)["jobs"]["says"]) == ("wrong", True)
    with founded.app.extensions["runtime"].database.writer.begin() as connection:
        connection.execute(sa.delete(table_of(JobRun)))
    assert report(founded)["jobs"]["state"] == "warning"


def test_a_clock_that_is_behind(founded: Console) -> None:
    with founded.app.extensions["runtime"].database.writer.begin() as connection:
        connection.execute(sa.update(JobRun).values(ran_at=datetime.now(UTC) + timedelta(hours=8)))
    clock = report(founded)["clock"]
    assert clock["state"] == "wrong"
    assert "is before the newest record" in clock["says"]


def test_a_certificate_for_another_host_or_without_its_key(founded: Console) -> None:
    folder = founded.settings.data_folder / "tls"
    make_certificates(folder, ["192.168.1.10"], now=datetime.now(UTC))
    https = replace(
        founded.settings, base_url="https://192.168.1.10:8000", host="0.0.0.0",
        tls_cert=folder / "server.crt", tls_key=folder / "server.key",
    )  # fmt: skip
    founded.app.config["SETTINGS"] = https
    assert states(founded)["certificate"] == "ok"
    founded.app.config["SETTINGS"] = replace(https, base_url="https://192.168.1.11:8000")
    assert "is not for 192.168.1.11" in report(founded)["certificate"]["says"]
    shutil.copyfile(folder / "ningxin-root.key", folder / "server.key")
    assert "are no certificate with its key" in report(founded)["certificate"]["says"]


@on_a_file
def test_files_that_others_can_read(founded: Console) -> None:
    secret = founded.settings.data_folder / "village.env"
    secret.write_text("", encoding="utf-8")
    founded.app.config["SETTINGS"] = replace(founded.settings, file=secret)
    for path, mode, state in (
        (secret, 0o640, "ok"),
        (secret, 0o644, "wrong"),
        (file_of(founded.settings.database_url), 0o640, "wrong"),
        (founded.settings.data_folder, 0o770, "wrong"),
    ):
        before = path.stat().st_mode
        path.chmod(mode)
        assert (path, mode, report(founded)["files"]["state"]) == (path, mode, state)
        path.chmod(0o600 if path == secret else before)


@on_a_file
def test_a_full_disk(founded: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(founded.settings.data_folder)
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: usage._replace(free=50_000_000))
    assert report(founded)["disk"]["state"] == "wrong"


def test_settings_that_can_not_be_taken(tmp_path: Path) -> None:
    """No application can be made, and it says so all the same."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("LEDGER_")}
    own |= {"LEDGER_DATA_FOLDER": str(tmp_path), "LEDGER_PORT": "eighty"}
    done = subprocess.run(line("doctor", "--json"), cwd=ROOT, env=own, capture_output=True, text=True)
    [finding] = json.loads(done.stdout)["findings"]
    assert (done.returncode, finding["check"], finding["state"]) == (1, "settings", "wrong")
    assert "LEDGER_PORT" in finding["says"]


@pytest.fixture
def in_trouble(founded: Console, tmp_path: Path) -> Iterator[Path]:
    """The folder of a copy of an installation's database, to be spoilt."""
    runtime_database().close()
    folder = tmp_path / "spoilt"
    folder.mkdir()
    shutil.copyfile(file_of(founded.settings.database_url), folder / "ledger.sqlite3")
    yield folder
    folder.chmod(0o700)


@on_a_file
@pytest.mark.parametrize("trouble", SAYS)
def test_every_trouble_of_a_database_is_a_finding(in_trouble: Path, trouble: str) -> None:
    place = in_trouble / ("nowhere/ledger.sqlite3" if trouble == "the folder is missing" else "ledger.sqlite3")
    console = console_at(f"sqlite:///{place}", in_trouble)
    if trouble not in ("the folder is missing", "the disk is full"):
        make_trouble(trouble, console.settings.database_url)
    with within(trouble):
        found = report(console)
    bad = [finding for check, finding in found.items() if finding["state"] == "wrong" and check in DATA | {"files"}]
    if trouble != "the disk is full":  # reading needs no room on it
        assert bad
        assert any(re.search(SAYS[trouble], finding["says"]) for finding in bad), bad
    assert {"camera", "disk", "backup"} <= found.keys()


@pytest.mark.postgres
def test_a_server_that_is_away(tmp_path: Path) -> None:
    console = console_at("postgresql+psycopg://clerk:secret-word@127.0.0.1:9/book", tmp_path)
    database = report(console)["database"]
    assert re.search(r"database 'book' at 127\.0\.0\.1:9 for user 'clerk' .*refused", database["says"])
    assert "secret-word" not in json.dumps(database)
