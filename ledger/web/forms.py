"""What an HTML form sent, by the readers of `ledger.web.reading`; and a refusal put beside the field that caused it."""

from collections.abc import Callable, Collection, Mapping
from datetime import date, datetime
from types import TracebackType
from typing import Any, Self, TypeVar

from flask import request
from flask_babel import gettext as _

from ledger.kernel import clock
from ledger.kernel.errors import LedgerError
from ledger.web import reading
from ledger.web.problem import InvalidFields, words
from ledger.web.reading import Unreadable

T = TypeVar("T")
LONGEST_TEXT = 500


class Form:
    """A form that was sent, read field by field within `with`, which ends in InvalidFields for all faults together.

    Until then a field that can't be taken reads as nothing: 0, "", None, the first day.
    """

    def __init__(self) -> None:
        self.faults: dict[str, str] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        if kind is None and self.faults:
            raise InvalidFields([{"field": name, "message": said} for name, said in self.faults.items()])

    def read(self, name: str, reader: Callable[[str], T], *, otherwise: T) -> T:
        """What the reader makes of a field that must be filled."""
        typed = request.form.get(name, "")
        if not typed.strip():
            self.faults[name] = _("这一项要填")
            return otherwise
        return self._read(name, typed, reader, otherwise)

    def read_if_filled(self, name: str, reader: Callable[[str], T]) -> T | None:
        """What the reader makes of a field, None where nothing was typed."""
        typed = request.form.get(name, "")
        return self._read(name, typed, reader, None) if typed.strip() else None

    def _read(self, name: str, typed: str, reader: Callable[[str], T], otherwise: T) -> T:
        try:
            return reader(typed)
        except Unreadable as unreadable:
            self.faults[name] = unreadable.words
            return otherwise

    def text(self, name: str, *, longest: int = LONGEST_TEXT) -> str:
        """Text, empty where nothing was typed."""
        return self.read_if_filled(name, lambda typed: reading.read_text(typed, longest=longest)) or ""

    def needed_text(self, name: str, *, longest: int) -> str:
        """Text that must be there."""
        return self.read(name, lambda typed: reading.read_text(typed, longest=longest), otherwise="")

    def key(self, name: str) -> int:
        """The thing chosen from a list."""
        if not request.form.get(name):
            self.faults[name] = _("请选一样")
            return 0
        return self.read(name, reading.read_key, otherwise=0)

    def optional_key(self, name: str) -> int | None:
        """The thing chosen from a list, None for none."""
        return self.read_if_filled(name, reading.read_key)

    def choice(self, name: str, among: Collection[str]) -> str:
        """One of some words."""
        chosen = request.form.get(name, "")
        return self._read(name, chosen, lambda written: reading.read_choice(written, among), "")

    def whole(self, name: str, *, least: int = 0, most: int) -> int:
        """A whole number."""
        return self.read(name, lambda typed: reading.read_whole(typed, least=least, most=most), otherwise=least)

    def optional_whole(self, name: str, *, least: int = 0, most: int) -> int | None:
        """A whole number, None where nothing was typed."""
        return self.read_if_filled(name, lambda typed: reading.read_whole(typed, least=least, most=most))

    def points(self, name: str, *, least: int = 0, most: int) -> int:
        """Points in minor units."""
        return self.read(name, lambda typed: reading.read_points(typed, least=least, most=most), otherwise=least)

    def optional_degrees(self, name: str, *, most: int) -> float | None:
        """Degrees, None where nothing was typed."""
        return self.read_if_filled(name, lambda typed: reading.read_degrees(typed, most=most))

    def day(self, name: str) -> date:
        """A day."""
        return self.read(name, reading.read_day, otherwise=reading.EARLIEST)

    def optional_day(self, name: str) -> date | None:
        """A day, None where nothing was typed."""
        return self.read_if_filled(name, reading.read_day)

    def moment(self, day_name: str, time_name: str) -> datetime:
        """A day and a time of day where the people are."""
        clock_time = self.read(time_name, reading.read_time, otherwise=datetime.min.time())
        return datetime.combine(self.day(day_name), clock_time, tzinfo=clock.zone())


def text(name: str, *, longest: int = LONGEST_TEXT) -> str:
    """The text of one field, empty where nothing was typed. Raises InvalidFields."""
    with Form() as form:
        return form.text(name, longest=longest)


def optional_text(name: str, *, longest: int = LONGEST_TEXT) -> str | None:
    """The text of one field, None where nothing was typed. Raises InvalidFields."""
    return text(name, longest=longest) or None


def key(name: str) -> int:
    """The thing chosen from a list. Raises InvalidFields."""
    with Form() as form:
        return form.key(name)


def optional_key(name: str) -> int | None:
    """The thing chosen from a list, None for none. Raises InvalidFields."""
    with Form() as form:
        return form.optional_key(name)


def pointer(name: str) -> int | None:
    """A key that only points at something on the page, None where it is none."""
    return Form().optional_key(name)


def ticked(name: str) -> bool:
    """Whether a box was ticked."""
    return request.form.get(name) == "1"


def all_ticked(name: str) -> set[str]:
    """The values of the boxes of a name that were ticked."""
    return set(request.form.getlist(name))


def pressed(name: str) -> bool:
    """Whether the form was sent by this button."""
    return name in request.form


def verbatim(name: str) -> str:
    """What was typed, every character of it: a password, or what is drawn again beside a refusal."""
    return request.form.get(name, "")


def everything() -> dict[str, str]:
    """What was typed in every field, to be drawn again; empty where no form was sent."""
    return request.form.to_dict()


def field_errors(error: LedgerError, fields: Mapping[str, str]) -> dict[str, Any]:
    """The words of a refusal by the field that caused it, as the template wants them; `fields`: code to field.

    Raises the refusal itself where no field is to blame: it then has the page to itself.
    """
    if isinstance(error, InvalidFields):
        return {each["field"]: each["message"] for each in error.context["errors"]}
    if error.code not in fields:
        raise error
    what, to_do = words(error)
    return {fields[error.code]: _("%(what)s。%(to_do)s", what=what, to_do=to_do)}
