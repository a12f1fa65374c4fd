"""Read the shelf's forms: items, prices and deliveries. Each reader raises InvalidFields for invalid input."""

from typing import Any

from flask_babel import gettext as _

from ledger.shop.correcting import ItemWords
from ledger.shop.policy import clean_short_name
from ledger.shop.schemas import MOST_LINES, MOST_PRICE, MOST_QUANTITY, ORIGINS
from ledger.shop.shelf import Delivered, NewItem
from ledger.web import forms
from ledger.web.forms import Form

LINES_AT_FIRST, LINES_MORE = 3, 5
SHOP_FIELDS = dict.fromkeys(("shop.short_name_taken", "shop.short_name_printed"), "short_name")
# The field at which a refusal is said.
ITEM_FIELDS = {
    "shop.item_exists": "name",
    **dict.fromkeys(("shop.barcode_taken", "shop.barcode_misread", "shop.barcode_not_goods"), "barcode"),
}


def read_shop() -> tuple[str, int]:
    """Name and place of a new shop."""
    with Form() as form:
        return form.needed_text("name", longest=60), form.key("place_id")


def read_item() -> NewItem:
    """A new item."""
    with Form() as form:
        return NewItem(
            name=form.needed_text("name", longest=60),
            spec=form.needed_text("spec", longest=40),
            category=form.needed_text("category", longest=20),
            points=form.points("points", least=1, most=MOST_PRICE),
            barcode=form.text("barcode", longest=40) or None,
            low_stock=form.whole("low_stock", most=MOST_QUANTITY),
        )


def read_shop_names() -> tuple[str, str]:
    """The name and the short name of a shop."""
    with Form() as form:
        name = form.needed_text("name", longest=60)
        short_name = form.check("short_name", form.needed_text("short_name", longest=8), clean_short_name)
    return name, short_name


def read_item_words() -> ItemWords:
    """What is corrected of an item."""
    with Form() as form:
        return ItemWords(
            name=form.needed_text("name", longest=60),
            spec=form.needed_text("spec", longest=40),
            category=form.needed_text("category", longest=20),
            barcode=form.text("barcode", longest=40) or None,
            low_stock=form.whole("low_stock", most=MOST_QUANTITY),
        )


def read_price() -> int:
    """A price, in minor units."""
    with Form() as form:
        return form.points("points", least=1, most=MOST_PRICE)


def read_delivery() -> dict[str, Any]:
    """A delivery as arguments of `shelf.take_in`. Empty lines are skipped."""
    with Form() as form:
        delivery = {
            "origin": form.choice("origin", ORIGINS),
            "supplier": form.needed_text("supplier", longest=60),
            "document": form.text("document", longest=60),
        }
        lines = [_read_line(form, number) for number in range(lines_shown()) if _is_filled(number)]
        if not lines:
            form.faults["item-0"] = _("请至少填一行")
        return delivery | {"lines": lines}


def lines_shown() -> int:
    """Number of lines in the form, including those just requested."""
    shown = Form().optional_whole("lines", most=MOST_QUANTITY) or LINES_AT_FIRST
    return min(max(shown, LINES_AT_FIRST), MOST_LINES)


def _is_filled(number: int) -> bool:
    return any(forms.verbatim(f"{field}-{number}").strip() for field in ("item", "quantity", "batch", "best_before"))


def _read_line(form: Form, number: int) -> Delivered:
    return Delivered(
        item_id=form.key(f"item-{number}"),
        quantity=form.whole(f"quantity-{number}", least=1, most=MOST_QUANTITY),
        batch=form.text(f"batch-{number}", longest=40),
        best_before=form.optional_day(f"best_before-{number}"),
    )
