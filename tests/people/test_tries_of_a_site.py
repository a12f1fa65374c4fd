"""Tries of a phone number are counted by IPv6 site too: it has 65,536 networks, and a carrier's has many people."""

import pytest

from ledger.kernel.errors import LedgerError
from ledger.people.access import login
from ledger.people.access.login import log_in
from ledger.people.access.misses import PER_PHONE, PER_PHONE_HERE
from tests.databases import on_sqlite
from tests.phones import fresh_phone
from tests.world import World

pytestmark = on_sqlite


def code_of(phone: str, at: str) -> str:
    """What a wrong password is refused with."""
    with pytest.raises(LedgerError) as refused:
        log_in(phone, "falsch-falsch", kind="browser", address=at)
    return refused.value.code


def test_a_site_spends_no_other_site_s_tries_and_no_network_its_neighbour_s(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(login, "password_is_right", lambda _hash, _password: False)
    phone = fresh_phone()
    for network in range(1 + PER_PHONE.most // PER_PHONE_HERE.most):
        if network == 1:
            assert code_of(phone, "2001:db8:1:0::6") == "request.too_many"
            assert code_of(phone, "2001:db8:1:ff::5") == "people.login_failed"
        for _ in range(PER_PHONE_HERE.most):
            code_of(phone, f"2001:db8:1:{network:x}::5")

    assert code_of(phone, "2001:db8:1:ff::5") == "request.too_many"
    assert code_of(phone, "2001:db8:2:1::5") == "people.login_failed"
    assert code_of(phone, "192.0.2.7") == "people.login_failed"
