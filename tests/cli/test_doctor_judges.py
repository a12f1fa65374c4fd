"""What the doctor thinks of an address, a certificate, a disk, a backup, a clock and a server's settings."""

from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from ledger.cli.doctor import address, certificate, copies, data, machine
from ledger.cli.doctor.data import Moments
from ledger.cli.doctor.finding import Finding
from ledger.kernel.last_backup import NOTE, LastBackup, note, read_note
from ledger.kernel.settings import Settings
from ledger.web.certificates import SERVER_LIFE, make_certificates
from tests.runtimes import TEST_SECRET

NOW = datetime(2026, 6, 3, 8, 0, tzinfo=UTC)
SHANGHAI = ZoneInfo("Asia/Shanghai")
DAY = timedelta(days=1)


def settings_at(base_url: str, *, host: str = "0.0.0.0", port: int = 8000, proxy: bool = False) -> Settings:
    return Settings(
        environment="development",
        database_url="sqlite:///ledger.sqlite3",
        secret_key=TEST_SECRET,
        base_url=base_url,
        host=host,
        port=port,
        timezone=SHANGHAI,
        data_folder=Path(),
        proxies=(ip_network("127.0.0.1"),) if proxy else (),
    )


def states_of(findings: dict[str, Finding], *checks: str) -> list[str]:
    return [findings[check].state for check in checks]


@pytest.mark.parametrize(
    ("base_url", "camera", "service_worker", "passkey", "notices"),
    [
        ("https://jf.example.org:8000", "ok", "ok", "ok", "ok"),
        ("https://192.168.1.10:8000", "ok", "ok", "warning", "ok"),
        ("https://[fd00::1]:8000", "ok", "ok", "warning", "ok"),
        ("http://localhost:8000", "ok", "ok", "ok", "ok"),
        ("http://station.localhost:8000", "ok", "ok", "ok", "ok"),
        ("http://127.0.0.1:8000", "ok", "ok", "warning", "ok"),
        ("http://[::1]:8000", "ok", "ok", "warning", "ok"),
        ("http://192.168.1.10:8000", "wrong", "warning", "warning", "warning"),
        ("http://ningxin.local:8000", "wrong", "warning", "warning", "warning"),
    ],
)
def test_what_browsers_allow(base_url: str, camera: str, service_worker: str, passkey: str, notices: str) -> None:
    found = {finding.check: finding for finding in address.look(settings_at(base_url))}
    states = states_of(found, "camera", "service worker", "passkey", "notices")
    assert states == [camera, service_worker, passkey, notices]


def test_why_a_passkey_can_not_work() -> None:
    def passkey(base_url: str) -> Finding:
        return next(finding for finding in address.look(settings_at(base_url)) if finding.check == "passkey")

    assert "192.168.1.10 is an IP address" in passkey("https://192.168.1.10:8000").says
    assert "LEDGER_BASE_URL=http://localhost:8000" in passkey("http://127.0.0.1:8000").next
    assert "only over https" in passkey("http://ningxin.local:8000").says


@pytest.mark.parametrize(
    ("settings", "state", "todo"),
    [
        (settings_at("https://192.168.1.10:8000"), "ok", ""),
        (settings_at("https://192.168.1.10:8000", host="127.0.0.1"), "wrong", "LEDGER_HOST=0.0.0.0"),
        (settings_at("https://192.168.1.10"), "wrong", "LEDGER_PORT=443"),
        (settings_at("https://jf.example.org", host="127.0.0.1", proxy=True), "ok", ""),
        (settings_at("http://127.0.0.1:8000", host="127.0.0.1"), "ok", ""),
    ],
)
def test_whether_anybody_reaches_it(settings: Settings, state: str, todo: str) -> None:
    finding = next(iter(address.look(settings)))
    assert (finding.check, finding.state) == ("address", state)
    assert todo in finding.next


@pytest.mark.parametrize(
    ("after", "host", "state", "says"),
    [
        (DAY, "192.168.1.10", "ok", "good until"),
        (DAY, "ningxin.local", "ok", "good until"),
        (DAY, "192.168.1.11", "wrong", "is not for 192.168.1.11"),
        (DAY, "local", "wrong", "is not for local"),
        (SERVER_LIFE - 10 * DAY, "192.168.1.10", "warning", "in 10 days"),
        (SERVER_LIFE + DAY, "192.168.1.10", "wrong", "has ended"),
        (-10 * DAY, "192.168.1.10", "wrong", "begins only"),
    ],
)
def test_a_certificate(tmp_path: Path, after: timedelta, host: str, state: str, says: str) -> None:
    begun = NOW.replace(microsecond=0)
    make_certificates(tmp_path, ["192.168.1.10", "ningxin.local"], now=begun)
    chain = certificate.read(tmp_path / "server.crt")
    finding = certificate.judge(chain, host, now=begun + after, renew="renew it")
    assert (finding.state, says in finding.says) == (state, True), finding


