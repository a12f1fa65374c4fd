"""Guessing a password with the help of a log-in of one's own for the same number, in another center."""

import pytest

from ledger.kernel.database import Database
from ledger.kernel.db import in_transaction
from ledger.people.access import credentials, login
from ledger.people.access.devices import Device
from ledger.people.access.misses import PER_DEVICE, PER_LOGIN_HERE, PER_PHONE
from tests.databases import on_sqlite
from tests.log_ins import log_ins
from tests.people.test_log_in import FAR_AWAY, VILLAGE, code_of, enter, in_centers
from tests.phones import fresh_phone
from tests.world import World

pytestmark = on_sqlite


@pytest.fixture(autouse=True)
def _without_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(login, "password_is_right", lambda hashed, password: hashed == f"hash of {password}")


def guess(attacker: World, phone: str, number: int, at: str, device: Device | None = None) -> str:
    """Try one guess at another's password by giving it to the attacker's own log-in, whose password it becomes."""
    (own,) = [each for each in log_ins(phone) if each.center_id == attacker.center_id]
    guessed = f"guess {number}"
    hashed = f"hash of {guessed}"
    in_transaction(credentials.set_password, own.identity_id, own.center_id, password_hash=hashed)
    return code_of(phone, guessed, at=at, device=device)


def test_who_has_a_log_in_of_the_number_elsewhere_guesses_no_longer_than_others(
    world: World, database: Database
) -> None:
    phone = fresh_phone()
    victim, attacker = in_centers(world, database, 2, phone)
    (found,) = [each for each in log_ins(phone) if each.center_id == victim.center_id]
    right = f"hash of guess {PER_LOGIN_HERE.most}"
    in_transaction(credentials.set_password, found.identity_id, found.center_id, password_hash=right)
    assert [guess(attacker, phone, each, FAR_AWAY) for each in range(PER_LOGIN_HERE.most + 1)] == [""] * 11
    networks = [f"203.0.113.{each}" for each in range(9)]
    heard = [guess(attacker, phone, 100 + each, at) for at in networks for each in range(PER_LOGIN_HERE.most)]
    assert heard == [""] * (PER_PHONE.most - PER_LOGIN_HERE.most)
    assert guess(attacker, phone, PER_LOGIN_HERE.most, VILLAGE) == "request.too_many", "from any network"


def test_a_device_that_knows_both_log_ins_guesses_no_longer(world: World, database: Database) -> None:
    phone = fresh_phone()
    victim, attacker = in_centers(world, database, 2, phone)
    known = enter(phone, "1", device=enter(phone, "0", center_id=victim.center_id).device, at=FAR_AWAY).device
    (found,) = [each for each in log_ins(phone) if each.center_id == victim.center_id]
    most = PER_DEVICE.most + PER_LOGIN_HERE.most
    assert [guess(attacker, phone, each, VILLAGE, known) for each in range(most)] == [""] * most
    in_transaction(credentials.set_password, found.identity_id, found.center_id, password_hash="hash of guess 99")
    assert guess(attacker, phone, 99, VILLAGE, known) == "", "where both fit there would be a choice"


def test_who_has_two_passwords_is_kept_out_of_the_other_center_alone(world: World, database: Database) -> None:
    phone = fresh_phone()
    here, there = in_centers(world, database, 2, phone)
    known = enter(phone, "1").device
    for _ in range(PER_LOGIN_HERE.most * 2):
        assert enter(phone, "0").center_id == here.center_id
    assert code_of(phone, "1") == "people.login_failed"
    assert enter(phone, "1", device=known).center_id == there.center_id
