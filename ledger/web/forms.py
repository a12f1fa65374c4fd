"""What an HTML form sent, read strictly; and a refusal put beside the field that caused it."""

import re
from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any

from flask import current_app, request
from flask_babel import gettext as _

from ledger.kernel.errors import LedgerError
from ledger.kernel.ids import parse_public_id
from ledger.web.messages import said
from ledger.web.problem import InvalidFields, words

_LONGEST_NUMBER = 9
_DEGREES = re.compile(r"-?[0-9]{1,3}(\.[0-9]{1,12})?")


def text(name: str) -> str:
    """What was typed, without spaces around it; empty where nothing was."""
    return request.form.get(name, "").replace("\x00", "").strip()


def optional_text(name: str) -> str | None:
    """What was typed, None where nothing was."""
    return text(name) or None


def ticked(name: str) -> bool:
    """Whether a box was ticked."""
    return request.form.get(name) == "1"


def key(name: str) -> int:
    """The thing chosen from a list. Raises InvalidFields."""
    chosen = optional_key(name)
    if chosen is None:
        raise InvalidFields([{"field": name, "message": "must be an id"}])
    return chosen


def optional_key(name: str) -> int | None:
    """The thing chosen from a list, None for none. Raises InvalidFields for what is no id."""
    return optional_key_of(text(name), name)


def optional_key_of(typed: str | None, name: str = "id") -> int | None:
    """An id from anywhere, as from an address, None where there is none. Raises InvalidFields for what is no id."""
    try:
        return parse_public_id(typed) if typed else None
    except ValueError as error:
        raise InvalidFields([{"field": name, "message": "must be an id"}]) from error


def optional_number(name: str) -> int | None:
    """A whole number that is not negative, None where nothing was typed. Raises InvalidFields."""
    typed = text(name)
    if not typed:
        return None
    if not typed.isdecimal() or len(typed) > _LONGEST_NUMBER:
        raise InvalidFields([{"field": name, "message": "must be a whole number"}])
    return int(typed)


def points(name: str, *, most: int) -> int:
    """Points typed with at most two decimals, as minor units from 0 to `most`. Raises InvalidFields."""
    try:
        minor = Decimal(text(name).replace(",", "")) * 100
    except InvalidOperation as error:
        raise InvalidFields([{"field": name, "message": "must be a number"}]) from error
    if not minor.is_finite() or minor != int(minor) or not 0 <= minor <= most:
        raise InvalidFields([{"field": name, "message": "must have at most two decimals"}])
    return int(minor)


def optional_degrees(name: str) -> float | None:
    """Degrees with decimals, None where nothing was typed. Raises InvalidFields."""
    typed = text(name)
    if not typed:
        return None
    if not _DEGREES.fullmatch(typed):
        raise InvalidFields([{"field": name, "message": "must be degrees, as 36.48"}])
    return float(typed)


def moment(day_name: str, time_name: str) -> datetime:
    """A day and a time of day where the people are. Raises InvalidFields."""
    try:
        day, clock_time = date.fromisoformat(text(day_name)), time.fromisoformat(text(time_name))
    except ValueError as error:
        raise InvalidFields([{"field": day_name, "message": "must be a day and a time"}]) from error
    return datetime.combine(day, clock_time, tzinfo=current_app.config["SETTINGS"].timezone)


def field_errors(error: LedgerError, fields: Mapping[str, str]) -> dict[str, Any]:
    """The words of a refusal by the field that caused it, as the template wants them; `fields`: code to field.

    Raises the refusal itself where no field is to blame: it then has the page to itself.
    """
    if isinstance(error, InvalidFields):
        return {each["field"]: said(each["message"]) for each in error.context["errors"]}
    if error.code not in fields:
        raise error
    what, to_do = words(error)
    return {fields[error.code]: _("%(what)s。%(to_do)s", what=what, to_do=to_do)}
