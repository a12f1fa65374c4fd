"""How many cores and threads the server takes: by the settings, and if the machine leaves no choice."""

from pathlib import Path

import pytest

from config import load_settings
from ledger.kernel import cores
from ledger.kernel.cores import ALL, THREADS, choose
from ledger.kernel.settings import Settings, SettingsError


@pytest.fixture(autouse=True)
def four_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process with four cores."""
    monkeypatch.setattr(cores, "_THERE", frozenset({0, 1, 2, 3}))


def test_a_server_process_beside_its_database_takes_all_cores() -> None:
    share = choose(embedded=False, cores=None, threads=None)

    assert (share.cores, share.threads) == (set(), THREADS)
    assert str(share) == f"all cores (4) and {THREADS} threads: LEDGER_CORES is not set"


def test_with_the_database_inside_it_takes_the_last_core_and_fewer_threads() -> None:
    share = choose(embedded=True, cores=None, threads=None)

    assert (share.cores, share.threads) == ({3}, 16)
    assert str(share).startswith("1 of 4 cores and 16 threads: on SQLite")
    assert choose(embedded=True, cores=None, threads=5).threads == 5


@pytest.mark.parametrize(("wanted", "taken"), [(ALL, set()), (1, {3}), (2, {2, 3}), (4, set())])
@pytest.mark.parametrize("embedded", [True, False])
def test_the_settings_say_how_many(wanted: int, taken: set[int], embedded: bool) -> None:
    share = choose(embedded=embedded, cores=wanted, threads=7)

    assert (share.cores, share.threads) == (taken, 7)
    assert str(share).endswith("as LEDGER_CORES says; threads as LEDGER_THREADS says")


def test_more_cores_than_there_are_is_not_claimed() -> None:
    share = choose(embedded=True, cores=9, threads=None)

    assert share.cores == set()
    assert str(share) == f"all cores (4) and {THREADS} threads: LEDGER_CORES says 9, but there are 4"


@pytest.mark.parametrize(
    ("there", "why"), [((), "this system can't keep a process to a core"), ((5,), "there is no other")]
)
def test_where_there_is_nothing_to_choose_all_is_taken(
    there: tuple[int, ...], why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cores, "_THERE", frozenset(there))
    for wanted in (None, 1):
        share = choose(embedded=True, cores=wanted, threads=None)
        assert (share.cores, share.why) == (set(), why)
        cores.keep_to(share)


def settings_of(folder: Path, **given: str) -> Settings:
    """Settings from an environment with only these values."""
    return load_settings({"LEDGER_DATA_FOLDER": str(folder)} | given)


def test_the_settings_are_read(tmp_path: Path) -> None:
    assert (settings_of(tmp_path).cores, settings_of(tmp_path).threads) == (None, None)
    said = settings_of(tmp_path, LEDGER_CORES="2", LEDGER_THREADS="24")
    assert (said.cores, said.threads) == (2, 24)
    assert settings_of(tmp_path, LEDGER_CORES="all").cores == ALL


@pytest.mark.parametrize(
    ("name", "value"),
    [("LEDGER_CORES", "0"), ("LEDGER_CORES", "many"), ("LEDGER_CORES", "-1"), ("LEDGER_THREADS", "all"),
     ("LEDGER_THREADS", "0"), ("LEDGER_THREADS", "513"), ("LEDGER_THREADS", "1e3"), ("LEDGER_CORES", "２")],
)  # fmt: skip
def test_what_is_no_number_is_refused(name: str, value: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=f"{name} is"):
        settings_of(tmp_path, **{name: value})
