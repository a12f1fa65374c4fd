"""Marshmallow fields and the URL converter that carry the house's shapes: opaque ids, strict numbers, clean text."""

import base64
from datetime import UTC, datetime
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate
from werkzeug.routing import BaseConverter

from ledger.kernel.ids import parse_public_id, public_id

MOST_AMOUNT = 10**12
# 63 bits: the first of the 13 letters stands for three of them.
ID_PATTERN = "[0-7][0-9a-hjkmnp-tv-z]{12}"


class StrictSchema(Schema):
    """A schema that keeps the order of its fields and refuses those it doesn't know."""


class PublicId(fields.Field[int]):
    """A key in its public form."""

    def __init__(self, *, metadata: dict[str, Any] | None = None, **kwargs: Any) -> None:
        super().__init__(metadata={"pattern": f"^{ID_PATTERN}$", **(metadata or {})}, **kwargs)

    def _serialize(self, value: int | None, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else public_id(value)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        if not isinstance(value, str):
            raise ValidationError("must be an id")
        try:
            return parse_public_id(value)
        except ValueError as error:
            raise ValidationError("must be an id") from error


class Text(fields.String):
    """Text without control characters, trimmed, at most `longest` characters."""

    def __init__(self, *, shortest: int = 1, longest: int = 200, **kwargs: Any) -> None:
        super().__init__(validate=validate.Length(min=shortest, max=longest), **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = str(super()._deserialize(value, attr, data, **kwargs)).strip()
        if any((ord(letter) < 32 and letter not in "\n\t") or 0xD800 <= ord(letter) <= 0xDFFF for letter in text):
            raise ValidationError("has characters that can't be stored")
        return text


class Amount(fields.Integer):
    """An amount in minor units, from `least` to a million million."""

    def __init__(self, *, least: int = 1, **kwargs: Any) -> None:
        super().__init__(strict=True, validate=validate.Range(min=least, max=MOST_AMOUNT), **kwargs)


class Flag(fields.Boolean):
    """True or false in JSON, and nothing that only looks like it."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bool:
        if not isinstance(value, bool):
            raise ValidationError("must be true or false")
        return value


class Number(fields.Float):
    """A finite number in JSON, not one in quotes."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValidationError("must be a number")
        number = super()._deserialize(value, attr, data, **kwargs)
        return 0.0 if number is None else number


class Instant(fields.Field[datetime]):
    """An instant in ISO 8601 with an offset; written in UTC."""

    def _serialize(self, value: datetime | None, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else value.astimezone(UTC).isoformat()

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> datetime:
        try:
            instant = datetime.fromisoformat(value)
            if instant.tzinfo is None or not 2000 <= instant.year < 2200:
                raise ValueError
            return instant.astimezone(UTC)
        except (TypeError, ValueError, OverflowError) as error:
            raise ValidationError("must be a time with an offset, as 2026-06-03T08:52:00+08:00") from error


class Base64(fields.Field[bytes]):
    """Bytes, written in base64; only for answers."""

    def _serialize(self, value: bytes | None, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else base64.b64encode(value).decode()


class IdConverter(BaseConverter):
    """A key in a path; what is none matches no route."""

    regex = ID_PATTERN

    def to_python(self, value: str) -> int:
        """From the public form."""
        return parse_public_id(value)

    def to_url(self, value: int) -> str:
        """To the public form."""
        return public_id(value)


class PageQuery(Schema):
    """The members of every list: how many, after which, in which order."""

    limit = fields.Integer(load_default=50, validate=validate.Range(min=1, max=200))
    after = fields.String(load_default=None, validate=validate.Length(max=500), metadata={"description": "cursor"})
    sort = fields.String(load_default="", validate=validate.Length(max=50))
