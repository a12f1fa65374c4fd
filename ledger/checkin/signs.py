"""Signs that a screen's code was passed on, for two honest people to look at; none of them refuses anybody."""

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from ledger.activities import signup_queries as signups
from ledger.checkin import codes
from ledger.checkin.scans import Scene
from ledger.kernel.ids import public_id
from ledger.kernel.signals import signal

LATE, MORE_THAN_LISTED = "checkin.code_opened_late", "checkin.more_than_listed"
# Longer than a hand, a phone and a slow network take.
_LATE = timedelta(seconds=10)


def opened_at(scene: Scene) -> datetime:
    """When this code was opened here, whenever the person began to look."""
    return scene.command.ticket.made_at if scene.command.ticket is not None else scene.now


def note_late(session: Session, scene: Scene, left_at: datetime) -> None:
    """Signal that a code was opened long after the screen had left it."""
    if opened_at(scene) - left_at > _LATE:
        signal(session, LATE, _evidence(scene), center_id=scene.actor.center_id)


def note_let_in(session: Session, scene: Scene, shift_id: int, let_in: int) -> None:
    """Signal what is odd about somebody whom the code has just let in, `let_in` with them in its step."""
    if scene.shown is None:
        return
    note_late(session, scene, codes.end_of(scene.shown.step))
    if let_in < 2:
        return
    listed = signups.counts_of(session, [shift_id], scene.actor.center_id)[shift_id].signed_up
    # Once a step: with the first who is not on the list.
    if 0 < listed == let_in - 1:
        signal(session, MORE_THAN_LISTED, _evidence(scene), center_id=scene.actor.center_id)


def _evidence(scene: Scene) -> list[str]:
    return [f"scan:{public_id(scene.scan_id)}", f"place:{public_id(scene.station_id)}"]
