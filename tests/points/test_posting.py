"""A batch moves amounts between accounts, all or nothing, once per step of its source."""

from datetime import UTC, datetime, timedelta

import pytest

from ledger.kernel import clock
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.errors import Conflict, LedgerError, Rejected
from ledger.kernel.ids import new_id
from ledger.points.book import entries, opening, queries, rows
from ledger.points.policy import MINUTE, POINT, AccountKey, Balance, Movement, Source, evidence_hash, item_unit
from tests.points.books import ISSUANCE, REDEEMED, Books, member, new_source

NOON = datetime(2026, 6, 3, 12, tzinfo=UTC)
SERVICE = AccountKey(MINUTE, "service")


def test_amount_goes_from_one_account_to_the_other(books: Books) -> None:
    books.award(500)
    books.spend(120)
    assert books.balance() == Balance(380, 0)
    debit, credit = ({row["kind"]: row for row in books.accounts()}[kind] for kind in ("issuance", "redeemed"))
    assert [(row["debits_posted"], row["credits_posted"], row["version"]) for row in (debit, credit)] == [(0, 0, 0)] * 2
    folded = [in_snapshot(queries.get_account, row["id"], books.center_id).balance for row in (debit, credit)]
    assert folded == [-500, 120]


def test_answer_holds_the_balances_after_it(books: Books) -> None:
    books.award(500)
    posted = books.post(
        Movement(member(1), member(2), 200, "gift"), Movement(member(1), REDEEMED, 100, "redeem"), effective_at=NOON
    )
    assert posted.balances == {member(1): Balance(200, 0), member(2): Balance(200, 0)}
    assert len(posted.transfer_ids) == 2


def test_batch_tells_who_when_why_and_on_what_evidence(books: Books) -> None:
    source = Source("attendance", "42", "award:1")
    with clock.at(NOON):
        posted = books.post(
            Movement(SERVICE, member(1, MINUTE), 125, "hours"),
            Movement(ISSUANCE, member(), 200, "award"),
            source=source,
            effective_at=NOON - timedelta(days=1),
            reason="rule 3",
            evidence={"scans": [1, 2], "rule": 3},
        )
    view = in_snapshot(entries.get_batch, posted.batch_id, books.center_id)
    assert (view.source_type, view.source_ref, view.step) == ("attendance", "42", "award:1")
    assert (view.effective_at, view.recorded_at) == (NOON - timedelta(days=1), NOON)
    assert (view.actor_id, view.reason) == (1, "rule 3")
    assert view.evidence_hash == evidence_hash({"rule": 3, "scans": [1, 2]}) != evidence_hash({})
    assert [(each.id, each.unit, each.amount) for each in view.transfers] == [
        (posted.transfer_ids[0], MINUTE, 125),
        (posted.transfer_ids[1], POINT, 200),
    ]
    assert in_snapshot(entries.batches_of, "attendance", "42", books.center_id) == [view]


def test_without_another_time_a_batch_takes_effect_when_it_is_recorded(books: Books) -> None:
    with clock.at(NOON):
        posted = books.award(1)
    assert in_snapshot(entries.get_batch, posted.batch_id, books.center_id).effective_at == NOON


def test_source_posts_a_step_once_for_ever(books: Books) -> None:
    source = new_source("award:1")
    movement = Movement(ISSUANCE, member(), 100, "award")
    with clock.at(NOON):
        books.post(movement, source=source)
    with clock.at(NOON + timedelta(days=4000)), pytest.raises(Conflict) as caught:
        books.post(movement, source=source)
    assert caught.value.code == "points.already_posted"
    assert books.balance() == Balance(100, 0)
    books.post(movement, source=Source(source.type, source.ref, "award:2"))
    assert books.balance() == Balance(200, 0)


