"""Reads HTML forms with the readers of `ledger.web.reading`, and attributes refusals to fields."""

from collections.abc import Callable, Collection, Mapping
from datetime import UTC, date, datetime, time, timedelta
from types import TracebackType
from typing import Any, Self, TypeVar

from flask import request
from flask_babel import gettext as _

from ledger.kernel.errors import LedgerError, Rejected
from ledger.web import reading
from ledger.web.problem import InvalidFields, words
from ledger.web.reading import Unreadable

T = TypeVar("T")
LONGEST_TEXT = 500


class Form:
    """A submitted form, read field by field inside `with`, which ends in InvalidFields for all faults together.

    Until then an invalid field reads as a neutral value: 0, "", None, the first day.
    """

    def __init__(self) -> None:
        self.faults: dict[str, str] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        if kind is None and self.faults:
            raise InvalidFields([{"field": name, "message": said} for name, said in self.faults.items()])

    def read(self, name: str, reader: Callable[[str], T], *, otherwise: T) -> T:
        """Read a required field."""
        typed = request.form.get(name, "")
        if not typed.strip():
            self.faults[name] = _("这一项要填")
            return otherwise
        return self._read(name, typed, reader, otherwise)

    def read_if_filled(self, name: str, reader: Callable[[str], T]) -> T | None:
        """Read an optional field, None if empty."""
        typed = request.form.get(name, "")
        return self._read(name, typed, reader, None) if typed.strip() else None

    def _read(self, name: str, typed: str, reader: Callable[[str], T], otherwise: T) -> T:
        try:
            return reader(typed)
        except Unreadable as unreadable:
            self.faults[name] = unreadable.words
            return otherwise

    def text(self, name: str, *, longest: int = LONGEST_TEXT) -> str:
        """Optional text, "" if empty."""
        return self.read_if_filled(name, lambda typed: reading.read_text(typed, longest=longest)) or ""

    def needed_text(self, name: str, *, longest: int) -> str:
        """Required text."""
        return self.read(name, lambda typed: reading.read_text(typed, longest=longest), otherwise="")

    def check(self, name: str, read: T, policy: Callable[[T], object]) -> T:
        """What was read; a fault if the policy refuses it."""
        if name not in self.faults:
            try:
                policy(read)
            except Rejected as error:
                self.faults[name] = _said(error)
        return read

    def key(self, name: str) -> int:
        """The key chosen from a list."""
        if not request.form.get(name):
            self.faults[name] = _("请选一样")
            return 0
        return self.read(name, reading.read_key, otherwise=0)

    def optional_key(self, name: str) -> int | None:
        """The key chosen from a list, None if none was."""
        return self.read_if_filled(name, reading.read_key)

    def choice(self, name: str, among: Collection[str]) -> str:
        """One of the given words."""
        chosen = request.form.get(name, "")
        return self._read(name, chosen, lambda written: reading.read_choice(written, among), "")

    def whole(self, name: str, *, least: int = 0, most: int) -> int:
        """A whole number."""
        return self.read(name, lambda typed: reading.read_whole(typed, least=least, most=most), otherwise=least)

    def optional_whole(self, name: str, *, least: int = 0, most: int) -> int | None:
        """A whole number, None if empty."""
        return self.read_if_filled(name, lambda typed: reading.read_whole(typed, least=least, most=most))

    def points(self, name: str, *, least: int = 0, most: int) -> int:
        """Points in minor units."""
        return self.read(name, lambda typed: reading.read_points(typed, least=least, most=most), otherwise=least)

    def optional_degrees(self, name: str, *, most: int) -> float | None:
        """Degrees, None if empty."""
        return self.read_if_filled(name, lambda typed: reading.read_degrees(typed, most=most))

    def day(self, name: str) -> date:
        """A day."""
        return self.read(name, reading.read_day, otherwise=reading.EARLIEST)

    def optional_day(self, name: str) -> date | None:
        """A day, None if empty."""
        return self.read_if_filled(name, reading.read_day)

    def moment(self, day_name: str, time_name: str, *, later: bool = False) -> datetime:
        """A day and a time of day in the people's zone; `later` for an end, in an hour that comes twice."""
        day = self.day(day_name)
        return self._moment(datetime.combine(day, self._time(time_name)), time_name, later=later)

    def span(self, day_name: str, start_name: str, end_name: str) -> tuple[datetime, datetime]:
        """Two times of day from a day on; an end before the start is on the next day."""
        day = self.day(day_name)
        start, end = self._time(start_name), self._time(end_name)
        end_day = day + timedelta(days=1) if end < start else day
        return (
            self._moment(datetime.combine(day, start), start_name, later=False),
            self._moment(datetime.combine(end_day, end), end_name, later=True),
        )

    def _time(self, name: str) -> time:
        return self.read(name, reading.read_time, otherwise=time.min)

    def _moment(self, wall: datetime, name: str, *, later: bool) -> datetime:
        """The moment in UTC, in which a difference is the time that has passed."""
        try:
            return reading.in_zone(wall, later=later).astimezone(UTC)
        except Unreadable as unreadable:
            self.faults.setdefault(name, unreadable.words)
            return wall.replace(tzinfo=UTC)


