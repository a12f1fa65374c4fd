"""Reads values from text, with the same rules in every form, page address and API query.

- Full-width digits and signs, and spaces around a value, are accepted: Chinese keyboards type them. `１０` and ` 5 `
  are 10 and 5. Invisible signs are dropped: they come along when a number is copied from a chat or a web page.
- A number is digits; points and degrees may have a point with digits on both sides. Ambiguous input is refused with a
  message that says what to write: `1,000`, `1e3`, `1_000`, `+5`, `5.`, `.5`, and `-0` if negative numbers aren't
  allowed. Nothing is rounded: 1.005 points are refused.
- Everything is bounded: days and instants lie in the years 2000 to 2199, so that sums can't leave the calendar; whole
  numbers have the bounds of their field, all within 64 bits.
- Keys are made by machines and must match exactly.
- Text is trimmed, of invisible signs too, line ends of every kind become "\\n", and its length is limited. Characters
  that can't be stored are refused: NUL and other control characters, lone surrogates; and those that disguise text:
  signs that turn the direction of writing, and code points that will never be characters.

JSON has its own numbers, so quoted numbers are refused there (ledger.web.fields); these functions also read JSON's
days, instants, keys and texts.
"""

import re
import unicodedata
from collections.abc import Collection
from datetime import UTC, date, datetime, time

from flask_babel import gettext as _

from ledger.kernel import clock
from ledger.kernel.characters import INVISIBLE, TURNS
from ledger.kernel.ids import parse_public_id
from ledger.web.formats import points as in_points

EARLIEST, LATEST = date(2000, 1, 1), date(2199, 12, 31)
MOST_WHOLE = 10**12
_WIDE = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: " "}
# Contacts copies a telephone number between two turning signs.
_EDGES = "".join(filter(str.isspace, map(chr, range(0x3001)))) + "".join(map(chr, INVISIBLE))
_NARROWED = {**_WIDE, **INVISIBLE}
_WHOLE = re.compile(r"[0-9]{1,18}")
_POINTS = re.compile(r"([0-9]{1,16})(?:\.([0-9]{1,2}))?")
_DEGREES = re.compile(r"-?[0-9]{1,3}(\.[0-9]{1,15})?")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIME = re.compile(r"[0-9]{2}:[0-9]{2}(:[0-9]{2})?")
_LOCAL_MINUTE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?")
# RFC 3339; seconds may be missing.
_INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?(Z|[+-][0-9]{2}:[0-9]{2})"
)
_COMMA = re.compile(r"[0-9]+(,[0-9]+)+(\.[0-9]+)?")
# Word and WPS break lines within a paragraph with U+000B.
_LINE_END = re.compile("\r\n|[\r\v\f\x85\u2028\u2029]")


class Unreadable(ValueError):
    """Unreadable text; `words` tell its writer what to write instead."""

    def __init__(self, words: str) -> None:
        super().__init__(words)
        self.words = words


def plain(typed: str) -> str:
    """Normalise input: narrow its full-width characters, drop invisible ones and trim it."""
    return typed.translate(_NARROWED).strip()


def read_whole(typed: str, *, least: int = 0, most: int = MOST_WHOLE) -> int:
    """A whole number that is not negative. Raises Unreadable."""
    written = _without_comma(typed)
    value = int(written) if _WHOLE.fullmatch(written) else -1
    if not max(least, 0) <= value <= most:
        raise Unreadable(_("请填 %(least)s 到 %(most)s 的整数", least=least, most=most))
    return value


def read_points(typed: str, *, least: int = 0, most: int) -> int:
    """Points with at most two decimals, in minor units; `least` is 0 or 1. Raises Unreadable."""
    found = _POINTS.fullmatch(_without_comma(typed))
    minor = int(found[1]) * 100 + int((found[2] or "").ljust(2, "0")) if found is not None else -1
    if least <= minor <= most:
        return minor
    if least > 0:
        raise Unreadable(_("请填大于 0 的分值，最多两位小数，如 6.50；最大 %(most)s", most=_plain_points(most)))
    raise Unreadable(_("请填数字，最多两位小数，如 6.50；最大 %(most)s", most=_plain_points(most)))