def test_a_certificate_that_a_proxy_has() -> None:
    assert "proxy" in certificate.look(settings_at("https://jf.example.org", proxy=True), NOW).says


@pytest.mark.parametrize(
    ("free", "book", "state"),
    [
        (100_000_000, 0, "wrong"),
        (900_000_000, 0, "warning"),
        (2_000_000_000, 0, "ok"),
        (2_000_000_000, 900_000_000, "warning"),
    ],
)
def test_room_on_a_disk(free: int, book: int, state: str) -> None:
    assert machine.judge_disk(Path("/srv"), free, book=book).state == state


@pytest.mark.parametrize(
    ("age", "must", "state"),
    [
        (None, True, "wrong"),
        (None, False, "warning"),
        (DAY, True, "ok"),
        (3 * DAY, True, "warning"),
        (8 * DAY, True, "wrong"),
        (8 * DAY, False, "warning"),
        (-DAY, True, "warning"),
    ],
)
def test_the_age_of_a_backup(age: timedelta | None, must: bool, state: str) -> None:
    last = None if age is None else LastBackup(NOW - age, Path("/media/stick/copy"))
    assert copies.judge(last, NOW, book=None, must=must).state == state


def test_a_backup_on_the_disk_of_the_book(tmp_path: Path) -> None:
    book, copy = tmp_path / "book", tmp_path / "copy"
    book.touch()
    carried_away = copies.judge(LastBackup(NOW, copy), NOW, book=book, must=True)
    copy.touch()
    beside = copies.judge(LastBackup(NOW, copy), NOW, book=book, must=True)
    assert (carried_away.state, beside.state, "same disk" in beside.says) == ("ok", "warning", True)


def test_a_note_of_a_backup_is_read_whatever_it_holds(tmp_path: Path) -> None:
    assert read_note(tmp_path) is None
    note(tmp_path, LastBackup(NOW, Path("/media/stick/copy")))
    assert read_note(tmp_path) == LastBackup(NOW, Path("/media/stick/copy"))
    for spoilt in (b"", b"\xff", b"[]", b'{"at": 5, "file": ""}', b'{"at": "2026-06-03T08:00:00", "file": "x"}'):
        (tmp_path / NOTE).write_bytes(spoilt)
        assert read_note(tmp_path) is None, spoilt


@pytest.mark.parametrize(
    ("moments", "rehearsal", "state", "says"),
    [
        (Moments(), False, "ok", "2026-06-03 16:00 in Asia/Shanghai"),
        (Moments(NOW, NOW, NOW), False, "ok", "compare it"),
        (Moments(sealed=NOW + DAY), False, "wrong", "before the last sealed block"),
        (Moments(recorded=NOW + DAY), False, "wrong", "before the newest record"),
        (Moments(job=NOW + timedelta(seconds=30)), False, "ok", "compare it"),
        (Moments(), True, "warning", "LEDGER_CLOCK_FILE"),
    ],
)
def test_a_clock(moments: Moments, rehearsal: bool, state: str, says: str) -> None:
    finding = data.judge_clock(moments, NOW, local=NOW.astimezone(SHANGHAI), rehearsal=rehearsal)
    assert (finding.state, says in finding.says) == (state, True), finding


GOOD = {
    "server_version": "17.10",
    "server_version_num": "171000",
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
}


@pytest.mark.parametrize(
    ("differs", "states"),
    [
        ({}, ["ok"]),
        ({"synchronous_commit": "remote_apply"}, ["ok"]),
        ({"synchronous_commit": "off"}, ["wrong"]),
        ({"fsync": "off", "full_page_writes": "off"}, ["wrong", "wrong"]),
        ({"server_version_num": "140020"}, ["warning", "ok"]),
    ],
)
def test_the_settings_of_postgres(differs: dict[str, str], states: list[str]) -> None:
    assert [finding.state for finding in data.judge_postgres(GOOD | differs)] == states
