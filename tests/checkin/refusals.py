"""Ways to produce each refusal of check-in, by reason."""

from collections.abc import Callable
from datetime import timedelta

from ledger.activities import queries as shifts
from ledger.activities import service as activities
from ledger.checkin import codes, service
from ledger.kernel import clock
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.organisations import service as organisations
from ledger.people.access import blocking
from ledger.people.volunteers import service as people
from tests.checkin.days import Day, at, scan

Way = Callable[[Day], object]
SCANNED: dict[str, Way] = {}
DECIDED: dict[str, Way] = {}


def scanned(reason: str) -> Callable[[Way], Way]:
    """Register a scan that is refused for the reason and therefore stored."""

    def mark(way: Way) -> Way:
        SCANNED[reason] = way
        return way

    return mark


def decided(reason: str) -> Callable[[Way], Way]:
    """Register another action that is refused for the reason."""

    def mark(way: Way) -> Way:
        DECIDED[reason] = way
        return way

    return mark


def checked_in(day: Day, hour: float = 9) -> int:
    day.sign_up(hour)
    attendance_id: int = day.card(hour).attendance["id"]
    return attendance_id


def forgotten(day: Day) -> int:
    attendance_id = checked_in(day)
    with clock.at(at(12)):
        in_transaction(service.close_forgotten, day.world.center_id)
    return attendance_id


@scanned("dwell_too_short")
def _leaves_at_once(day: Day) -> object:
    checked_in(day)
    return day.card(9.05, intent="out")


@scanned("open_session_elsewhere")
def _is_still_in_elsewhere(day: Day) -> object:
    checked_in(day)
    other = day.world.add_station("东门站")
    day.world.add_shift(at(10), station_id=other)
    return day.by_phone(10, code=day.screen(10, other), confirmed=("WALK_IN",))


@scanned("not_signed_up")
def _has_not_signed_up(day: Day) -> object:
    day.world.add_shift(at(9), walk_in=False)
    return day.card(9)


@scanned("walk_in")
def _just_drops_in(day: Day) -> object:
    day.world.add_shift(at(9))
    return day.card(9)


@scanned("not_checked_in")
def _leaves_without_having_come(day: Day) -> object:
    day.sign_up(9)
    return day.card(9, intent="out")


@scanned("code_invalid")
def _forges_a_code(day: Day) -> object:
    genuine = day.screen(9)
    return day.by_phone(9, code=genuine[:-5] + ("B" if genuine[-5] == "A" else "A") + genuine[-4:])


@scanned("code_expired")
def _sends_a_picture_of_the_code(day: Day) -> object:
    return day.by_phone(9.1, code=day.screen(9))


def fill_code(day: Day, hour: float = 9) -> None:
    """Let three people in by the screen's first code of that hour."""
    people = [day.world.add_volunteer(name) for name in ("李建国", "赵红梅", "钱小军")]
    day.sign_up(hour, day.volunteer, *people)
    with clock.at(at(hour)):
        for person in people:
            scan(person, code=day.screen(hour))


@scanned("code_full")
def _scans_a_code_that_was_passed_on(day: Day) -> object:
    fill_code(day)
    return day.by_phone(9, code=day.screen(9), confirmed=("WALK_IN", "CODE_FULL"))


@scanned("code_from_future")
def _scans_a_screen_that_is_fast(day: Day) -> object:
    return day.by_phone(9, code=day.screen(9.1))


@scanned("code_revoked")
def _scans_an_old_print(day: Day) -> object:
    in_transaction(organisations.raise_code_version, day.world.station_id, actor=day.world.builder)
    paper = codes.paper_code(day.world.center_id, day.world.station_id, 1).code
    return day.by_phone(9, code=f"https://jf.example.org/S/{paper}")


@scanned("code_used")
def _uses_somebody_elses_ticket(day: Day) -> object:
    day.world.add_shift(at(9))
    other = day.world.add_volunteer("李建国")
    with clock.at(at(9)):
        ticket = in_snapshot(codes.read_code, day.screen(9), at(9))
        scan(other, ticket=ticket, confirmed=("WALK_IN",))
    return day.by_phone(9.01, ticket=ticket, confirmed=("WALK_IN",))


