"""What is done to log-ins and roles on the server, also while the book is frozen."""

import shlex
from datetime import timedelta
from pathlib import Path

import pyotp
import pytest

from ledger.kernel import clock
from ledger.kernel.actor import SYSTEM_IDENTITY, Actor
from ledger.kernel.database import Database
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.ids import public_id
from ledger.kernel.paging import PageRequest
from ledger.kernel.signals import signals_since
from ledger.organisations import queries as organisations
from ledger.organisations.service import create_center
from ledger.people.access import factors
from ledger.people.access.events import list_events
from ledger.points.closing import freezing
from tests.cli.test_commands import FOUND, PHONE, WHY, Console, console_at
from tests.log_ins import log_in_of


@pytest.fixture
def founded(own_database: Database, tmp_path: Path) -> Console:
    """An installation with a center."""
    console = console_at(own_database.url, tmp_path)
    assert console.run(*FOUND).exit_code == 0
    return console


def test_a_role_given_on_the_server_is_kept_with_its_reason_and_is_a_signal(founded: Console) -> None:
    center_id, phone = in_snapshot(organisations.only_center).id, "13805570125"
    who = ("user", "grant", phone, "auditor", "--name", "周慧敏", "--household")
    in_transaction(freezing.freeze, center_id, reason="debits_posted", run_id=None)
    assert "people.phone_invalid" in founded.fails("user", "grant", "", *who[3:], "none", *WHY)
    assert "approvals.reason_needed" in founded.fails(*who, "无", *WHY[:-1], "  ")
    assert "people.household_number_invalid" in founded.fails(*who, "周家", *WHY)
    assert "organisations.center_not_found" in founded.fails(*who, "none", *WHY[2:], "--center", "竹溪")
    assert "choose one with --center: 柳荫社区 (" in founded.fails(*who, "none", *WHY[2:], "--center", "竹溪")
    granted = founded.run(*who, "none", *WHY)
    assert granted.exit_code == 0
    [command] = [shlex.split(line) for line in granted.output.splitlines() if line.startswith("ningxin ")]
    assert command == ["ningxin", "user", "code", phone, *WHY]
    assert founded.run("user", "code", phone, *WHY).exit_code == 0
    assert f"{phone}\t周慧敏\tauditor" in founded.run("user", "list").output
    assert founded.run("user", "revoke", phone, "--role", "auditor", *WHY).exit_code == 0
    assert phone not in founded.run("user", "list").output
    assert "people.last_admin" in founded.fails("user", "revoke", PHONE, "--role", "admin", *WHY)

    identity_id = log_in_of(phone).identity_id
    found = in_snapshot(list_events, center_id, identity_id=identity_id, request=PageRequest()).items
    assert {each.made_by for each in found} == {SYSTEM_IDENTITY}
    assert [each.kind for each in found if each.reason == WHY[-1]] == [
        "sessions_ended", "role_revoked", "code_made", "role_granted",
    ]  # fmt: skip
    signals = in_snapshot(signals_since, center_id, clock.now() - timedelta(hours=1), most=9)
    assert [each.kind for each in signals] == ["people.on_server"] * 3
    assert {each.evidence for each in signals} == {(("identity", public_id(identity_id)),)}


def test_where_there_are_several_centers_every_command_asks_which(founded: Console, tmp_path: Path) -> None:
    """The list and the import took the first one and said nothing."""
    people = tmp_path / "people.csv"
    people.write_text("姓名,手机\n王桂兰,13805570200\n", encoding="utf-8")
    in_transaction(create_center, name="竹溪社区")
    for command in (("user", "list"), ("import", "volunteers", str(people), "--dry-run")):
        assert "choose one with --center: 柳荫社区 (" in founded.fails(*command), command
        assert founded.run(*command, "--center", "柳荫社区").exit_code == 0


def test_a_lost_second_factor_is_ended_on_the_server(founded: Console) -> None:
    assert "people.factor_off" in founded.fails("user", "remove-factor", PHONE, *WHY)
    center_id, identity_id = in_snapshot(organisations.only_center).id, log_in_of(PHONE).identity_id
    actor = Actor(identity_id, center_id)
    in_transaction(factors.turn_on, pyotp.random_base32(), 1, made_at=clock.now(), actor=actor)
    assert founded.run("user", "remove-factor", PHONE, *WHY).exit_code == 0
    assert not in_snapshot(factors.has_factor, identity_id, center_id)
    assert "people.identity_not_found" in founded.fails("user", "remove-factor", "13900000000", *WHY)
