"""The scan itself: what was scanned, where, and for whom."""

from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.checkin import codes
from ledger.checkin.codes import Ticket
from ledger.checkin.commands import ScanCommand
from ledger.checkin.models import ScanEvent
from ledger.checkin.policy import TICKET_LIFE, Method, Shown, scan_moment
from ledger.kernel import clock
from ledger.kernel.actor import Actor
from ledger.kernel.errors import Rejected
from ledger.kernel.idempotency import hash_request
from ledger.kernel.permissions import Permission
from ledger.kernel.prepared import Prepared
from ledger.kernel.types import table_of
from ledger.people.models import Volunteer
from ledger.people.policy import ACTIVE
from ledger.people.volunteers import queries as people
from ledger.people.volunteers.card_tokens import read_token
from ledger.people.volunteers.queries import CardView
from ledger.people.volunteers.search import find_volunteer
from ledger.places import queries as places

# Farther off, a device has lost its clock; a day that is rehearsed may be months away.
_FARTHEST = timedelta(days=3653)
_scan, _volunteer = table_of(ScanEvent), table_of(Volunteer)
_STANDING = Prepared(
    sa.select(_volunteer.c.identity_id, _volunteer.c.status).where(
        _volunteer.c.center_id == sa.bindparam("center"), _volunteer.c.id == sa.bindparam("volunteer")
    )
)

# What somebody scanned since a time, newest first.
_LATELY = Prepared(
    sa.select(*(_scan.c[name] for name in ("method", "outcome", "reason", "station_id", "scanned_at", "received_at")))
    .where(
        _scan.c.center_id == sa.bindparam("center"),
        _scan.c.volunteer_id == sa.bindparam("volunteer"),
        _scan.c.received_at >= sa.bindparam("since"),
    )
    .order_by(_scan.c.received_at.desc(), _scan.c.id.desc())
    .limit(20)
)


@dataclass(frozen=True, slots=True)
class Person:
    """The person a scan is for."""

    volunteer_id: int
    identity_id: int
    card_id: int | None = None


@dataclass(frozen=True, slots=True)
class Scene:
    """A scan with everything known about it, which is stored even if `refusal` ended it early.

    `at` is when the scan happened, by what the server itself saw; `now` is when it arrived. Ids of an unknown station
    or person are 0. `closed_at` is the station's, `blocked` the person's standing, `nonce` that of the spent ticket,
    `shown` the screen's code.
    """

    command: ScanCommand
    actor: Actor
    request_hash: str
    scan_id: int
    now: datetime
    at: datetime
    station_id: int = 0
    method: Method = "card"
    person: Person = Person(0, 0)
    closed_at: datetime | None = None
    blocked: bool = False
    nonce: str | None = None
    shown: Shown | None = None
    refusal: Rejected | None = None

    def refused(self, code: str) -> "Scene":
        """The scene, ended by a refusal."""
        return replace(self, refusal=Rejected(code))


def hash_command(command: ScanCommand) -> str:
    """A digest of everything sent."""
    sent = {name: getattr(command, name) for name in ScanCommand.__slots__ if name != "client_scan_id"}
    return hash_request(sent | {"ticket": command.ticket and asdict(command.ticket)})


def is_typed(command: ScanCommand) -> bool:
    """Whether a number was typed instead of scanning a card or a code."""
    return command.card is not None and read_token(command.card) is None


def identify(session: Session, scene: Scene) -> Scene:
    """Find out where, how and for whom the scan is, as far as possible: steps 1 to 5 of the order of a scan."""
    if scene.command.card is not None:
        scene = _identify_by_card(session, scene, scene.command.card)
    else:
        scene = _identify_by_code(session, scene)
    claimed = scene.command.scanned_at
    if scene.refusal is None and claimed is not None and not is_possible(claimed, scene.now):
        return scene.refused("checkin.clock_wrong")
    return scene


def is_possible(claimed: datetime, now: datetime) -> bool:
    """Whether a device may have scanned then. Its word is kept as a claim and decides nothing."""
    return abs(claimed - now) <= _FARTHEST


def _identify_by_code(session: Session, scene: Scene) -> Scene:
    """A volunteer's own scan of a station's code. Who sent it and what is signed are kept, also of a refused code."""
    if scene.actor.volunteer_id is not None:
        scene = _with_person(session, scene, scene.actor.volunteer_id)
    if scene.command.ticket is not None:
        return _with_ticket(session, scene, scene.command.ticket)
    seen = codes.look_at(session, scene.command.code or "", scene.now)
    scene = replace(scene, method=seen.method, station_id=seen.station_id, closed_at=seen.closed_at, shown=seen.shown)
    if seen.refusal is not None:
        return replace(scene, refusal=seen.refusal)
    return _since_first_opening(session, _of_volunteer(scene, seen.center_id))


