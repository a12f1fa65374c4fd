"""Reads the query string of a page with the readers of `ledger.web.reading`.

An unreadable filter is ignored, so that an old link still shows something; the page then says above its list what it
could not read (`unread`). A file has no place to say so and is refused.

Typed values stay in the fields of a page, read or not: its template takes them from `request.args`.
"""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from typing import TypeVar

from flask import g, has_request_context, request
from flask_babel import gettext as _

from ledger.kernel import clock
from ledger.kernel.errors import Rejected
from ledger.kernel.paging import MOST_PER_PAGE, USUAL_PER_PAGE, PageRequest
from ledger.web import reading
from ledger.web.reading import Unreadable

T = TypeVar("T")
_MOST_SHOWN = 40
_TO_ITS_END = timedelta(seconds=59, microseconds=999_999)


def text(name: str, *, longest: int) -> str:
    """Text, empty if missing."""
    return _read(name, lambda typed: reading.read_text(typed, longest=longest)) or ""


def choice(name: str, among: Collection[str]) -> str | None:
    """One of the given words, None for all."""
    return _read(name, lambda written: reading.read_choice(written, among))


def has(name: str) -> bool:
    """Whether the parameter is present, with any value."""
    return name in request.args


def day(name: str) -> date | None:
    """A day, None if missing."""
    return _read(name, reading.read_day)


def start_of_day(name: str) -> datetime | None:
    """The first instant of a day in the people's zone."""
    return _midnight(day(name), days=0)


def end_of_day(name: str) -> datetime | None:
    """The first instant after a day in the people's zone."""
    return _midnight(day(name), days=1)


def end_of_minute(name: str) -> datetime | None:
    """The last instant of a minute picked on a page, in the people's zone."""
    return _read(name, lambda written: reading.in_zone(reading.read_local_minute(written) + _TO_ITS_END, later=True))


def pointer(name: str) -> int | None:
    """A key that only points at something on the page; the page reports it if unreadable."""
    return _read(name, reading.read_key)


def key(name: str) -> int | None:
    """The key of the page's subject.

    Raises Rejected("request.address_unreadable") if unreadable: ignoring it would show another page.
    """
    written = request.args.get(name, "")
    try:
        return reading.read_key(written) if written.strip() else None
    except Unreadable as unreadable:
        errors = [{"field": name, "message": unreadable.words}]
        raise Rejected("request.address_unreadable", errors=errors) from unreadable


def page(limit: int = USUAL_PER_PAGE, *, usually: str = "") -> PageRequest:
    """The requested page of a list, in the requested order."""
    wanted = part(limit)
    return PageRequest(wanted.limit, wanted.after, sort() or usually)


def part(limit: int = USUAL_PER_PAGE) -> PageRequest:
    """The requested page of a list with a fixed order."""
    of_file: PageRequest | None = g.get("part_of_file")
    return of_file or PageRequest(limit, request.args.get("after"))


@contextmanager
def part_of_file(after: str | None) -> Iterator[None]:
    """Draw a list for its file: the part after this cursor, in parts as long as they may be."""
    g.part_of_file = PageRequest(MOST_PER_PAGE, after)
    try:
        yield
    finally:
        g.pop("part_of_file")


def sort() -> str:
    """The requested order, empty for the default."""
    return request.args.get("sort", "")


def verbatim(name: str) -> str:
    """The raw value, for validation elsewhere."""
    return request.args.get(name, "")


def everything() -> dict[str, str]:
    """All raw values by name, to fill in a form."""
    return request.args.to_dict()


def unread() -> dict[str, str]:
    """Messages about unreadable parameters, by name."""
    found: dict[str, str] = g.setdefault("unread", {}) if has_request_context() else {}
    return found


def refuse_unread() -> None:
    """Raises Rejected("request.filters_unreadable") if a parameter could not be read."""
    if unread():
        errors = [{"field": name, "message": said} for name, said in unread().items()]
        raise Rejected("request.filters_unreadable", errors=errors)


def _read(name: str, reader: Callable[[str], T]) -> T | None:
    written = request.args.get(name, "")
    if not written.strip():
        return None
    try:
        return reader(written)
    except Unreadable as unreadable:
        shown = "".join(letter for letter in written[:_MOST_SHOWN] if letter.isprintable())
        if shown:
            unread()[name] = _("“%(written)s”看不懂，没有用上：%(why)s", written=shown, why=unreadable.words)
        else:
            unread()[name] = _("看不见的字符，没有用上：%(why)s", why=unreadable.words)
        return None


def _midnight(of: date | None, *, days: int) -> datetime | None:
    if of is None:
        return None
    return datetime.combine(of + timedelta(days=days), time(), tzinfo=clock.zone())