def read_degrees(typed: str, *, most: int) -> float:
    """Degrees from -most to most. Raises Unreadable."""
    written = plain(typed)
    if not _DEGREES.fullmatch(written) or abs(float(written)) > most:
        raise Unreadable(_("请填度数，像 36.48，-%(most)s 到 %(most)s", most=most))
    return float(written)


def read_day(typed: str) -> date:
    """A day within the permitted years. Raises Unreadable."""
    written = plain(typed)
    try:
        day = date.fromisoformat(written) if _DAY.fullmatch(written) else None
    except ValueError:
        day = None
    if day is None or not EARLIEST <= day <= LATEST:
        raise Unreadable(_("请填日期，如 2026-12-31，年份 2000 到 2199"))
    return day


def read_time(typed: str) -> time:
    """A time of day. Raises Unreadable."""
    written = plain(typed)
    try:
        if _TIME.fullmatch(written):
            return time.fromisoformat(written)
    except ValueError:
        pass
    raise Unreadable(_("请填时间，如 09:30"))


def read_local_minute(typed: str) -> datetime:
    """A day and a time of day in a browser's format, without a zone; seconds are dropped. Raises Unreadable."""
    written = plain(typed)
    try:
        moment = datetime.fromisoformat(written) if _LOCAL_MINUTE.fullmatch(written) else None
    except ValueError:
        moment = None
    if moment is None or not EARLIEST <= moment.date() <= LATEST:
        raise Unreadable(_("请填日期和时间，如 2026-12-31 09:30，年份 2000 到 2199"))
    return moment.replace(second=0, microsecond=0)


def in_zone(wall: datetime, *, later: bool) -> datetime:
    """The moment at which the clock here shows `wall`, `later` choosing among two. Raises Unreadable if it never does.

    An hour that comes twice is read as the longer span: a beginning means the first, an end the later one.
    """
    moment = wall.replace(tzinfo=clock.zone(), fold=int(later))
    if moment.astimezone(UTC).astimezone(clock.zone()).replace(tzinfo=None) != wall:
        raise Unreadable(_("这个时间没有：钟那时往前拨了，请填别的时间"))
    return moment


def read_instant(written: str) -> datetime:
    """An instant in RFC 3339 with an offset, converted to UTC, in which its year counts. Raises Unreadable."""
    try:
        if _INSTANT.fullmatch(written):
            instant = datetime.fromisoformat(written).astimezone(UTC)
            if EARLIEST <= instant.date() <= LATEST:
                return instant
    except (ValueError, OverflowError):
        pass
    raise Unreadable(_("请填带时区的时间，如 %(example)s，年份 2000 到 2199", example="2026-06-03T08:52:00+08:00"))


def read_key(written: str) -> int:
    """A key in its public form. Raises Unreadable."""
    try:
        return parse_public_id(written)
    except ValueError as error:
        raise Unreadable(_("编号不对")) from error


def read_text(typed: str, *, longest: int) -> str:
    """Trimmed text, "" if there is none. Raises Unreadable."""
    text = _LINE_END.sub("\n", typed).strip(_EDGES)
    # Before each sign is looked at: whoever sends a megabyte must not be worth a second.
    if len(text) > longest:
        raise Unreadable(_("最多 %(n)s 个字", n=longest))
    if any(not _may_be_stored(letter) for letter in text):
        raise Unreadable(_("有存不了的字符"))
    return text


def read_choice(written: str, among: Collection[str]) -> str:
    """One of the given words. Raises Unreadable."""
    if written not in among:
        raise Unreadable(_("请选一样"))
    return written


def _without_comma(typed: str) -> str:
    written = plain(typed)
    if _COMMA.fullmatch(written):
        raise Unreadable(_("只写数字，不要逗号，如 1000"))
    return written


def _plain_points(minor: int) -> str:
    """Points as they may be typed."""
    return in_points(minor).replace(",", "")


def _may_be_stored(letter: str) -> bool:
    if letter in "\n\t":
        return True
    never_a_character = ord(letter) & 0xFFFE == 0xFFFE or "\ufdd0" <= letter <= "\ufdef"
    return not never_a_character and letter not in TURNS and unicodedata.category(letter) not in ("Cc", "Cs")