@scanned("clock_wrong")
def _scans_with_a_device_of_another_century(day: Day) -> object:
    day.sign_up(9)
    return day.card(9, scanned_at=at(9) + timedelta(days=63_000))


@scanned("card_unknown")
def _shows_a_card_of_another_kind(day: Day) -> object:
    return day.card(9, card="X" * 26)


@scanned("card_revoked")
def _shows_a_lost_card(day: Day) -> object:
    in_transaction(people.issue_card, day.volunteer.volunteer_id, actor=day.world.builder)
    return day.card(9)


@scanned("card_expired")
def _shows_an_old_card(day: Day) -> object:
    yesterday = (at(9) - timedelta(days=1)).date()
    card = in_transaction(
        people.issue_card, day.volunteer.volunteer_id, actor=day.world.builder, expires_on=yesterday
    ).token
    return day.card(9, card=card)


@scanned("person_unknown")
def _is_no_volunteer_here(day: Day) -> object:
    with clock.at(at(9)):
        return scan(day.clerk, code=day.screen(9))


@scanned("person_blocked")
def _is_blocked(day: Day) -> object:
    in_transaction(blocking.set_status, day.volunteer.volunteer_id, status="blocked", actor=day.world.builder)
    return day.card(9)


@scanned("signup_cancelled")
def _has_cancelled(day: Day) -> object:
    shift_id = day.sign_up(9)
    with clock.at(at(1)):
        in_transaction(
            activities.cancel_signup,
            shift_id=shift_id,
            volunteer_id=day.volunteer.volunteer_id,
            actor=day.world.builder,
        )
    return day.card(9)


def full_shift(day: Day) -> int:
    shift_id = day.world.add_shift(at(9), capacity=1)
    with clock.at(at(0)):
        day.world.sign_up(shift_id, day.world.add_volunteer("李建国"))
    return shift_id


@scanned("signup_waitlisted")
def _waits_for_a_place(day: Day) -> object:
    shift_id = full_shift(day)
    with clock.at(at(1)):
        day.world.sign_up(shift_id, day.volunteer)
    return day.card(9)


@scanned("capacity_full")
def _comes_to_a_full_shift(day: Day) -> object:
    full_shift(day)
    return day.card(9)


@scanned("wrong_station")
def _is_expected_elsewhere(day: Day) -> object:
    other = day.world.add_station("东门站")
    day.sign_up(9, station_id=other)
    day.world.add_shift(at(9))
    return day.card(9)


@scanned("station_closed")
def _comes_where_nothing_is_on(day: Day) -> object:
    return day.card(9)


@scanned("station_needed")
def _the_clerk_names_no_station(day: Day) -> object:
    return day.card(9, station_id=None)


def activity_of(day: Day, shift_id: int) -> int:
    return int(in_snapshot(shifts.get_shift, shift_id, day.world.center_id).activity_id)


@scanned("activity_not_approved")
def _the_activity_is_a_draft(day: Day) -> object:
    draft = in_transaction(
        activities.create_activity,
        place_id=day.world.station_id,
        name="草稿",
        category="其他",
        status="draft",
        actor=day.world.builder,
    )
    in_transaction(
        activities.add_shift,
        activity_id=draft,
        station_id=day.world.station_id,
        starts_at=at(9),
        ends_at=at(11),
        actor=day.world.builder,
    )
    return day.card(9)


@scanned("activity_cancelled")
def _the_activity_is_off(day: Day) -> object:
    activity_id = activity_of(day, day.sign_up(9))
    in_transaction(activities.cancel_activity, activity_id, actor=day.world.builder)
    return day.card(9)


@scanned("too_early")
def _comes_too_early(day: Day) -> object:
    day.sign_up(9)
    return day.card(8.4)


@scanned("too_late")
def _comes_too_late(day: Day) -> object:
    day.sign_up(9)
    return day.card(11)


@scanned("self_proxy")
def _scans_the_own_card(day: Day) -> object:
    day.world.employ(day.volunteer, "clerk")
    with clock.at(at(9)):
        return scan(day.volunteer, card=day.volunteer.card, station_id=day.world.station_id)


@scanned("proxy_not_allowed")
def _scans_at_somebody_elses_station(day: Day) -> object:
    return day.card(9, station_id=day.world.add_station("东门站"))
