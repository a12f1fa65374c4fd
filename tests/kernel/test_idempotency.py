"""A key has one effect and one answer, including refusals."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.kernel import clock
from ledger.kernel.database import Database
from ledger.kernel.db import in_snapshot, in_transaction, in_transaction_once
from ledger.kernel.errors import Conflict, Forbidden, LedgerError, NotFound, Rejected
from ledger.kernel.idempotency import KEPT, Idempotency, Once, forget_old, hash_request
from ledger.organisations.service import create_center
from tests.at_once import at_once, failures
from tests.kernel.once_worker import ask_often
from tests.kernel.rows import add, new_job, slots
from tests.processes import in_processes


def once(center: int, key: str = "key", body: str = "hash", scope: str = "7:till.confirm") -> Once:
    """A request."""
    return Once(center, scope, key, body)


def test_same_key_and_body_has_one_effect_and_one_answer(center: int) -> None:
    job = new_job()
    asked = [once(center) for _ in range(3)]
    answers = [in_transaction_once(each, lambda session: [add(session, job, "a"), {"x": 1}]) for each in asked]
    assert answers == [["a", {"x": 1}]] * 3
    assert [each.replayed for each in asked] == [False, True, True]
    assert slots(job) == ["a"]


def test_first_answer_is_what_a_replay_will_be(center: int) -> None:
    """JSON turns a tuple into a list and a number as key into text: the first caller sees that form too."""
    first, second = (in_transaction_once(once(center), lambda _session: {1: (2, 3)}) for _ in range(2))
    assert first == second == {"1": [2, 3]}


def test_answer_that_is_no_plain_json_is_a_fault_that_leaves_nothing(center: int) -> None:
    job = new_job()

    def work(session: Session) -> object:
        add(session, job, "a")
        return clock.now()

    with pytest.raises(TypeError):
        in_transaction_once(once(center), work)
    assert slots(job) == []
    assert in_transaction_once(once(center), add, job, "b") == "b"


def test_other_body_is_refused_and_the_first_answer_stays(center: int) -> None:
    job = new_job()
    in_transaction_once(once(center), add, job, "a")
    other = once(center, body="other")
    with pytest.raises(Rejected) as caught:
        in_transaction_once(other, add, job, "b")
    assert (caught.value.code, caught.value.context) == ("idempotency.mismatch", {"key": "key"})
    assert not other.replayed
    assert in_transaction_once(once(center), add, job, "c") == "a"
    assert slots(job) == ["a"]


def test_other_scope_key_or_center_is_another_request(center: int) -> None:
    job = new_job()
    neighbour = in_transaction(create_center, name="邻区")
    requests = [once(center), once(center, key="two"), once(center, scope="8:till.confirm"), once(neighbour)]
    for number, request in enumerate(requests):
        assert in_transaction_once(request, add, job, str(number)) == str(number)


@pytest.mark.parametrize("kind", [Rejected, Conflict])
def test_refusal_is_remembered_though_it_would_succeed_now(center: int, kind: type[Rejected] | type[Conflict]) -> None:
    job = new_job()
    open_now = []

    def work(session: Session) -> str:
        if not open_now:
            raise kind("service.conflict", keep=lambda session: add(session, job, "kept"), available=3, unit="点")
        return add(session, job, "done")

    asked = [once(center) for _ in range(3)]
    for each in asked:
        with pytest.raises(kind) as caught:
            in_transaction_once(each, work)
        assert (caught.value.code, caught.value.context) == ("service.conflict", {"available": 3, "unit": "点"})
        open_now.append(True)
    assert [each.replayed for each in asked] == [False, True, True]
    assert slots(job) == ["kept"]
    assert in_transaction_once(once(center, key="new"), work) == "done"


def test_refusal_that_names_a_time_is_remembered_with_its_text(center: int) -> None:
    opens_at = datetime(2026, 6, 3, 1, tzinfo=UTC)

    def work(_session: Session) -> None:
        raise Conflict("service.conflict", opens_at=opens_at)

    contexts = []
    for _ in range(2):
        with pytest.raises(Conflict) as caught:
            in_transaction_once(once(center), work)
        contexts.append({name: str(value) for name, value in caught.value.context.items()})
    assert contexts[0] == contexts[1]


@pytest.mark.parametrize("error", [NotFound("service.failed"), Forbidden("access.denied"), ValueError("x")])
def test_what_is_no_refusal_of_state_is_not_remembered(center: int, error: Exception) -> None:
    job = new_job()
    found = []

    def work(session: Session) -> str:
        if not found:
            raise error
        return add(session, job, "a")

    with pytest.raises(type(error)):
        in_transaction_once(once(center), work)
    found.append(True)
    second = once(center)
    assert in_transaction_once(second, work) == "a"
    assert not second.replayed


def test_same_key_from_fifty_threads_at_once(center: int) -> None:
    job = new_job()
    asked = [once(center) for _ in range(50)]
    answers = at_once([lambda each=each: in_transaction_once(each, add, job, "a") for each in asked])
    assert answers == ["a"] * 50
    assert Counter(each.replayed for each in asked) == {False: 1, True: 49}
    assert slots(job) == ["a"]


def test_same_key_from_fifty_threads_at_once_when_it_is_refused(center: int) -> None:
    job = new_job()

    def work(session: Session) -> None:
        raise Rejected("service.conflict", keep=lambda session: add(session, job, "kept"), n=1)

    asked = [once(center) for _ in range(50)]
    errors = failures(at_once([lambda each=each: in_transaction_once(each, work) for each in asked]))
    assert {(type(error), error.code) for error in errors if isinstance(error, LedgerError)} == {
        (Rejected, "service.conflict")
    }
    assert len(errors) == 50
    assert Counter(each.replayed for each in asked) == {False: 1, True: 49}
    assert slots(job) == ["kept"]


def test_fifty_threads_when_the_first_fails_by_a_fault(center: int) -> None:
    """The fault frees the key, so exactly one of the others does the work."""
    job = new_job()
    runs: list[int] = []

    def work(session: Session) -> str:
        runs.append(1)
        if len(runs) == 1:
            raise ValueError("the first one breaks")
        return add(session, job, "a")

    outcomes = at_once([lambda: in_transaction_once(once(center), work) for _ in range(50)])
    assert Counter(str(outcome) for outcome in outcomes) == {"a": 49, "the first one breaks": 1}
    assert len(runs) == 2
    assert slots(job) == ["a"]


def test_same_keys_from_two_processes_at_once(own_database: Database) -> None:
    center = in_transaction(create_center, name="演示区")
    answers = [each for answers in in_processes(ask_often, own_database.url, center, "job") for each in answers]
    assert failures(answers) == []
    assert Counter(answer for answer, _ in answers) == {str(key): 30 for key in range(10)}
    assert Counter(replayed for _, replayed in answers) == {False: 10, True: 290}
    assert slots("job") == [str(key) for key in range(10)]


def test_rerun_of_a_request_is_no_replay(center: int) -> None:
    """A unit that lost a unique key runs again from scratch; the rerun's answer is its first."""
    job = new_job()
    in_transaction(add, job, "taken")
    runs: list[int] = []

    def work(session: Session) -> str:
        runs.append(1)
        return add(session, job, "taken" if len(runs) == 1 else "free")

    request = once(center)
    assert in_transaction_once(request, work) == "free"
    assert not request.replayed
    assert in_transaction_once(once(center), work) == "free"
    assert len(runs) == 2


def test_old_keys_are_forgotten_and_young_ones_kept(own_database: Database) -> None:
    center = in_transaction(create_center, name="演示区")
    now = datetime(2026, 6, 3, tzinfo=UTC)
    for days in (KEPT.days + 1, KEPT.days, 1):
        with clock.at(now - timedelta(days=days)):
            in_transaction_once(once(center, key=str(days)), add, "job", str(days))
    assert in_transaction(forget_old, center, now=now) == 1
    assert in_transaction(forget_old, center, now=now) == 0
    keys = in_snapshot(lambda session: sorted(session.scalars(sa.select(Idempotency.key))))
    assert keys == ["1", "90"]


def test_hash_of_a_request_knows_order_and_content() -> None:
    assert hash_request("POST", {"a": 1, "b": 2}) == hash_request("POST", {"b": 2, "a": 1})
    different = [
        ("POST", {"a": 1}),
        ("PUT", {"a": 1}),
        ("POST", {"a": "1"}),
        ("POST", {"a": [1]}),
        ("POST", "a1"),
        ("POSTa1",),
    ]
    assert len({hash_request(*parts) for parts in different}) == len(different)
