"""Output of the demonstration: progress while it is made, and at the end that its books are right."""

import re
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ledger.audit.checks.finding import Difference
from ledger.audit.verifying import queries as audit
from ledger.audit.verifying import runs
from ledger.demo.progress import Recomputing
from ledger.kernel.database import Database
from ledger.kernel.db import in_snapshot
from ledger.kernel.settings import SettingsError
from tests.demo.loaded import HAMLET, Village, load, settings_for


def test_it_says_how_far_it_is_and_that_its_books_are_right(village: Village) -> None:
    said = village.said

    months = [line for line in said if line.endswith("%")]
    assert len(months) >= 10
    assert months[-1].endswith("100 %")
    assert re.fullmatch(r" +[\d,]+ transfers, [\d,]+ accounts: no difference", said[-2])
    assert said[-1].startswith("==> Demonstration district: ready")
    run = in_snapshot(audit.find_last_run, village.center_id)
    assert run is not None
    assert (run.status, run.difference) == ("clean", None)


@pytest.mark.parametrize("own_database_url", ["sqlite"], indirect=True)
def test_books_that_differ_are_not_called_ready(
    own_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    verify_now = runs.verify_now

    def differing(*args: Any, **how: Any) -> Any:
        return replace(verify_now(*args, **how), difference=Difference("balance_after", "transfer", 7))

    monkeypatch.setattr(runs, "verify_now", differing)

    with pytest.raises(SettingsError, match="balance_after"):
        load(settings_for(own_database.url, tmp_path), size=HAMLET)


def test_a_long_verification_says_how_far_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    moments = iter((5.0, 16.0, 20.0, 40.0))
    recomputing = Recomputing(said.append, 0.0)
    monkeypatch.setattr(time, "monotonic", lambda: next(moments))

    for step, done, total in (("seals", 10, 0), ("seals", 2_000, 9_000), ("lots", 7, 0), ("lots", 30, 0)):
        recomputing(step, done, total)

    assert said == ["    recomputing seals: 2,000 of 9,000", "    recomputing lots: 30"]
