"""Every reason of check-in is produced by some case; a reason without one fails the last test."""

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.checkin import earnings, service, stored_scans
from ledger.checkin.models import ScanEvent
from ledger.kernel import clock
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.errors import registered_codes
from ledger.kernel.ids import public_id
from ledger.points.corrections import clawback
from tests.approvals.office import Office
from tests.checkin.days import Day, at, award_of, code_of, scan
from tests.checkin.refusals import DECIDED, SCANNED, checked_in, decided, forgotten
from tests.databases import on_sqlite


@decided("four_eyes_required")
def _the_manager_decides_on_an_own_scan(day: Day) -> object:
    day.sign_up(9)
    with clock.at(at(9)):
        opened = scan(day.manager, card=day.volunteer.card, station_id=day.world.station_id)
    with clock.at(at(12)):
        in_transaction(service.close_forgotten, day.world.center_id)
    return day.review(opened.attendance["id"], ended_at=at(11))


@decided("same_household")
def _the_managers_household_gains(day: Day) -> object:
    day.world.house("柳荫017", day.manager, day.volunteer)
    return day.review(forgotten(day), ended_at=at(10.5))


@decided("attendance_not_found")
def _annuls_what_there_is_not(day: Day) -> object:
    return in_transaction(service.annul, 12345, actor=day.clerk.actor)


@decided("wrong_state")
def _decides_twice(day: Day) -> object:
    attendance_id = forgotten(day)
    day.review(attendance_id, ended_at=at(11))
    return day.review(attendance_id, ended_at=at(10))


@decided("annul_window_closed")
def _annuls_too_late(day: Day) -> object:
    attendance_id = checked_in(day)
    with clock.at(at(9.3)):
        return in_transaction(service.annul, attendance_id, actor=day.clerk.actor)


@decided("end_needed")
def _confirms_a_forgotten_check_out_without_an_end(day: Day) -> object:
    return day.review(forgotten(day))


@decided("end_out_of_range")
def _ends_before_the_beginning(day: Day) -> object:
    return day.review(forgotten(day), ended_at=at(8))


@decided("overlap")
def _ends_after_the_next_check_in(day: Day) -> object:
    attendance_id = forgotten(day)
    day.sign_up(12.5)
    day.card(12.5)
    return day.review(attendance_id, ended_at=at(13))


@decided("note_needed")
def _rejects_without_a_word(day: Day) -> object:
    return day.review(forgotten(day), approve=False, note=" ")


def hours_of(day: Day, attendance_id: int, ended: float) -> object:
    """Propose another end of confirmed hours."""
    payload = {"attendance_id": public_id(attendance_id), "ended_at": at(ended).isoformat()}
    with clock.at(at(15)):
        return Office(day.world).propose("checkin.hours", payload)


def confirmed(day: Day) -> int:
    day.sign_up(9)
    day.card(9)
    attendance_id: int = day.card(11).attendance["id"]
    return attendance_id


@decided("nothing_to_correct")
def _corrects_to_what_it_is(day: Day) -> object:
    return hours_of(day, confirmed(day), 11)


@decided("points_taken_back")
def _corrects_after_a_claw_back(day: Day) -> object:
    attendance_id = confirmed(day)
    award = in_snapshot(award_of, attendance_id, day.world.center_id)
    in_transaction(clawback.claw_back, award, actor=day.world.builder, reason="clawback")
    return hours_of(day, attendance_id, 10)


@decided("scan_not_found")
def _looks_at_somebody_elses_scan(day: Day) -> object:
    day.sign_up(9)
    scan_id = day.card(9).scan_id
    return in_snapshot(stored_scans.get_scan, scan_id, day.volunteer.actor)


@decided("receipt_unknown")
def _checks_a_made_up_receipt(day: Day) -> object:
    return in_snapshot(earnings.receipt_of, "A" * 42)


def kept_reasons(session: Session, center_id: int) -> list[tuple[str, str]]:
    query = sa.select(ScanEvent.outcome, ScanEvent.reason).where(ScanEvent.center_id == center_id)
    return [(row.outcome, row.reason) for row in session.execute(query)]


@pytest.mark.parametrize("reason", SCANNED)
def test_a_scan_is_refused_and_kept_with_its_reason(day: Day, reason: str) -> None:
    assert code_of(lambda: SCANNED[reason](day)) == f"checkin.{reason}"
    assert ("refused", reason.upper()) in in_snapshot(kept_reasons, day.world.center_id)


@pytest.mark.parametrize("reason", DECIDED)
@on_sqlite
def test_it_is_refused(day: Day, reason: str) -> None:
    assert code_of(lambda: DECIDED[reason](day)) == f"checkin.{reason}"


def test_no_reason_is_left_without_a_way_to_it() -> None:
    there = {code.removeprefix("checkin.") for code in registered_codes() if code.startswith("checkin.")}
    assert there == SCANNED.keys() | DECIDED.keys()
