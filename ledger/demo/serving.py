"""Service in the demonstration: activities are announced; people sign up, check in and out or forget; staff review."""

from functools import partial

from ledger.activities import service as activities
from ledger.checkin import codes, reviewing, serials
from ledger.checkin import service as checkin
from ledger.checkin.commands import ReviewCommand, ScanCommand
from ledger.checkin.policy import Intent
from ledger.checkin.stored_scans import ScanAnswer
from ledger.demo import words
from ledger.demo.service_plan import ActivityPlan, Presence, ShiftPlan
from ledger.demo.stage import Stage
from ledger.kernel import clock
from ledger.rules import queries as rules


def announce(activity: ActivityPlan, stage: Stage) -> None:
    """Publish an activity and its shifts."""
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
    """Sign a volunteer up for a shift."""
    member = stage.members[presence.volunteer]
    activities.sign_up(stage.session, shift_id=stage.shifts[shift], volunteer_id=member.id, actor=member.actor)


def knock_early(shift: ShiftPlan, presence: Presence, stage: Stage) -> None:
    """Scan before check-in opens: the scan is refused and recorded."""
    stage.refused(partial(_scan, stage, shift, presence, "in"))


def come(shift: ShiftPlan, presence: Presence, stage: Stage) -> None:
    """Check in; people without a sign-up confirm first."""
    if presence.oddity == "asked" and presence.signed_up_at is None:
        stage.refused(partial(_scan, stage, shift, presence, "in", confirmed=()))
    stage.attendances[presence] = _scan(stage, shift, presence, "in").attendance["id"]
    if presence.oddity == "twice":
        _scan(stage, shift, presence, "auto")


def leave(shift: ShiftPlan, presence: Presence, stage: Stage) -> None:
    """Check out; minutes and points are posted unless something is in doubt."""
    attendance = _scan(stage, shift, presence, "out").attendance
    if attendance["status"] == "CONFIRMED":
        stage.earn(presence.volunteer, attendance["points"])


def close_forgotten(stage: Stage) -> None:
    """Do what the job does: close attendances without a check-out."""
    checkin.close_forgotten(stage.session, stage.center_id)


def decide(shift: ShiftPlan, presence: Presence, stage: Stage) -> None:
    """Decide on a doubtful attendance as the station's manager."""
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
    """One scan: the volunteer's phone scans the station's screen, or the clerk scans a card or types a number."""
    member = stage.members[presence.volunteer]
    station_id = stage.places[shift.station]
    stage.scans += 1
    by_phone = presence.method == "phone"
    shown = _shown(stage, station_id) if by_phone else None
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


def _shown(stage: Stage, station_id: int) -> str:
    """The code on the station's screen now."""
    now = clock.now()
    rule = rules.rule_in_force(stage.session, stage.center_id, now)
    used = serials.find_use(stage.session, station_id, codes.step_of(now), stage.center_id)
    serial = used.serial(rule.body.people_per_code)
    return codes.screen_code(stage.center_id, station_id, 1, now, serial=serial).code
