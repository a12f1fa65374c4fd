"""Fields of API requests with translated error messages; and the URL converter of keys.

Requests use only these fields, because marshmallow's own messages are English only. Responses may use either. `Asked…`
fields read text from a query string, the others read JSON.
"""

import base64
import math
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

from flask_babel import lazy_gettext as _
from flask_babel import lazy_pgettext
from marshmallow import Schema, ValidationError, fields, validate
from werkzeug.routing import BaseConverter

from ledger.kernel.ids import parse_public_id, public_id
from ledger.kernel.paging import MOST_PER_PAGE, USUAL_PER_PAGE, PageRequest
from ledger.web import reading
from ledger.web.reading import Unreadable

# 63 bits: the first of the 13 letters holds three of them.
ID_PATTERN = "[0-7][0-9a-hjkmnp-tv-z]{12}"
_WRONG_TYPE = _("类型不对")


def length(least: int, most: int) -> validate.Length:
    """A length between two bounds."""
    if least == 0:
        return validate.Length(max=most, error=_("太长，最多 {max}"))
    return validate.Length(min=least, max=most, error=_("长度要在 {min} 到 {max} 之间"))


def between(least: int, most: int) -> validate.Range:
    """A number between two bounds."""
    return validate.Range(min=least, max=most, error=_("请填 {min} 到 {max}"))


class Request(Schema):
    """Base of the schemas of requests."""

    error_messages = {"type": _WRONG_TYPE, "unknown": _("没有这一项")}


class _Spoken(fields.Field[Any]):
    """Adds translated messages to a field of marshmallow."""

    default_error_messages = {
        "required": lazy_pgettext("field", "这一项要填"),
        "null": _("这一项不能空着"),
        "validator_failed": _("这一项不对"),
        "invalid_utf8": _("文字要用 UTF-8 编码"),
        "too_large": _("数太大了"),
        "special": _("请填一个有限的数"),
    }

    def make_error(self, key: str, **_known: Any) -> ValidationError:
        """Translate the message now, into the language of the request."""
        return ValidationError(str(self.error_messages[key]))


class _Read(_Spoken):
    """A field read from text by one of the readers."""

    default_error_messages = {"invalid": _("请填文字")}

    def read(self, text: str) -> Any:
        """Read the value. Raises Unreadable."""
        raise NotImplementedError

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if not isinstance(value, str):
            raise self.make_error("invalid")
        try:
            return self.read(value)
        except Unreadable as error:
            raise ValidationError(error.words) from error