def test_refused_batch_leaves_nothing_and_its_source_free(books: Books) -> None:
    books.award(100)
    before = (books.accounts(), books.transfers())
    source = new_source()
    with pytest.raises(Rejected):
        books.post(
            Movement(ISSUANCE, member(), 50, "award"),
            Movement(member(), REDEEMED, 151, "redeem"),
            source=source,
        )
    assert (books.accounts(), books.transfers()) == before
    books.post(Movement(member(), REDEEMED, 100, "redeem"), source=source)


def test_two_movements_of_one_batch_can_not_overdraw(books: Books) -> None:
    books.award(100)
    with pytest.raises(Rejected) as caught:
        books.post(Movement(member(), REDEEMED, 60, "redeem"), Movement(member(), REDEEMED, 60, "redeem"))
    assert caught.value.code == "points.exceeds_credits"
    assert caught.value.context == {"amount": 60, "available": 40, "held": 0, "unit": POINT, "owner": 1}
    assert books.balance() == Balance(100, 0)


def test_order_within_a_batch_counts(books: Books) -> None:
    """A movement may spend what an earlier one credited, but not what a later one will credit."""
    award, redeem = Movement(ISSUANCE, member(), 50, "award"), Movement(member(), REDEEMED, 50, "redeem")
    books.post(award, redeem)
    with pytest.raises(Rejected):
        books.post(redeem, award)


def test_batch_of_many_movements_has_its_versions_in_order(books: Books) -> None:
    books.award(1000)
    books.post(*[Movement(member(), REDEEMED, 1, "redeem") for _ in range(30)])
    mine = [row for row in books.transfers() if row["debit_version"]]
    assert [row["debit_version"] for row in mine] == list(range(2, 32))
    assert [row["debit_balance_after"] for row in mine] == list(range(999, 969, -1))


def test_batch_without_a_movement_is_a_mistake_of_the_caller(books: Books) -> None:
    with pytest.raises(ValueError, match="batch without a transfer"):
        books.post()
    with pytest.raises(ValueError, match="batch without a transfer"):
        books.resolve([], "void")


def test_unit_may_be_added_twice_and_keeps_its_scale(books: Books) -> None:
    unit = item_unit("rice")
    for scale in (3, 3):
        in_transaction(opening.add_unit, unit, scale=scale, actor=books.actor)
    books.post(Movement(AccountKey(unit, "bought"), AccountKey(unit, "stock", 5), 12_500, "goods in"))
    assert books.balance(AccountKey(unit, "stock", 5)) == Balance(12_500, 0)


def test_large_amounts_are_whole(books: Books) -> None:
    books.award(2**53 + 1)
    books.award(2**53 + 1, member(2))
    assert books.balance() == Balance(2**53 + 1, 0)
    lines = {line.kind: line for line in in_snapshot(queries.trial_balance, books.center_id)}
    assert lines["issuance"].debits == lines["member"].credits == 2**54 + 2


def test_time_of_recording_never_goes_back_on_an_account(books: Books) -> None:
    """A fast clock is corrected; the account's entries keep their order."""
    times = [NOON, NOON - timedelta(hours=1), NOON, NOON + timedelta(seconds=1)]
    recorded = []
    for instant in times:
        with clock.at(instant):
            recorded.append(books.award(1).recorded_at)
    microsecond = timedelta(microseconds=1)
    assert recorded == [NOON, NOON + microsecond, NOON + 2 * microsecond, NOON + timedelta(seconds=1)]


def test_key_that_another_process_made_too_is_drawn_again(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    taken = books.award(1)
    drawn = iter([taken.batch_id])
    monkeypatch.setattr(rows, "new_id", lambda: next(drawn, None) or new_id())
    second = books.award(1)
    assert second.batch_id != taken.batch_id
    assert books.balance() == Balance(2, 0)


def test_refusal_is_one_of_the_ledgers_own_errors(books: Books) -> None:
    with pytest.raises(LedgerError) as caught:
        books.spend(1)
    assert caught.value.status == 422