def _with_ticket(session: Session, scene: Scene, ticket: Ticket) -> Scene:
    station = places.find_place(session, ticket.station_id, ticket.center_id)
    closed_at = station.closed_at if station is not None else None
    scene = replace(scene, method=ticket.method, station_id=ticket.station_id, closed_at=closed_at, shown=ticket.shown)
    scene = _of_volunteer(scene, ticket.center_id)
    return scene if scene.refusal is not None else _with_ticket_spent(session, scene, ticket)


def _of_volunteer(scene: Scene, center_id: int) -> Scene:
    """Refuse whoever is no volunteer of the code's center."""
    if not scene.person.volunteer_id or center_id != scene.actor.center_id:
        return scene.refused("checkin.person_unknown")
    return scene


def _identify_by_card(session: Session, scene: Scene, scanned: str) -> Scene:
    """A clerk's scan of somebody's card, or the number typed instead."""
    scene = _at_clerks_station(session, scene)
    if scene.refusal is not None:
        return scene
    token = read_token(scanned)
    scene = replace(scene, method="card" if token is not None else "number")
    scene = _with_card(session, scene, token) if token is not None else _with_number(session, scene, scanned)
    if scene.refusal is None and scene.person.identity_id == scene.actor.identity_id:
        return scene.refused("checkin.self_proxy")
    return scene


def _with_card(session: Session, scene: Scene, token: str) -> Scene:
    card = people.find_volunteer_by_card(session, token, scene.actor.center_id)
    if card is None:
        return scene.refused("checkin.card_unknown")
    return _with_person(session, scene, card.volunteer_id, card=card)


def _with_number(session: Session, scene: Scene, text: str) -> Scene:
    volunteer = find_volunteer(session, text, scene.actor.center_id)
    if volunteer is None:
        return scene.refused("checkin.card_unknown")
    return _with_person(session, scene, volunteer.id)


def _at_clerks_station(session: Session, scene: Scene) -> Scene:
    if scene.command.station_id is None:
        return scene.refused("checkin.station_needed")
    station = places.find_place(session, scene.command.station_id, scene.actor.center_id)
    if station is None:
        return scene.refused("organisations.place_not_found")
    scene = replace(scene, station_id=station.id, closed_at=station.closed_at)
    if not scene.actor.may(Permission.CHECK_IN_OTHERS, station.path):
        return scene.refused("checkin.proxy_not_allowed")
    return scene


def _with_person(session: Session, scene: Scene, volunteer_id: int, *, card: CardView | None = None) -> Scene:
    """Add the person, even if the card is no longer valid. Whoever is blocked may still leave."""
    parameters = {"center": scene.actor.center_id, "volunteer": volunteer_id}
    [(identity_id, status)] = _STANDING.rows(session, parameters)
    person = Person(volunteer_id, identity_id, card.id if card is not None else None)
    scene = replace(scene, person=person, blocked=status != ACTIVE)
    if card is not None and card.revoked_at is not None:
        return scene.refused("checkin.card_revoked")
    today = clock.local_day(scene.now, clock.zone())
    if card is not None and card.expires_on is not None and today > card.expires_on:
        return scene.refused("checkin.card_expired")
    return scene


def _with_ticket_spent(session: Session, scene: Scene, ticket: Ticket) -> Scene:
    """Spend the ticket, valid for one person. The scan happened when the ticket was made.

    Its owner may use it again, to leave at once: that is another deed, done now.
    """
    query = sa.select(_scan.c.volunteer_id).where(
        _scan.c.center_id == scene.actor.center_id, _scan.c.entry_nonce == ticket.nonce
    )
    spent = session.execute(query).one_or_none()
    if spent is None:
        return _since_first_opening(session, replace(scene, nonce=ticket.nonce, at=ticket.made_at))
    return scene if spent.volunteer_id == scene.person.volunteer_id else scene.refused("checkin.code_used")


def _since_first_opening(session: Session, scene: Scene) -> Scene:
    """The scene, at the time of the first code that the person opened here if that was full: they kept looking."""
    if scene.shown is None or scene.refusal is not None:
        return scene
    first = scene.at
    parameters = {
        "center": scene.actor.center_id,
        "volunteer": scene.person.volunteer_id,
        "since": scene.now - TICKET_LIFE,
    }
    for method, outcome, reason, station_id, scanned_at, received_at in _LATELY.rows(session, parameters):
        if outcome != "refused":
            break
        if (reason, station_id) == ("CODE_FULL", scene.station_id):
            first = min(first, scan_moment(method, scanned_at, received_at))
    return replace(scene, at=first) if scene.now - first <= TICKET_LIFE else scene