class PublicId(_Read, fields.Field[int]):
    """A key in its public form."""

    default_error_messages = {"invalid": _("编号不对")}

    def __init__(self, *, metadata: dict[str, Any] | None = None, **kwargs: Any) -> None:
        super().__init__(metadata={"pattern": f"^{ID_PATTERN}$", **(metadata or {})}, **kwargs)

    def _serialize(self, value: int | None, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else public_id(value)

    def read(self, text: str) -> int:
        """Read a key in its public form."""
        return reading.read_key(text)


class Text(_Read, fields.String):
    """Storable text, trimmed, of `shortest` to `longest` characters."""

    def __init__(self, *, shortest: int = 1, longest: int = 200, **kwargs: Any) -> None:
        super().__init__(validate=length(shortest, longest), **kwargs)
        self._longest = longest

    def read(self, text: str) -> str:
        """Read trimmed text."""
        return reading.read_text(text, longest=self._longest)


class Verbatim(_Spoken, fields.String):
    """Text exactly as it was sent."""

    default_error_messages = {"invalid": _("请填文字")}


class Choice(Verbatim):
    """One of the given words."""

    def __init__(self, among: Sequence[str], **kwargs: Any) -> None:
        super().__init__(validate=validate.OneOf(among, error=_("请从这些里选：{choices}")), **kwargs)


class Pattern(Verbatim):
    """Text that matches a pattern, with a message that describes it."""

    def __init__(self, pattern: str, *, error: str, **kwargs: Any) -> None:
        super().__init__(validate=validate.Regexp(pattern, error=error), **kwargs)


class Whole(_Spoken, fields.Integer):
    """A whole number in JSON: not 5.0, nor "5"."""

    default_error_messages = {"invalid": _("请填整数")}

    def __init__(self, least: int, most: int, **kwargs: Any) -> None:
        super().__init__(strict=True, validate=between(least, most), **kwargs)


class Flag(_Spoken, fields.Boolean):
    """True or false in JSON, but nothing that only looks like it."""

    default_error_messages = {"invalid": _("请填 true 或者 false")}

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bool:
        if not isinstance(value, bool):
            raise self.make_error("invalid")
        return value


class Degrees(_Spoken, fields.Float):
    """Degrees from -most to most: a finite number in JSON, unquoted."""

    default_error_messages = {"invalid": _("请填数字")}

    def __init__(self, most: int, **kwargs: Any) -> None:
        super().__init__(validate=between(-most, most), **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.make_error("invalid")
        try:
            number = float(value)
        except OverflowError as error:
            raise self.make_error("too_large") from error
        if not math.isfinite(number):
            raise self.make_error("special")
        return number


class Day(_Read, fields.Date):
    """A day, as 2026-06-03."""

    def read(self, text: str) -> date:
        """Read the day."""
        return reading.read_day(text)


class Instant(_Read, fields.Field[datetime]):
    """An instant in ISO 8601 with an offset; written in UTC."""

    def _serialize(self, value: datetime | None, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else value.astimezone(UTC).isoformat()

    def read(self, text: str) -> datetime:
        """Read the instant in UTC."""
        return reading.read_instant(text)


class List(_Spoken, fields.List[Any]):
    """A list of values of one field."""

    default_error_messages = {"invalid": _("请填一个列表")}


class Nested(_Spoken, fields.Nested):
    """An object within an object."""

    default_error_messages = {"type": _WRONG_TYPE}


class Members(_Spoken, fields.Dict):
    """An object whose members are validated elsewhere."""

    default_error_messages = {"invalid": _("请填一个对象")}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(keys=Verbatim(), **kwargs)


class AskedWhole(_Read, fields.Integer):
    """A whole number in a query string."""

    def __init__(self, least: int, most: int, **kwargs: Any) -> None:
        super().__init__(metadata={"minimum": least, "maximum": most}, **kwargs)
        self._least, self._most = least, most

    def read(self, text: str) -> int:
        """Read the number."""
        return reading.read_whole(text, least=self._least, most=self._most)


class AskedFlag(_Read, fields.Boolean):
    """True or false in a query string."""

    def read(self, text: str) -> bool:
        """Read true or false; also accepts 1 and 0."""
        return reading.read_choice(text, ("true", "false", "1", "0")) in ("true", "1")


class AskedDegrees(_Read, fields.Float):
    """Degrees in a query string."""

    def __init__(self, most: int, **kwargs: Any) -> None:
        super().__init__(metadata={"minimum": -most, "maximum": most}, **kwargs)
        self._most = most

    def read(self, text: str) -> float:
        """Read the degrees."""
        return reading.read_degrees(text, most=self._most)


class Base64(fields.Field[bytes]):
    """Bytes, written in base64; only for responses."""

    def _serialize(self, value: bytes | None, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else base64.b64encode(value).decode()


class IdConverter(BaseConverter):
    """A key in a path; anything else matches no route."""

    regex = ID_PATTERN

    def to_python(self, value: str) -> int:
        """Convert from the public form."""
        return parse_public_id(value)

    def to_url(self, value: int) -> str:
        """Convert to the public form."""
        return public_id(value)


class PageQuery(Request):
    """Parameters of every list: limit, cursor and order."""

    limit = AskedWhole(1, MOST_PER_PAGE, load_default=USUAL_PER_PAGE)
    after = Text(load_default=None, shortest=0, longest=500, metadata={"description": "cursor"})
    sort = Text(load_default="", shortest=0, longest=50)


def page_of(query: dict[str, Any]) -> PageRequest:
    """Take the requested page out of a `PageQuery`; the filters remain in `query`."""
    return PageRequest(query.pop("limit"), query.pop("after"), query.pop("sort"))
