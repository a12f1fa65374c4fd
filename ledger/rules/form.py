"""The form of a new version: points typed as decimals, hours as a list, everything else in minutes."""

import re
from contextlib import suppress
from datetime import datetime
from typing import Any

from flask_babel import gettext as _

from ledger.kernel.errors import LedgerError
from ledger.rules import expiry_policy
from ledger.rules.policy import (
    MOST_MINUTES,
    MOST_PEOPLE_PER_CODE,
    MOST_POINTS_PER_HOUR,
    MOST_STAR_HOURS,
    MOST_STARS,
    RuleBody,
    check_star_hours,
)
from ledger.web import forms
from ledger.web.formats import points
from ledger.web.forms import Form
from ledger.web.reading import Unreadable, plain, read_whole

MINUTES = ("early_minutes", "late_minutes", "shortest_stay_minutes", "automatic_minutes_per_day", "annul_minutes")


def values_of(body: RuleBody, starts_at: datetime) -> dict[str, str]:
    """Field values for a policy."""
    minutes = {name: str(getattr(body, name)) for name in MINUTES}
    return minutes | {
        "day": starts_at.date().isoformat(),
        "time": starts_at.strftime("%H:%M"),
        "points_per_hour": points(body.points_per_hour).replace(",", ""),
        "people_per_code": str(body.people_per_code),
        "points_for_forgotten_check_out": "1" if body.points_for_forgotten_check_out else "0",
        "points_expire": body.points_expire,
        "star_hours": " ".join(str(hours) for hours in body.star_hours),
    }


def typed() -> dict[str, str]:
    """The typed values, to show the form again."""
    names = (
        *MINUTES,
        "day",
        "time",
        "points_per_hour",
        "people_per_code",
        "points_for_forgotten_check_out",
        "points_expire",
        "star_hours",
    )
    return {name: forms.verbatim(name) for name in names}


def read() -> tuple[datetime, dict[str, Any]]:
    """Read the version's start and its numbers. Raises InvalidFields."""
    with Form() as form:
        starts_at = form.moment("day", "time")
        changed: dict[str, Any] = {"points_per_hour": form.points("points_per_hour", most=MOST_POINTS_PER_HOUR)}
        changed |= {name: form.whole(name, most=MOST_MINUTES) for name in MINUTES}
        changed["people_per_code"] = form.whole("people_per_code", least=1, most=MOST_PEOPLE_PER_CODE)
        changed["points_for_forgotten_check_out"] = int(forms.ticked("points_for_forgotten_check_out"))
        changed["points_expire"] = form.check("points_expire", form.text("points_expire"), expiry_policy.check)
        no_hours: tuple[int, ...] = ()
        changed["star_hours"] = form.check(
            "star_hours", form.read("star_hours", _read_hours, otherwise=no_hours), check_star_hours
        )
        return starts_at, changed


def fields_of(error: LedgerError) -> dict[str, str]:
    """The field that a refusal of the service belongs to."""
    return {"rules.not_later": "day", "rules.body_invalid": str(error.context.get("field", "points_per_hour"))}


def _read_hours(typed: str) -> tuple[int, ...]:
    """Hours separated by spaces, or by commas with spaces: `1,500` may mean one number. Raises Unreadable."""
    parts = [part for part in re.split(r",?\s+|、", plain(typed)) if part]
    hours: tuple[int, ...] = ()
    with suppress(Unreadable):
        hours = tuple(read_whole(part, least=1, most=MOST_STAR_HOURS) for part in parts)
    if not 1 <= len(hours) <= MOST_STARS:
        raise Unreadable(
            _(
                "请填用空格隔开的小时数，像 100 300 600，最多 %(most)s 个，每个 1 到 %(hours)s",
                most=MOST_STARS,
                hours=MOST_STAR_HOURS,
            )
        )
    return hours
