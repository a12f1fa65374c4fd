"""What the forms of the shelf sent: items, prices and deliveries, with words for each field that can't be taken."""

import re
import unicodedata
from datetime import date
from typing import Any

from flask import request
from flask_babel import gettext as _

from ledger.kernel.ids import parse_public_id
from ledger.shop.schemas import MOST_LINES, MOST_PRICE, MOST_QUANTITY, ORIGINS
from ledger.shop.shelf import Delivered, NewItem
from ledger.web import forms
from ledger.web.formats import points as points_text

_POINTS = re.compile(r"(\d{1,9})(?:\.(\d{1,2}))?", re.ASCII)
_WHOLE = re.compile(r"\d{1,9}", re.ASCII)
LINES_AT_FIRST, LINES_MORE = 3, 5


def parse_points(typed: str) -> int | None:
    """Points as people write them (30, 30.5, 30.50) in minor units; None for what is no amount or none."""
    found = _POINTS.fullmatch(unicodedata.normalize("NFKC", typed).strip())
    if found is None:
        return None
    minor = int(found[1]) * 100 + int((found[2] or "").ljust(2, "0"))
    return minor if 0 < minor <= MOST_PRICE else None


class Typed:
    """A form that was sent, read field by field; `errors` holds the words for what can't be taken."""

    def __init__(self) -> None:
        self.errors: dict[str, str] = {}

    def text(self, name: str, *, longest: int, required: bool = True) -> str:
        """Text of at most `longest` characters."""
        typed = forms.text(name)
        if required and not typed:
            self.errors[name] = _("这一项要填")
        elif len(typed) > longest:
            self.errors[name] = _("最多 %(n)s 个字", n=longest)
        return typed

    def key(self, name: str) -> int:
        """The thing chosen from a list."""
        try:
            return parse_public_id(forms.text(name))
        except ValueError:
            self.errors[name] = _("请选一样")
            return 0

    def points(self, name: str) -> int:
        """Points in minor units."""
        value = parse_points(forms.text(name))
        if value is None:
            most = points_text(MOST_PRICE)
            self.errors[name] = _("请填大于 0 的分值，最多两位小数，如 6.50；最大 %(most)s", most=most)
        return value or 0

    def whole(self, name: str, *, least: int) -> int:
        """A whole number of goods."""
        typed = unicodedata.normalize("NFKC", forms.text(name))
        value = int(typed) if _WHOLE.fullmatch(typed) else -1
        if not least <= value <= MOST_QUANTITY:
            self.errors[name] = _("请填 %(least)s 到 %(most)s 的整数", least=least, most=MOST_QUANTITY)
        return value

    def day(self, name: str) -> date | None:
        """A day, None where none was given."""
        typed = forms.text(name)
        try:
            return date.fromisoformat(typed) if typed else None
        except ValueError:
            self.errors[name] = _("请填日期，如 2026-12-31")
            return None


def read_item() -> tuple[NewItem, dict[str, str]]:
    """A new item, and the words for what can't be taken: the item is good only without any."""
    typed = Typed()
    item = NewItem(
        name=typed.text("name", longest=60),
        spec=typed.text("spec", longest=40),
        category=typed.text("category", longest=20),
        points=typed.points("points"),
        barcode=typed.text("barcode", longest=40, required=False) or None,
        low_stock=typed.whole("low_stock", least=0),
    )
    return item, typed.errors


def read_delivery() -> tuple[dict[str, Any], dict[str, str]]:
    """A delivery as `shelf.take_in` wants it, and the words for what can't be taken. Empty lines are passed over."""
    typed, origin = Typed(), forms.text("origin")
    if origin not in ORIGINS:
        typed.errors["origin"] = _("请选一样")
    delivery = {
        "origin": origin,
        "supplier": typed.text("supplier", longest=60),
        "document": typed.text("document", longest=60, required=False),
    }
    lines = [_read_line(typed, number) for number in range(lines_shown()) if _is_filled(number)]
    if not lines:
        typed.errors["item-0"] = _("请至少填一行")
    return delivery | {"lines": lines}, typed.errors


def lines_shown() -> int:
    """How many lines the form has, or will have when more are asked for."""
    typed = request.form.get("lines", "")
    shown = int(typed) if _WHOLE.fullmatch(typed) else LINES_AT_FIRST
    return min(max(shown, LINES_AT_FIRST), MOST_LINES)


def _is_filled(number: int) -> bool:
    return any(forms.text(f"{field}-{number}") for field in ("item", "quantity", "batch", "best_before"))


def _read_line(typed: Typed, number: int) -> Delivered:
    return Delivered(
        item_id=typed.key(f"item-{number}"),
        quantity=typed.whole(f"quantity-{number}", least=1),
        batch=typed.text(f"batch-{number}", longest=40, required=False),
        best_before=typed.day(f"best_before-{number}"),
    )
