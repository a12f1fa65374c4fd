"""Reads for the station's screen: its code, the current shift and the next one, and recent arrivals."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.activities import queries as activities
from ledger.activities import signup_queries as signups
from ledger.activities.policy import ShiftView
from ledger.checkin import codes, serials
from ledger.checkin.codes import StationCode
from ledger.checkin.models import Attendance, ScanEvent
from ledger.checkin.policy import TODAY, Shown, scan_moment
from ledger.kernel.actor import Actor
from ledger.kernel.errors import Conflict
from ledger.kernel.ids import public_id
from ledger.kernel.permissions import Permission
from ledger.kernel.types import table_of
from ledger.organisations import queries as organisations
from ledger.people.volunteers import queries as people
from ledger.places.queries import PlaceView, all_places
from ledger.rules import queries as rules

_attendance, _scan = table_of(Attendance), table_of(ScanEvent)
# People who forgot to check out may still come for a while.
_STILL = timedelta(hours=1)
_ARRIVALS = 6
_SERIALS = 8


@dataclass(frozen=True, slots=True)
class ShiftNow:
    """The shift that is on or open for check-in: `arrived` people came, `expected` signed up."""

    activity_name: str
    starts_at: datetime
    ends_at: datetime
    arrived: int
    expected: int


@dataclass(frozen=True, slots=True)
class ShiftNext:
    """The following shift, and when its check-in opens."""

    activity_name: str
    starts_at: datetime
    ends_at: datetime
    opens_at: datetime


@dataclass(frozen=True, slots=True)
class Arrival:
    """Somebody who came ("in") or left ("out") at the station, with the name as strangers may read it."""

    masked_name: str
    what: str
    time: datetime


@dataclass(frozen=True, slots=True)
class Serial:
    """A code that the screen shows from `valid_from` on, once the serial before it is full."""

    serial: int
    code: str
    valid_from: datetime
    valid_until: datetime


@dataclass(frozen=True, slots=True)
class Screen:
    """Everything the station's screen shows."""

    code: StationCode
    serials: list[Serial]
    now: ShiftNow | None
    next: ShiftNext | None
    arrivals: list[Arrival]
    server_time: datetime


def screen(session: Session, station_id: int, actor: Actor, now: datetime) -> Screen:
    """The screen as it is now. Raises NotFound("organisations.place_not_found"), Forbidden("access.denied"),
    Conflict("organisations.place_closed").
    """
    station = organisations.get_place(session, station_id, actor.center_id)
    actor.need(Permission.STATION_SCREEN, station.path)
    need_open(station)
    shifts = activities.shifts_at_station(session, station_id, actor.center_id, at=now, ahead=TODAY, back=timedelta(0))
    body = rules.rule_in_force(session, actor.center_id, now).body
    early = body.early
    current, coming = _now_and_next(shifts, now, early)
    used = serials.find_use(session, station_id, codes.step_of(now), actor.center_id)
    following = _serials(actor.center_id, station, now, in_force=used.serial(body.people_per_code))
    return Screen(
        code=StationCode(following[0].code, following[0].valid_until),
        serials=following,
        now=_count(session, current, actor.center_id) if current is not None else None,
        next=_announce(coming, early) if coming is not None else None,
        arrivals=_arrivals(session, station_id, actor.center_id, now),
        server_time=now,
    )


def _serials(center_id: int, station: PlaceView, now: datetime, *, in_force: int) -> list[Serial]:
    """The next codes of this step and those of the next, so that a screen can go on by itself."""
    step = codes.step_of(now)
    wanted = [Shown(at, first + n) for at, first in ((step, in_force), (step + 1, 0)) for n in range(_SERIALS)]
    return [
        Serial(
            shown.serial,
            codes.code_of(center_id, station.id, station.code_version, shown).code,
            codes.end_of(shown.step - 1),
            codes.end_of(shown.step),
        )
        for shown in wanted
    ]


def need_open(station: PlaceView) -> None:
    """A closed place shows no code. Raises Conflict("organisations.place_closed")."""
    if station.closed_at is not None:
        raise Conflict("organisations.place_closed")


