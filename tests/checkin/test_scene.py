"""What is known about a refused scan and stored in its event; and states that no write may skip."""

from dataclasses import FrozenInstanceError, replace
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.checkin import awards, queries
from ledger.checkin.commands import ScanCommand
from ledger.checkin.models import ScanEvent
from ledger.checkin.scans import Scene
from ledger.kernel import clock
from ledger.kernel.db import in_snapshot, in_transaction
from tests.checkin.days import Day, code_of
from tests.checkin.refusals import SCANNED, checked_in, forgotten

# By reason: the method, and whether the station, the person and the card are known.
KNOWN = {
    "station_needed": ("card", False, False, False),
    "proxy_not_allowed": ("card", True, False, False),
    "card_unknown": ("card", True, False, False),
    "card_revoked": ("card", True, True, True),
    "card_expired": ("card", True, True, True),
    "person_blocked": ("card", True, True, True),
    "self_proxy": ("card", True, True, True),
    "clock_wrong": ("card", True, True, True),
    "person_unknown": ("screen", True, False, False),
    "code_invalid": ("screen", False, True, False),
    "code_expired": ("screen", True, True, False),
    "code_from_future": ("screen", True, True, False),
    "code_revoked": ("paper", True, True, False),
    "code_used": ("screen", True, True, False),
    "too_early": ("card", True, True, True),
}


def last_event(session: Session, center_id: int) -> Any:
    """The last refused scan."""
    refused = (ScanEvent.center_id == center_id, ScanEvent.outcome == "refused")
    return session.execute(sa.select(ScanEvent.__table__).where(*refused).order_by(ScanEvent.id.desc()).limit(1)).one()


@pytest.mark.parametrize("reason", KNOWN)
def test_what_was_found_out_before_the_refusal_is_kept(day: Day, reason: str) -> None:
    assert code_of(lambda: SCANNED[reason](day)) == f"checkin.{reason}"

    event = in_snapshot(last_event, day.world.center_id)

    kept = (event.method, *(each is not None for each in (event.station_id, event.volunteer_id, event.card_id)))
    assert (event.reason, kept) == (reason.upper(), KNOWN[reason])
    assert event.entry_nonce is None


def test_a_number_is_known_as_such(day: Day) -> None:
    assert code_of(lambda: day.card(9, card="00000000")) == "checkin.card_unknown"
    assert in_snapshot(last_event, day.world.center_id).method == "number"


def test_nobody_changes_a_scene(day: Day) -> None:
    command = ScanCommand(client_scan_id="scan-0001")
    now = clock.now()
    scene = Scene(command=command, actor=day.clerk.actor, request_hash="", scan_id=1, now=now, at=now)

    with pytest.raises(FrozenInstanceError):
        scene.station_id = 1  # type: ignore[misc]


def test_an_attendance_takes_no_way_that_is_not_in_the_table(day: Day) -> None:
    attendance = in_snapshot(queries.get_attendance, forgotten(day), day.world.center_id)

    assert attendance.status == "PENDING"
    change = (awards.change, attendance, day.world.center_id)
    assert code_of(lambda: in_transaction(*change, to="VOID")) == "checkin.wrong_state"
    assert [visit["status"] for visit in day.visits()] == ["PENDING"]


def test_an_attendance_that_is_in_another_state_by_now_is_left_alone(day: Day) -> None:
    attendance = in_snapshot(queries.get_attendance, checked_in(day), day.world.center_id)
    stale = replace(attendance, status="CONFIRMED")

    change = (awards.change, stale, day.world.center_id)
    assert code_of(lambda: in_transaction(*change, to="VOID")) == "checkin.wrong_state"
    assert [visit["status"] for visit in day.visits()] == ["OPEN"]


def test_a_late_scan_is_kept_with_what_still_waits_alone(day: Day) -> None:
    attendance_id = checked_in(day)
    late = (awards.keep_late_scan, attendance_id, 12345, day.world.center_id)

    assert code_of(lambda: in_transaction(*late)) == "checkin.wrong_state"
    assert day.visits()[0]["out_scan_id"] is None
