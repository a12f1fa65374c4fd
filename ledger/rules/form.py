"""The form of a new version: points typed as decimals, hours as a list, everything else in minutes."""

import re
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from flask import current_app, request

from ledger.kernel.errors import LedgerError
from ledger.rules.policy import RuleBody
from ledger.web import forms
from ledger.web.formats import points
from ledger.web.problem import InvalidFields

MINUTES = ("early_minutes", "late_minutes", "shortest_stay_minutes", "automatic_minutes_per_day", "annul_minutes")
_DAY_MINUTES = 1_440
_MOST_POINTS = 10_000


def values_of(body: RuleBody, starts_at: datetime) -> dict[str, str]:
    """A policy as it stands in the fields."""
    minutes = {name: str(getattr(body, name)) for name in MINUTES}
    return minutes | {
        "day": starts_at.date().isoformat(),
        "time": starts_at.strftime("%H:%M"),
        "points_per_hour": points(body.points_per_hour).replace(",", ""),
        "points_for_forgotten_check_out": "1" if body.points_for_forgotten_check_out else "0",
        "points_expire": body.points_expire,
        "star_hours": " ".join(str(hours) for hours in body.star_hours),
    }


def typed() -> dict[str, str]:
    """What was typed, to be shown again."""
    names = (
        *MINUTES,
        "day",
        "time",
        "points_per_hour",
        "points_for_forgotten_check_out",
        "points_expire",
        "star_hours",
    )
    return {name: request.form.get(name, "") for name in names}


def read() -> tuple[datetime, dict[str, Any]]:
    """When the version starts, and its numbers. Raises InvalidFields."""
    changed: dict[str, Any] = {name: _minutes(name) for name in MINUTES}
    changed["points_per_hour"] = _points("points_per_hour")
    changed["points_for_forgotten_check_out"] = 1 if forms.text("points_for_forgotten_check_out") == "1" else 0
    changed["points_expire"] = forms.text("points_expire")
    changed["star_hours"] = _hours("star_hours")
    return forms.moment("day", "time").astimezone(current_app.config["SETTINGS"].timezone), changed


def fields_of(error: LedgerError) -> dict[str, str]:
    """Which field a refusal of the service is about."""
    return {"rules.not_later": "day", "rules.body_invalid": str(error.context.get("field", "points_per_hour"))}


def _minutes(name: str) -> int:
    number = forms.optional_number(name)
    if number is None or number > _DAY_MINUTES:
        raise InvalidFields([{"field": name, "message": "must be 0 to 1440 minutes"}])
    return number


def _points(name: str) -> int:
    try:
        minor = Decimal(forms.text(name)) * 100
    except InvalidOperation as error:
        raise InvalidFields([{"field": name, "message": "must be a number"}]) from error
    if not minor.is_finite() or minor != int(minor) or not 0 <= minor <= _MOST_POINTS * 100:
        raise InvalidFields([{"field": name, "message": "must have at most two decimals"}])
    return int(minor)


def _hours(name: str) -> tuple[int, ...]:
    parts = [part for part in re.split(r"[\s,，、]+", forms.text(name)) if part]
    if not 1 <= len(parts) <= 10 or not all(part.isdecimal() and len(part) <= 6 for part in parts):
        raise InvalidFields([{"field": name, "message": "must be hours, as 100 300 600"}])
    return tuple(int(part) for part in parts)
