"""Formats points, minutes and moments for people, in Chinese and English.

Pure functions; `register` gives them to the templates with the reader's language and the service's zone.
"""

from collections.abc import Callable
from datetime import date, datetime, tzinfo

from flask import Flask
from flask_babel import get_locale

from ledger.kernel import clock

MINUS = "\u2212"
EN_DASH = "\u2013"

_WEEKDAYS_ZH = "一二三四五六日"
_WEEKDAYS_EN = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS_EN = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


def points(minor: int, scale: int = 2, *, sign: bool = False) -> str:
    """Write minor units as decimals: 12850 is "128.50", -5500 is "−55.00" (U+2212).

    `scale` is the number of decimals (0 for minutes and goods); `sign` writes "+" before positive numbers.
    """
    digits = str(abs(minor)).rjust(scale + 1, "0")
    whole, decimals = (digits[:-scale], digits[-scale:]) if scale else (digits, "")
    mark = MINUS if minor < 0 else "+" if sign and minor > 0 else ""
    return mark + f"{int(whole):,}" + ("." + decimals if decimals else "")


def minutes_words(minutes: int, *, locale: str = "zh") -> str:
    """Write minutes as hours and minutes: 17200 is "286 小时 40 分" or "286 h 40 min"."""
    mark = MINUS if minutes < 0 else ""
    hours, rest = divmod(abs(minutes), 60)
    if _is_english(locale):
        parts = ([f"{hours:,} h"] if hours else []) + ([f"{rest} min"] if rest or not hours else [])
        return mark + " ".join(parts)
    if not hours:
        return f"{mark}{rest} 分钟"
    return f"{mark}{hours:,} 小时" + (f" {rest} 分" if rest else "")


def local_time(moment: datetime, *, zone: tzinfo) -> str:
    """Write the time of day in the reader's zone: "08:52"."""
    return f"{_at(moment, zone):%H:%M}"


def local_date(day: date, *, locale: str = "zh", zone: tzinfo, year: bool = True, weekday: bool = False) -> str:
    """Write a day: "2026年6月3日", with `weekday` "2026年6月3日 星期三", without `year` "6月3日".

    Converts a moment to `zone` first; a plain date stays as it is.
    """
    local = _at(day, zone) if isinstance(day, datetime) else day
    if _is_english(locale):
        text = f"{local.day} {_MONTHS_EN[local.month - 1]}" + (f" {local.year}" if year else "")
        return f"{_WEEKDAYS_EN[local.weekday()]} {text}" if weekday else text
    text = (f"{local.year}年" if year else "") + f"{local.month}月{local.day}日"
    return f"{text} 星期{_WEEKDAYS_ZH[local.weekday()]}" if weekday else text


def local_month(day: date, *, locale: str = "zh", year: bool = True) -> str:
    """Write the month of a day: "2026年6月" or "June 2026", without `year` "6月" or "June"."""
    if _is_english(locale):
        return _MONTHS_EN[day.month - 1] + (f" {day.year}" if year else "")
    return (f"{day.year}年" if year else "") + f"{day.month}月"


def local_datetime(moment: datetime, *, locale: str = "zh", zone: tzinfo, year: bool = True) -> str:
    """Write a moment to the minute: "2026年6月3日 15:24" or "3 June 2026 15:24"."""
    return f"{local_date(moment, locale=locale, zone=zone, year=year)} {local_time(moment, zone=zone)}"


def wait_words(seconds: int, *, locale: str = "zh") -> str:
    """How long to wait, as people say it: "30 秒", "约 14 分钟"; a minute begun counts."""
    minutes = -(-seconds // 60)
    if _is_english(locale):
        return f"{seconds} seconds" if seconds < 90 else f"about {minutes} minutes"
    return f" {seconds} 秒" if seconds < 90 else f"约 {minutes} 分钟"


def time_range(start: datetime, end: datetime, *, locale: str = "zh", zone: tzinfo) -> str:
    """Write the time of a shift: "09:00–11:00"; past midnight "22:00–次日 02:00"; over more days with both dates."""
    days = (_at(end, zone).date() - _at(start, zone).date()).days
    first, last = local_time(start, zone=zone), local_time(end, zone=zone)
    if days == 0:
        return f"{first}{EN_DASH}{last}"
    if days == 1:
        return f"{first}{EN_DASH}{last} next day" if _is_english(locale) else f"{first}{EN_DASH}次日 {last}"
    both = (local_datetime(moment, locale=locale, zone=zone) for moment in (start, end))
    return f" {EN_DASH} ".join(both)


def time_ago(moment: datetime, now: datetime, *, locale: str = "zh", zone: tzinfo) -> str:
    """Write how long ago a moment was, up to a day; write older and future moments in full."""
    seconds = int((now - moment).total_seconds())
    english = _is_english(locale)
    if not 0 <= seconds < 86_400:
        return local_datetime(moment, locale=locale, zone=zone)
    if seconds < 60:
        return "just now" if english else "刚刚"
    if seconds < 3_600:
        return f"{seconds // 60} min ago" if english else f"{seconds // 60} 分钟前"
    return f"{seconds // 3_600} h ago" if english else f"{seconds // 3_600} 小时前"


def reader_language() -> str:
    """The reader's language, "zh" outside requests."""
    return str(get_locale() or "zh")


def _is_english(locale: str) -> bool:
    return locale.lower().startswith("en")


def _at(moment: datetime, zone: tzinfo) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("a moment without a time zone can't be shown: it may be hours off")
    return moment.astimezone(zone)


def register(app: Flask) -> None:
    """Register the template filters."""
    filters: dict[str, Callable[..., str]] = {
        "points": points,
        "minutes_words": lambda minutes: minutes_words(minutes, locale=reader_language()),
        "local_time": lambda moment: local_time(moment, zone=clock.zone()),
        "local_date": lambda day, **how: local_date(day, locale=reader_language(), zone=clock.zone(), **how),
        "local_month": lambda day, **how: local_month(day, locale=reader_language(), **how),
        "local_datetime": lambda at, **how: local_datetime(at, locale=reader_language(), zone=clock.zone(), **how),
        "time_range": lambda start, end: time_range(start, end, locale=reader_language(), zone=clock.zone()),
        "time_ago": lambda moment, now: time_ago(moment, now, locale=reader_language(), zone=clock.zone()),
    }
    app.jinja_env.filters.update(filters)
