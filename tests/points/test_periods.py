"""Closed months take no postings dated into them; two people close a month or reopen the last one."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.checkin import service as checkin
from ledger.kernel import clock
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.errors import LedgerError
from ledger.points.book import entries
from ledger.points.closing import periods
from ledger.points.closing.months import following, month_of, month_start, months_between, preceding
from ledger.points.policy import Movement
from tests.approvals.office import Office
from tests.checkin.days import Day
from tests.points.books import ISSUANCE, Books, member
from tests.runtimes import ZONE, use_instead
from tests.world import World

MARCH, APRIL, MAY = "2026-03", "2026-04", "2026-05"
# Noon in the center's time zone.
IN_MARCH, IN_APRIL, IN_MAY, NOW = (datetime(2026, month, 10, 4, tzinfo=UTC) for month in (3, 4, 5, 6))


@pytest.fixture
def office(world: World) -> Iterator[Office]:
    """An office in June; the book began in March."""
    with clock.at(IN_MARCH):
        office = Office(world)
        post(office)
    with clock.at(NOW):
        yield office


def post(office: Office, effective_at: datetime | None = None) -> int:
    """Post, back-dated if a time is given. Returns the batch."""
    books = Books(office.world.center_id)
    return books.post(Movement(ISSUANCE, member(), 100, "award"), effective_at=effective_at).batch_id


def close(office: Office, *months: str) -> None:
    """Close months, by two people."""
    for month in months:
        office.approve(office.propose("points.period_close", {"month": month}, reason="月底对过账"))


def reopen(office: Office, month: str) -> None:
    """Reopen a month, by two people."""
    office.approve(office.propose("points.period_reopen", {"month": month}, reason="漏了一笔"))


def shown(office: Office) -> periods.Periods:
    """All months as shown."""
    return in_snapshot(periods.periods, office.world.center_id)


def refused(work: object) -> LedgerError:
    """The refusal that `work` raises."""
    assert callable(work)
    with pytest.raises(LedgerError) as caught:
        work()
    return caught.value


def test_a_closed_month_takes_no_posting_dated_into_it(office: Office) -> None:
    post(office, IN_MARCH)
    close(office, MARCH)

    refusal = refused(lambda: post(office, IN_MARCH))

    assert (refusal.code, refusal.context["month"]) == ("points.period_locked", MARCH)
    post(office, IN_APRIL)
    post(office)


def test_the_month_ends_at_midnight_where_the_people_are(office: Office) -> None:
    close(office, MARCH)
    first = month_start(APRIL, ZONE)

    assert first == datetime(2026, 3, 31, 16, tzinfo=UTC)
    assert refused(lambda: post(office, first.replace(day=31, month=3, hour=23))).code == "points.period_locked"
    post(office, first)


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Auckland", "America/Los_Angeles", "Etc/GMT+12"])
def test_what_was_closed_stays_closed_when_the_zone_of_the_service_is_changed(office: Office, zone: str) -> None:
    close(office, MARCH, APRIL)
    use_instead(zone=ZoneInfo(zone))
    end = month_start(MAY, ZONE)

    for now in (end + timedelta(hours=hours) for hours in (1, 10, 30, 24 * 15)):
        with clock.at(now):
            for before in (timedelta(microseconds=1), timedelta(hours=5), timedelta(hours=20)):
                assert refused(lambda ago=before: post(office, end - ago)).code == "points.period_locked"

    assert (shown(office).to_close, shown(office).to_reopen) == (MAY, APRIL)
    assert refused(lambda: close(office, APRIL)).code == "points.period_closed"
    close(office, MAY)
    assert (shown(office).to_close, shown(office).to_reopen) == (None, MAY)


def test_what_was_before_the_first_closed_month_is_closed_too(office: Office) -> None:
    close(office, MARCH)
    assert refused(lambda: post(office, datetime(2020, 1, 1, tzinfo=UTC))).code == "points.period_locked"


def test_a_refused_posting_leaves_nothing_behind(office: Office) -> None:
    close(office, MARCH)
    books = Books(office.world.center_id)
    before = books.transfers(), books.accounts()
    refused(lambda: post(office, IN_MARCH))
    assert (books.transfers(), books.accounts()) == before


def test_a_month_opened_again_takes_postings_until_it_is_closed_again(office: Office) -> None:
    close(office, MARCH, APRIL)
    reopen(office, APRIL)
    post(office, IN_APRIL)
    assert refused(lambda: post(office, IN_MARCH)).code == "points.period_locked"
    close(office, APRIL)
    assert refused(lambda: post(office, IN_APRIL)).code == "points.period_locked"

    turns = [(turn.month, turn.event) for month in reversed(shown(office).months) for turn in month.turns]
    assert turns == [(MARCH, "closed"), (APRIL, "closed"), (APRIL, "reopened"), (APRIL, "closed")]


@pytest.mark.parametrize(
    ("event", "month", "code"),
    [
        ("close", APRIL, "points.period_not_next"),
        ("close", "2020-01", "points.period_not_next"),
        ("close", "2026-06", "points.period_not_over"),
        ("close", "2027-01", "points.period_not_over"),
        ("close", "2026-13", "points.period_invalid"),
        ("close", "2026-1２", "points.period_invalid"),
        ("close", "26-0005", "points.period_invalid"),
        ("reopen", MARCH, "points.period_not_closed"),
        ("reopen", "2026-00", "points.period_invalid"),
    ],
)
def test_months_are_closed_one_after_the_other_when_they_are_over(
    office: Office, event: str, month: str, code: str
) -> None:
    assert refused(lambda: office.propose(f"points.period_{event}", {"month": month})).code == code


def test_only_the_last_closed_month_is_opened_again(office: Office) -> None:
    close(office, MARCH, APRIL)

    refusal = refused(lambda: reopen(office, MARCH))

    assert (refusal.code, refusal.context["last"]) == ("points.period_not_last", APRIL)
    assert refused(lambda: close(office, APRIL)).code == "points.period_closed"


def test_a_month_is_proposed_once_at_a_time(office: Office) -> None:
    first = office.propose("points.period_close", {"month": MARCH})
    assert refused(lambda: close(office, MARCH)).code == "approvals.already_proposed"
    office.reject(first)
    close(office, MARCH)


def test_who_approves_is_asked_anew_whether_it_can_be_done(office: Office) -> None:
    close(office, MARCH)
    waiting = office.propose("points.period_reopen", {"month": MARCH})
    close(office, APRIL)

    assert refused(lambda: office.approve(waiting)).code == "points.period_not_last"
    assert office.see(waiting).status == "proposed"


def test_the_months_say_what_comes_next(office: Office) -> None:
    found = shown(office)
    assert [month.month for month in found.months] == ["2026-06", MAY, APRIL, MARCH]
    assert (found.to_close, found.to_reopen) == (MARCH, None)

    close(office, MARCH, APRIL)

    found = shown(office)
    assert [month.state for month in found.months] == ["current", "over", "closed", "closed"]
    assert (found.to_close, found.to_reopen) == (MAY, APRIL)
    [turn] = found.months[-1].turns
    assert (turn.event, turn.decided_by) == ("closed", office.second.identity_id)


def test_a_new_center_has_its_present_month_alone(world: World) -> None:
    with clock.at(NOW):
        found = in_snapshot(periods.periods, world.center_id)
    assert ([month.month for month in found.months], found.to_close) == (["2026-06"], None)


def test_months_of_one_center_are_not_closed_for_another(office: Office) -> None:
    stranger = Office(World(office.world.database))
    close(office, MARCH)
    post(stranger, IN_MARCH)


@pytest.mark.parametrize(("at", "asks"), [(NOW, False), (NOW - timedelta(days=3), False), (IN_MAY, True)])
def test_a_posting_of_the_present_month_asks_nothing(office: Office, at: datetime, asks: bool) -> None:
    """The check adds no statement to the hot path, except near the beginning of a month."""
    said: list[str] = []
    engine = office.world.database.writer

    def hear(*heard: object) -> None:
        said.append(str(heard[2]))

    sa.event.listen(engine, "before_cursor_execute", hear)
    try:
        post(office, at)
    finally:
        sa.event.remove(engine, "before_cursor_execute", hear)
    assert any("INSERT INTO batch" in statement for statement in said)
    assert any("FROM period" in statement for statement in said) == asks


@pytest.mark.parametrize("statement", ["UPDATE period SET closed_until = '2020-01-01'", "DELETE FROM period"])
def test_sql_can_not_change_the_history_of_the_months(office: Office, statement: str) -> None:
    close(office, MARCH)

    def forge(session: Session) -> None:
        session.execute(sa.text(f"{statement} WHERE center_id = :c"), {"c": office.world.center_id})

    with pytest.raises(sa.exc.DBAPIError, match="period is append only"):
        in_transaction(forge)


def test_who_served_in_a_month_that_was_closed_meanwhile_still_gets_it(world: World) -> None:
    """A forgotten check-out, reviewed after its month closed, is booked in the open month; evidence keeps its time."""
    with clock.at(IN_MARCH):
        office = Office(world)
        post(office)
        day = Day(world, world.add_staff("clerk"), world.add_staff("station_manager"), world.add_volunteer())
        shift = world.add_shift(datetime(2026, 3, 31, 13, tzinfo=UTC))
        world.sign_up(shift, day.volunteer)
    came = datetime(2026, 3, 31, 13, tzinfo=UTC)
    attendance_id = day.card(came).attendance["id"]
    with clock.at(datetime(2026, 3, 31, 20, tzinfo=UTC)):
        in_transaction(checkin.close_forgotten, world.center_id)
    with clock.at(IN_APRIL):
        close(office, MARCH)

    facts = day.review(attendance_id, hour=IN_APRIL, ended_at=datetime(2026, 3, 31, 14, 30, tzinfo=UTC))

    [batch] = in_snapshot(entries.batches_of, "attendance", str(attendance_id), world.center_id)
    assert facts["minutes"] == 90
    assert facts["closed_at"] == "2026-03-31T14:30:00+00:00"
    assert batch.effective_at == month_start(APRIL, ZONE)


def test_a_shift_over_the_end_of_the_month_is_booked_when_it_ends(world: World) -> None:
    with clock.at(IN_MARCH):
        office = Office(world)
        post(office)
        day = Day(world, world.add_staff("clerk"), world.add_staff("station_manager"), world.add_volunteer())
        starts = datetime(2026, 3, 31, 15, tzinfo=UTC)
        world.sign_up(world.add_shift(starts), day.volunteer)
    attendance_id = day.card(starts).attendance["id"]
    ends = datetime(2026, 3, 31, 17, tzinfo=UTC)
    with clock.at(datetime(2026, 3, 31, 16, 30, tzinfo=UTC)):
        close(office, MARCH)

    facts = day.card(ends).attendance

    [batch] = in_snapshot(entries.batches_of, "attendance", str(attendance_id), world.center_id)
    assert (facts["minutes"], batch.effective_at) == (120, ends)


def test_months_follow_each_other() -> None:
    assert [following("2026-12"), preceding("2026-01"), preceding("2026-03")] == ["2027-01", "2025-12", "2026-02"]
    assert months_between("2025-11", "2026-02") == ["2025-11", "2025-12", "2026-01", "2026-02"]
    assert month_of(datetime(2026, 3, 31, 16, tzinfo=UTC), ZONE) == APRIL