def text(name: str, *, longest: int = LONGEST_TEXT) -> str:
    """The text of one field, "" if empty. Raises InvalidFields."""
    with Form() as form:
        return form.text(name, longest=longest)


def optional_text(name: str, *, longest: int = LONGEST_TEXT) -> str | None:
    """The text of one field, None if empty. Raises InvalidFields."""
    return text(name, longest=longest) or None


def key(name: str) -> int:
    """The key chosen from a list. Raises InvalidFields."""
    with Form() as form:
        return form.key(name)


def optional_key(name: str) -> int | None:
    """The key chosen from a list, None if none was. Raises InvalidFields."""
    with Form() as form:
        return form.optional_key(name)


def pointer(name: str) -> int | None:
    """A key that only points at something on the page, None if unreadable."""
    return Form().optional_key(name)


def ticked(name: str) -> bool:
    """Whether a box was ticked."""
    return request.form.get(name) == "1"


def all_ticked(name: str) -> set[str]:
    """The values of the ticked boxes with this name."""
    return set(request.form.getlist(name))


def pressed(name: str) -> bool:
    """Whether this button sent the form."""
    return name in request.form


def verbatim(name: str) -> str:
    """The raw value: for a password, or to show it again next to a refusal."""
    return request.form.get(name, "")


def everything() -> dict[str, str]:
    """All raw values, to show them again; empty if no form was sent."""
    return request.form.to_dict()


def everything_but(*names: str) -> list[tuple[str, str]]:
    """All raw values as they were sent, but those of some fields, to send them again."""
    return [(name, value) for name, value in request.form.items(multi=True) if name not in names]


def field_errors(error: LedgerError, fields: Mapping[str, str]) -> dict[str, Any]:
    """Messages by field for the template; `fields` maps codes of refusals to fields.

    Re-raises the refusal if no field caused it, so that it gets a page of its own.
    """
    if isinstance(error, InvalidFields):
        return {each["field"]: each["message"] for each in error.context["errors"]}
    if error.code not in fields:
        raise error
    return {fields[error.code]: _said(error)}


def note_errors(error: LedgerError | None, code: str) -> dict[str, str]:
    """The message at the field `note` if it was refused, or missing as `code` says; empty for any other refusal."""
    if isinstance(error, InvalidFields):
        return field_errors(error, {})
    return {"note": words(error)[0]} if error is not None and error.code == code else {}


def _said(error: LedgerError) -> str:
    what, to_do = words(error)
    return str(_("%(what)s。%(to_do)s", what=what, to_do=to_do))
