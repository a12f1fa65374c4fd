"""The answers to wrong passwords never tell whether a number is known, whatever was asked when."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from ipaddress import IPv4Address
from itertools import count

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from ledger.kernel import clock
from ledger.kernel.database import Database
from ledger.kernel.db import in_snapshot
from ledger.people.access import login
from ledger.people.access.devices import Device, Known
from ledger.people.access.misses import PER_PHONE_HERE
from ledger.people.access.seals import seal_of
from ledger.people.identities.queries import phone_hash
from tests.databases import on_sqlite
from tests.people.test_log_in import code_of, enrol
from tests.phones import fresh_phone
from tests.world import World

NO_CENTER, RIGHT, OTHER, NOWHERE = "no center", "the right center", "another center", "a center of nobody"
# Attempts as (second, named center, how many).
Timeline = Sequence[tuple[int, str, int]]
_networks = count(int(IPv4Address("10.0.0.1")))
_days = count(1)
FAILED, STOPPED = "people.login_failed", "request.too_many"
MOST, WINDOW = PER_PHONE_HERE.most, PER_PHONE_HERE.window_seconds


class Numbers:
    """Numbers that have log-ins in no, one and two centers, and are asked for alike, each from a network of its own."""

    def __init__(self, world: World, database: Database) -> None:
        other = World(database)
        self.centers: dict[str, int | None] = {
            NO_CENTER: None,
            RIGHT: world.center_id,
            OTHER: other.center_id,
            NOWHERE: 5,
        }
        self.unknown, self.in_one, self.in_two = fresh_phone(), fresh_phone(), fresh_phone()
        enrol(world, self.in_one, None)
        identity_id = enrol(world, self.in_two, None)
        seal = in_snapshot(seal_of, identity_id, world.center_id)
        self.known = Known(world.center_id, identity_id, phone_hash(f"+86{self.in_two}"), seal)
        enrol(other, self.in_two, None)

    def answers(self, phone: str, timeline: Timeline, start: datetime) -> list[str]:
        """The codes of the answers to wrong passwords for the number."""
        at = str(IPv4Address(next(_networks)))
        return [code for moment in timeline for code in self._answers_at(phone, at, moment, start)]

    def _answers_at(self, phone: str, at: str, moment: tuple[int, str, int], start: datetime) -> Iterator[str]:
        second, center, times = moment
        with clock.at(start + timedelta(seconds=second)):
            for _ in range(times):
                yield code_of(phone, at=at, center_id=self.centers[center])


@pytest.fixture
def numbers(world: World, database: Database, monkeypatch: pytest.MonkeyPatch) -> Numbers:
    monkeypatch.setattr(login, "password_is_right", lambda _hash, _password: False)
    return Numbers(world, database)


@pytest.mark.parametrize("late", [NO_CENTER, RIGHT, OTHER])
@pytest.mark.parametrize("early", [NOWHERE, OTHER, RIGHT, NO_CENTER])
def test_a_window_that_begins_elsewhere_tells_nothing(numbers: Numbers, early: str, late: str) -> None:
    """The number's window begins before that of the log-in, which is first missed near its end."""
    timeline = [(0, early, 1), (WINDOW - 20, late, MOST - 1), (WINDOW + 1, late, 3)]
    for phone in (numbers.unknown, numbers.in_one, numbers.in_two):
        assert numbers.answers(phone, timeline, clock.now()) == [FAILED] * (MOST + 3)


def test_a_number_is_stopped_at_the_same_attempt(numbers: Numbers) -> None:
    timeline = [
        (0, NOWHERE, 4),
        (100, NO_CENTER, MOST - 4),
        (101, RIGHT, 1),
        (WINDOW - 1, OTHER, 1),
        (WINDOW, RIGHT, 1),
    ]
    for phone in (numbers.unknown, numbers.in_one, numbers.in_two):
        assert numbers.answers(phone, timeline, clock.now()) == [*[FAILED] * MOST, STOPPED, STOPPED, FAILED]


def test_a_device_that_knows_one_log_in_learns_of_no_other(numbers: Numbers) -> None:
    """While strangers have to wait, it may still try its own; any other center is answered as if it had none there."""
    phone, at = numbers.in_two, "192.0.2.7"
    device = Device("a browser", (numbers.known,))
    assert [code_of(phone, at=at) for _ in range(MOST + 1)] == [*[FAILED] * MOST, STOPPED]
    for center in (OTHER, NOWHERE, RIGHT):
        assert code_of(phone, at=at, device=device, center_id=numbers.centers[center]) == FAILED, center


# Around the ends of the windows, with so many attempts that one counter may be full and another not.
_moments = [
    st.tuples(
        st.just(second),
        st.sampled_from([NO_CENTER, RIGHT, OTHER, NOWHERE]),
        st.sampled_from([1, 3, MOST - 1]),
    )
    for second in (0, WINDOW - 20, WINDOW + 1, 2 * WINDOW - 25, 2 * WINDOW + 2)
]


@on_sqlite
@settings(max_examples=20, phases=[Phase.generate], suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(timeline=st.tuples(*_moments))
def test_no_timeline_tells_whether_a_number_is_known(numbers: Numbers, timeline: Timeline) -> None:
    # A day for each example, so that all windows of the last are over.
    start = clock.now() + timedelta(days=next(_days))
    expected = numbers.answers(numbers.unknown, timeline, start)
    assert numbers.answers(numbers.in_one, timeline, start) == expected
    assert numbers.answers(numbers.in_two, timeline, start) == expected