def _now_and_next(
    shifts: list[ShiftView], now: datetime, early: timedelta
) -> tuple[ShiftView | None, ShiftView | None]:
    """The current shift, else the one open for check-in; and the first one after it."""
    on = [shift for shift in shifts if shift.cancelled_at is None and shift.activity_status == "approved"]
    current = max((shift for shift in on if shift.starts_at <= now < shift.ends_at), key=_start, default=None)
    if current is None:
        current = min((shift for shift in on if now < shift.starts_at <= now + early), key=_start, default=None)
    coming = [shift for shift in on if shift.starts_at > now and shift is not current]
    return current, min(coming, key=_start, default=None)


def _start(shift: ShiftView) -> tuple[datetime, int]:
    return shift.starts_at, shift.id


def _count(session: Session, shift: ShiftView, center_id: int) -> ShiftNow:
    came = sa.select(sa.func.count(sa.distinct(_attendance.c.volunteer_id))).where(
        _attendance.c.center_id == center_id, _attendance.c.shift_id == shift.id, _attendance.c.status != "VOID"
    )
    return ShiftNow(
        activity_name=shift.activity_name,
        starts_at=shift.starts_at,
        ends_at=shift.ends_at,
        arrived=session.execute(came).scalar_one(),
        expected=signups.counts_of(session, [shift.id], center_id)[shift.id].signed_up,
    )


def _announce(shift: ShiftView, early: timedelta) -> ShiftNext:
    return ShiftNext(shift.activity_name, shift.starts_at, shift.ends_at, shift.starts_at - early)


def latest(session: Session, station_id: int, center_id: int, now: datetime) -> list[str]:
    """The masked names of the last who came or went."""
    return [arrival.masked_name for arrival in _arrivals(session, station_id, center_id, now)]


def _arrivals(session: Session, station_id: int, center_id: int, now: datetime) -> list[Arrival]:
    query = (
        sa.select(_scan.c.volunteer_id, _scan.c.reason, _scan.c.method, _scan.c.scanned_at, _scan.c.received_at)
        .where(
            _scan.c.center_id == center_id,
            _scan.c.station_id == station_id,
            _scan.c.received_at.between(now - TODAY, now),
            _scan.c.outcome.in_(("ok", "pending")),
        )
        .order_by(_scan.c.received_at.desc(), _scan.c.id.desc())
        .limit(_ARRIVALS)
    )
    rows = session.execute(query).all()
    names = people.masked_names(session, [row.volunteer_id for row in rows], center_id)
    return [
        Arrival(
            names[row.volunteer_id],
            "in" if row.reason == "OK_IN" else "out",
            scan_moment(row.method, row.scanned_at, row.received_at),
        )
        for row in rows
    ]


@dataclass(frozen=True, slots=True)
class ScanPlaces:
    """Places where a clerk may scan: all of them, and those with a shift about now."""

    all: list[PlaceView]
    today: list[PlaceView]

    @property
    def elsewhere(self) -> list[tuple[str, str]]:
        """The other places as options."""
        return [(public_id(place.id), place.name) for place in self.all if place not in self.today]


def scan_places(session: Session, actor: Actor, now: datetime) -> ScanPlaces:
    """Places where the actor may check others in or out, as a tree; closed ones while somebody is inside."""
    paths = actor.paths(Permission.CHECK_IN_OTHERS)
    places = all_places(session, actor.center_id, paths=paths, closed=True)
    inside = _where_people_are(session, actor.center_id, [place.id for place in places if place.closed_at is not None])
    places = [place for place in places if place.closed_at is None or place.id in inside]
    soon = activities.shifts_between(session, actor.center_id, start=now - TODAY, end=now + TODAY, paths=paths)
    busy = {shift.station_id for shift in soon if shift.cancelled_at is None and shift.ends_at > now - _STILL}
    return ScanPlaces(places, [place for place in places if place.id in busy])


def _where_people_are(session: Session, center_id: int, station_ids: list[int]) -> set[int]:
    """Those of the stations where somebody is checked in."""
    if not station_ids:
        return set()
    query = sa.select(_attendance.c.station_id).where(
        _attendance.c.center_id == center_id, _attendance.c.status == "OPEN"
    )
    return set(session.scalars(query)) & set(station_ids)
