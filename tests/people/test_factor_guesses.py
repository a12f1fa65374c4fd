"""Guessing codes of the second factor by who knows the password: the tries are the person's, not a device's."""

from collections import Counter
from collections.abc import Iterable
from datetime import timedelta
from functools import partial

import pytest

from ledger.kernel import clock
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.errors import LedgerError, TooMany
from ledger.people.access import credentials, events, login, own
from ledger.people.access.devices import Device, read_device, write_device
from ledger.people.access.misses import FACTOR, FACTOR_A_DAY, PER_PHONE_HERE
from ledger.people.access.proving import Given, step_up
from ledger.people.access.seals import seal_of
from tests.databases import on_sqlite
from tests.factors import HERE, PASSWORD, Phone, turn_on, wrong_code
from tests.people.test_second_factor import kinds_of_events, log_in, refused
from tests.world import Person, World

pytestmark = on_sqlite
NEW = "白云山下有三只羊"
NETWORKS = [f"203.0.113.{each}" for each in range(4)]
WRONG, STOPPED = "people.totp_wrong", "request.too_many"


@pytest.fixture
def clerk(world: World) -> Person:
    return world.add_staff("clerk")


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Passwords are all right, without the work."""
    monkeypatch.setattr(login, "password_is_right", lambda _hash, _password: True)


def guesses(phone: Phone, number: str, networks: Iterable[str], devices: Iterable[Device | None]) -> Counter[str]:
    """Ten wrong codes from each network by each device."""
    wrong = wrong_code(phone.secret)
    return Counter(
        refused(partial(log_in, number, wrong, at, device)).code
        for at in networks
        for device in devices
        for _ in range(PER_PHONE_HERE.most)
    )


@pytest.mark.usefixtures("quick")
def test_devices_of_before_the_factor_have_no_tries_of_their_own(world: World, clerk: Person) -> None:
    number, _ = world.give_password(clerk)
    known = [log_in(number).device for _ in range(3)]
    phone, number = turn_on(world, clerk)
    assert guesses(phone, number, [HERE], known) == {WRONG: PER_PHONE_HERE.most, STOPPED: 2 * PER_PHONE_HERE.most}


@pytest.mark.usefixtures("quick")
def test_codes_are_counted_by_person_on_all_networks(world: World, clerk: Person) -> None:
    phone, number = turn_on(world, clerk)
    known = log_in(number, phone.code()).device
    now = clock.now()
    with clock.at(now + timedelta(minutes=1)):
        assert guesses(phone, number, NETWORKS, [None]) == {WRONG: FACTOR.most, STOPPED: FACTOR.most}
        assert refused(partial(log_in, number, phone.code(), HERE, known)).code == STOPPED
        assert kinds_of_events(clerk)[0] == events.FACTOR_TRIED
        assert kinds_of_events(clerk).count(events.FACTOR_TRIED) == 1
        step_up(clerk.actor, Given(HERE, totp=phone.code()))
    with clock.at(now + timedelta(minutes=20)):
        left = FACTOR_A_DAY.most - FACTOR.most
        assert guesses(phone, number, NETWORKS[:2], [None]) == {WRONG: left, STOPPED: 2 * PER_PHONE_HERE.most - left}
        stopped = refused(partial(log_in, number, phone.code(), HERE, known))
        assert isinstance(stopped, TooMany)
        assert stopped.context["seconds"] > FACTOR.window_seconds
        own.change_password(PASSWORD, NEW, actor=clerk.actor, address=HERE, totp=phone.code())
        assert log_in(number, phone.code(1)), "a new password begins a new count"


def test_codes_of_an_open_log_in_are_counted_too(world: World, clerk: Person) -> None:
    phone, _ = turn_on(world, clerk)
    wrong, heard = wrong_code(phone.secret), Counter[str]()
    for network in NETWORKS:
        for _ in range(PER_PHONE_HERE.most):
            try:
                step_up(clerk.actor, Given(network, totp=wrong))
            except LedgerError as error:
                heard[error.code] += 1
    assert heard == {"people.own_totp_wrong": FACTOR.most, STOPPED: FACTOR.most}


@pytest.mark.usefixtures("quick")
def test_a_device_is_known_until_the_password_is_another(world: World, clerk: Person) -> None:
    number, _ = world.give_password(clerk)
    known = read_device(write_device(log_in(number).device))
    assert known.logins[0].seal == in_snapshot(seal_of, clerk.identity_id, world.center_id)
    hashed = "hash of another"
    in_transaction(credentials.set_password, clerk.identity_id, world.center_id, password_hash=hashed)
    with pytest.MonkeyPatch.context() as wrong:
        wrong.setattr(login, "password_is_right", lambda _hash, _password: False)
        heard = [refused(partial(log_in, number, device=known)).code for _ in range(PER_PHONE_HERE.most + 1)]
    assert heard == ["people.login_failed"] * PER_PHONE_HERE.most + [STOPPED]
    assert refused(partial(log_in, number, device=known)).code == STOPPED, "it waits like a stranger"
