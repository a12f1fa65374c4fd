"""The rate limit: counted in the database, per source, for as long as its window lasts."""

from datetime import timedelta

import pytest

from ledger.kernel import clock
from ledger.kernel.database import Database
from ledger.kernel.db import in_transaction
from ledger.kernel.errors import TooMany
from ledger.kernel.ids import new_id
from ledger.kernel.rate_limit import Limit, count_try, forget_expired, forgive, give_back, hit, network_of, wait
from tests.at_once import at_once, failures

pytestmark = pytest.mark.usefixtures("database")
THREE = Limit("test", most=3, window_seconds=60)


@pytest.fixture
def source() -> str:
    return f"source {new_id()}"


def use_up(source: str) -> None:
    for _ in range(THREE.most):
        count_try((THREE, source))


def test_the_fourth_try_is_refused_until_the_window_is_over(source: str) -> None:
    with clock.at(clock.now()):
        use_up(source)
        with pytest.raises(TooMany) as refused:
            count_try((THREE, source))
        assert (refused.value.code, refused.value.context) == ("request.too_many", {"seconds": 60})
        count_try((THREE, f"other {source}"))
        count_try((Limit("other kind", 3, 60), source))
        with clock.at(clock.now() + timedelta(seconds=60)):
            use_up(source)


def test_who_has_proved_themself_starts_anew(source: str) -> None:
    use_up(source)
    in_transaction(forgive, (THREE, source))
    use_up(source)


def test_what_was_no_miss_is_given_back_one_at_a_time(source: str) -> None:
    use_up(source)
    assert in_transaction(wait, THREE, source) > 0
    in_transaction(give_back, (THREE, source), (THREE, f"never counted {source}"))
    assert in_transaction(wait, THREE, source) == 0
    count_try((THREE, source))
    assert in_transaction(hit, THREE, source) > 0


def test_old_counters_are_swept(source: str) -> None:
    use_up(source)
    with clock.at(clock.now() + timedelta(seconds=61)):
        assert in_transaction(forget_expired) >= 1
        assert in_transaction(forget_expired) == 0


def test_tries_at_once_are_all_counted(own_database: Database) -> None:
    outcomes = at_once([lambda: count_try((THREE, "one"))] * 20)
    assert len(failures(outcomes)) == 17
    assert all(isinstance(error, TooMany) for error in failures(outcomes))


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        (None, "unknown"),
        ("nonsense", "unknown"),
    ],
)
def test_an_ipv6_address_stands_for_its_network(address: str | None, network: str) -> None:
    assert network_of(address) == network
