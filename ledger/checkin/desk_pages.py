"""Pages of the station: scan others in and out, the screen, the printed code, and the attendance list."""

from typing import Any

from flask import render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from ledger.checkin import attendance_list, codes, queries, station_queries
from ledger.checkin.blueprint import STATUS_WORDS, bp
from ledger.checkin.policy import TODAY
from ledger.checkin.queries import AttendanceFilter
from ledger.kernel import clock
from ledger.kernel.db import in_snapshot
from ledger.kernel.errors import NotFound
from ledger.kernel.ids import public_id
from ledger.kernel.paging import Page, PageRequest
from ledger.kernel.permissions import Permission
from ledger.organisations import queries as organisations
from ledger.places.queries import PlaceView
from ledger.web import asked
from ledger.web.addresses import short
from ledger.web.guard import get_actor, requires
from ledger.web.qr import qr_svg
from ledger.web.spreadsheets import KINDS, all_rows, spreadsheet


@bp.get("/scan")
@requires(Permission.CHECK_IN_OTHERS)
def scan_page() -> str:
    """Page for scanning others; a clerk of several stations chooses one first."""
    found = in_snapshot(station_queries.scan_places, get_actor(), clock.now())
    wanted = asked.key("station")
    chosen = next((place for place in found.all if place.id == wanted), None)
    if chosen is None and (wanted is not None or len(found.all) != 1):
        return render_template("checkin/scan_where.html", found=found, unknown=wanted is not None)
    return _scan_page(chosen or found.all[0], several=len(found.all) > 1)


def _scan_page(station: PlaceView, *, several: bool) -> str:
    owner = public_id(get_actor().identity_id)
    return render_template("checkin/scan.html", station=station, several=several, owner=owner, zone=_zone())


@bp.get("/stations/<id:station_id>/screen")
@requires(Permission.STATION_SCREEN)
def station_screen(station_id: int) -> str:
    """The station's screen with its current code."""
    station = in_snapshot(_open_station, station_id, Permission.STATION_SCREEN)
    return render_template("checkin/screen.html", station=station, station_id=public_id(station_id), zone=_zone())


@bp.get("/stations/<id:station_id>/paper")
@requires(Permission.MANAGE_PLACES)
def paper_code(station_id: int) -> str:
    """The wall code, for printing."""
    station = in_snapshot(_open_station, station_id, Permission.MANAGE_PLACES)
    code = codes.paper_code(get_actor().center_id, station_id, station.code_version).code
    qr = qr_svg(short("checkin.enter", code=code))
    return render_template("checkin/paper.html", station=station, qr=qr, printed_at=clock.now())


def _station(session: Session, station_id: int, *permissions: Permission) -> PlaceView:
    """A place where the actor holds one of the permissions. Raises NotFound("organisations.place_not_found")."""
    station = organisations.get_place(session, station_id, get_actor().center_id)
    if not any(get_actor().may(each, station.path) for each in permissions):
        raise NotFound("organisations.place_not_found")
    return station


def _open_station(session: Session, station_id: int, permission: Permission) -> PlaceView:
    """The same, for its code. Raises Conflict("organisations.place_closed")."""
    station = _station(session, station_id, permission)
    station_queries.need_open(station)
    return station


def _zone() -> str:
    return str(clock.zone())


@bp.get("/stations/<id:station_id>/attendances")
@requires(Permission.CHECK_IN_OTHERS, Permission.READ_BOOKS)
def attendances(station_id: int) -> str:
    """The attendance list of a station."""
    page = asked.page()
    found = in_snapshot(_attendances, station_id, page)
    return render_template("checkin/attendances.html", statuses=STATUS_WORDS, kinds=KINDS, **found)


def _attendances(session: Session, station_id: int, page: PageRequest) -> dict[str, Any]:
    station = _station(session, station_id, Permission.CHECK_IN_OTHERS, Permission.READ_BOOKS)
    actor = get_actor()
    found = queries.list_attendances(session, actor.center_id, _chosen(station_id), request=page)
    return {
        "station": station,
        "items": attendance_list.rows(session, found.items, actor),
        "next": found.next,
        "sort": found.sort,
        "first": page.after is None,
        "refused": attendance_list.refusals(session, station, actor, clock.now() - TODAY),
    }


def _chosen(station_id: int) -> AttendanceFilter:
    """Read the list's filter from the address."""
    return AttendanceFilter(
        station_id=station_id,
        status=asked.choice("status", STATUS_WORDS),
        since=asked.start_of_day("from"),
        until=asked.end_of_day("to"),
    )


@bp.get("/stations/<id:station_id>/attendances.<any(csv, xlsx):kind>")
@requires(Permission.CHECK_IN_OTHERS, Permission.READ_BOOKS)
def export_attendances(station_id: int, kind: Any) -> ResponseReturnValue:
    """Export the list as shown, all pages of it, as a file."""
    station, rows = in_snapshot(_all_rows, station_id, asked.sort())
    return spreadsheet(kind, f"{station.name}-{_('出勤')}", attendance_list.headings(), rows)


def _all_rows(session: Session, station_id: int, sort: str) -> tuple[PlaceView, list[list[Any]]]:
    station = _station(session, station_id, Permission.CHECK_IN_OTHERS, Permission.READ_BOOKS)
    actor, chosen = get_actor(), _chosen(station_id)

    def fetch(part: PageRequest) -> Page[list[Any]]:
        found = queries.list_attendances(session, actor.center_id, chosen, request=part)
        rows = attendance_list.rows(session, found.items, actor)
        return found.of([attendance_list.cells(row) for row in rows])

    return station, all_rows(fetch, sort=sort)
