"""What a log-in is refused for although its password was right, or although its device is known."""

import pytest

from ledger.kernel.database import Database
from ledger.kernel.db import in_transaction
from ledger.people.access import credentials, login
from ledger.people.access.misses import PER_PHONE_HERE
from tests.databases import on_sqlite
from tests.people.test_log_in import FAR_AWAY, checked, code_of, enrol, enter, in_centers, miss
from tests.phones import fresh_phone
from tests.world import World

__all__ = ["checked"]
pytestmark = on_sqlite


def test_a_password_that_is_replaced_while_it_is_checked_opens_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    phone = fresh_phone()
    identity_id = enrol(world, phone, None)
    in_transaction(credentials.set_password, identity_id, world.center_id, password_hash="hash of old")

    def overtaken(password_hash: str | None, _password: str) -> bool:
        in_transaction(credentials.set_password, identity_id, world.center_id, password_hash="hash of new")
        return password_hash == "hash of old"

    monkeypatch.setattr(login, "password_is_right", overtaken)
    assert code_of(phone, "old") == "people.login_failed"


@pytest.mark.usefixtures("checked")
def test_a_known_device_tries_no_other_log_in_of_the_number_past_the_limit(world: World, database: Database) -> None:
    phone = fresh_phone()
    here, there = in_centers(world, database, 2, phone)
    known = enter(phone, "0", center_id=here.center_id).device
    miss(phone, PER_PHONE_HERE.most, at=FAR_AWAY)
    assert code_of(phone, "1", at=FAR_AWAY, device=known, center_id=there.center_id) == "people.login_failed"
    assert code_of(phone, "0", at=FAR_AWAY, device=known, center_id=here.center_id) == ""


@pytest.mark.usefixtures("checked")
def test_a_device_is_a_stranger_to_numbers_that_it_has_not_used(world: World, database: Database) -> None:
    phone, other_phone = fresh_phone(), fresh_phone()
    for each in (phone, other_phone):
        in_centers(world, database, 1, each)
    known = enter(phone, "0").device
    miss(other_phone, PER_PHONE_HERE.most, at=FAR_AWAY)
    assert code_of(other_phone, "0", at=FAR_AWAY, device=known) == "request.too_many"
