"""Service in the demonstration: activities are announced, people sign up, come, leave, forget, and are reviewed."""

from functools import partial

from ledger.activities import service as activities
from ledger.checkin import codes, reviewing
from ledger.checkin import service as checkin
from ledger.checkin.commands import ReviewCommand, ScanCommand
from ledger.checkin.policy import Intent
from ledger.checkin.stored_scans import ScanAnswer
from ledger.demo import words
from ledger.demo.service_plan import ActivityPlan, Presence, ShiftPlan
from ledger.demo.stage import Stage
from ledger.kernel import clock


def announce(activity: ActivityPlan, stage: Stage) -> None:
    """An activity and its shifts become known."""
    manager = stage.managers[activity.station]
    station_id = stage.places[activity.station]
    activity_id = activities.create_activity(
        stage.session,
        place_id=station_id,
        name=activity.name,
        category=activity.category,
        team_id=None if activity.team is None else stage.teams[activity.team],
        actor=manager,
    )
    for shift in activity.shifts:
        stage.shifts[shift] = activities.add_shift(
            stage.session,
            activity_id=activity_id,
            station_id=station_id,
            starts_at=shift.starts_at,
            ends_at=shift.ends_at,
            actor=manager,
        )


def sign_up(shift: ShiftPlan, presence: Presence, stage: Stage) -> None:
    """Somebody takes a place in a shift."""
    member = stage.members[presence.volunteer]
    activities.sign_up(stage.session, shift_id=stage.shifts[shift], volunteer_id=member.id, actor=member.actor)


def knock_early(shift: ShiftPlan, presence: Presence, stage: Stage) -> None:
    """A scan before the doors open: refused, and kept as such."""
    stage.refused(partial(_scan, stage, shift, presence, "in"))


def come(shift: ShiftPlan, presence: Presence, stage: Stage) -> None:
    """Somebody checks in; who has not signed up has said yes to the question first."""
    if presence.oddity == "asked" and presence.signed_up_at is None:
        stage.refused(partial(_scan, stage, shift, presence, "in", confirmed=()))
    stage.attendances[presence] = _scan(stage, shift, presence, "in").attendance["id"]
    if presence.oddity == "twice":
        _scan(stage, shift, presence, "auto")


def leave(shift: ShiftPlan, presence: Presence, stage: Stage) -> None:
    """Somebody checks out, and is paid in minutes and points where nothing is in doubt."""
    attendance = _scan(stage, shift, presence, "out").attendance
    if attendance["status"] == "CONFIRMED":
        stage.earn(presence.volunteer, attendance["points"])


def close_forgotten(stage: Stage) -> None:
    """What the job does that closes attendances nobody has checked out of."""
    checkin.close_forgotten(stage.session, stage.center_id)


def decide(shift: ShiftPlan, presence: Presence, stage: Stage) -> None:
    """The station's manager decides on an attendance in doubt."""
    approve = presence.review is not None and presence.review[1]
    command = ReviewCommand(
        stage.attendances[presence],
        approve=approve,
        ended_at=shift.ends_at if approve and presence.left_at is None else None,
        note=stage.rng.choice(words.REVIEW_NOTES if approve else words.REJECT_NOTES),
    )
    facts = reviewing.review(stage.session, command, actor=stage.managers[shift.station])
    stage.earn(presence.volunteer, facts["points"])


def _scan(
    stage: Stage, shift: ShiftPlan, presence: Presence, intent: Intent, confirmed: tuple[str, ...] = ("WALK_IN",)
) -> ScanAnswer:
    """One scan, by the volunteer's phone of the station's screen, or by the clerk of a card or number."""
    member = stage.members[presence.volunteer]
    station_id = stage.places[shift.station]
    stage.scans += 1
    by_phone = presence.method == "phone"
    shown = codes.screen_code(stage.center_id, station_id, 1, clock.now()).code if by_phone else None
    command = ScanCommand(
        client_scan_id=f"demo-{stage.scans:06}",
        intent=intent,
        code=shown,
        card=None if by_phone else (member.card or member.number),
        station_id=station_id,
        shift_id=stage.shifts[shift],
        confirmed=confirmed,
    )
    return checkin.scan(stage.session, command, actor=member.actor if by_phone else stage.clerks[shift.station])
