"""Settings that can't be are refused in one sentence when the service starts, not where they are first used."""

from pathlib import Path

import pytest

from config import load_settings
from ledger.kernel.settings import SettingsError

NO_ZONES = (
    *("localtime", "Factory", "posixrules", "posix/Asia/Shanghai", "right/UTC", "Asia", "", ".", "../etc/passwd"),
    *("/etc/localtime", "zone.tab", "UTC+8", "亚洲/上海", "Asia/Shang\0hai", "A" * 5000),
)
NO_NUMBERS = ("0", "-1", "+5", "1_0", "²", "٣", "８０００", "9" * 5000, "1e3")


@pytest.mark.parametrize("zone", NO_ZONES)
def test_a_zone_is_one_that_browsers_know(tmp_path: Path, zone: str) -> None:
    with pytest.raises(SettingsError, match="it must be a time zone like Asia/Shanghai"):
        load_settings({"LEDGER_DATA_FOLDER": str(tmp_path), "LEDGER_TIMEZONE": zone})


@pytest.mark.parametrize("zone", ["Asia/Urumqi", "America/Argentina/Buenos_Aires", "UTC", "Etc/GMT+8", "Hongkong"])
def test_every_other_zone_is_taken(tmp_path: Path, zone: str) -> None:
    found = load_settings({"LEDGER_DATA_FOLDER": str(tmp_path), "LEDGER_TIMEZONE": zone})
    assert found.timezone.key == zone


def test_an_empty_host_is_none(tmp_path: Path) -> None:
    found = load_settings({"LEDGER_DATA_FOLDER": str(tmp_path), "LEDGER_HOST": ""})
    assert (found.host, found.base_url) == ("127.0.0.1", "http://127.0.0.1:8000")


@pytest.mark.parametrize("name", ["LEDGER_PORT", "LEDGER_CORES", "LEDGER_THREADS"])
@pytest.mark.parametrize("value", NO_NUMBERS)
def test_a_number_is_ascii_digits(tmp_path: Path, name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name):
        load_settings({"LEDGER_DATA_FOLDER": str(tmp_path), name: value})
