"""Pure decisions of the shop: payer's codes, states of a redemption, carts, the deadline for a void."""

import re
import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain, count
from typing import Any, Literal
from zoneinfo import ZoneInfo

from ledger.kernel.characters import narrow
from ledger.kernel.errors import Conflict, Rejected
from ledger.shop.scan_policy import CODE_FIRST, CODE_LENGTH, check_digit, classify

CODE_LIFE = timedelta(seconds=60)
# A page asks for a new code each minute; a member may have several phones and an impatient thumb.
MOST_CODES = 20
CART_LIFE = timedelta(minutes=10)
HOLD_LIFE = timedelta(seconds=180)
VOID_GRACE = timedelta(minutes=15)

Status = Literal["CART", "HELD", "CONFIRMED", "VOIDED", "RELEASED"]
TRANSITIONS: dict[str, frozenset[str]] = {
    "CART": frozenset({"HELD", "RELEASED"}),
    "HELD": frozenset({"CONFIRMED", "RELEASED"}),
    "CONFIRMED": frozenset({"VOIDED"}),
    "VOIDED": frozenset(),
    "RELEASED": frozenset(),
}


def step(now: str, wanted: Status, *, receipt: Mapping[str, Any] | None = None) -> Status:
    """The wanted state, if it is reachable; `receipt` is the context of the refusal if a receipt exists already.

    Raises Conflict("shop.already_confirmed" | "shop.already_released" | "shop.wrong_state").
    """
    if wanted in TRANSITIONS[now]:
        return wanted
    if now in ("CONFIRMED", "VOIDED") and wanted != "VOIDED":
        raise Conflict("shop.already_confirmed", **(receipt or {}))
    if now == "RELEASED":
        raise Conflict("shop.already_released")
    raise Conflict("shop.wrong_state", state=now)


# What is said of a scan that is no payer's code, by what it is; anything else is malformed.
_NO_PAYER_CODE = {
    "money": "shop.code_other_system",
    "good": "shop.code_is_good",
    "own_code": "shop.code_is_good",
    "card": "shop.code_is_card",
    "receipt": "shop.code_is_receipt",
}


def new_payer_code() -> str:
    """19 random digits with a check digit (Luhn, ISO/IEC 7812-1 annex B)."""
    body = CODE_FIRST + "".join(str(secrets.randbelow(10)) for _ in range(CODE_LENGTH - 2))
    return body + check_digit(body)


def read_payer_code(scanned: str) -> str:
    """The digits of a scanned or typed code.

    Raises Rejected("shop.code_other_system" | "shop.code_is_…" | "shop.code_malformed"), without keeping anything of
    the scan.
    """
    found = classify(scanned)
    if found.kind != "payer_code":
        raise Rejected(_NO_PAYER_CODE.get(found.kind, "shop.code_malformed"))
    return found.canonical


@dataclass(frozen=True, slots=True)
class Wanted:
    """An item that a clerk puts into the cart; `quantity` in the item's minor units."""

    item_id: int
    quantity: int


def summed(wanted: Sequence[Wanted]) -> list[Wanted]:
    """Merge lines of the same item, so that two lines can't exceed a limit that one can't."""
    quantities: dict[int, int] = {}
    for line in wanted:
        quantities[line.item_id] = quantities.get(line.item_id, 0) + line.quantity
    return [Wanted(item_id, quantity) for item_id, quantity in quantities.items()]


def void_until(confirmed_at: datetime, zone: ZoneInfo) -> datetime:
    """The deadline for a void: 00:15 of the next local day."""
    local = confirmed_at.astimezone(zone)
    midnight = datetime(local.year, local.month, local.day, tzinfo=zone) + timedelta(days=1)
    return midnight + VOID_GRACE


StockState = Literal["in", "low", "out"]


def stock_state(left: int, low_stock: int) -> StockState:
    """Stock level: plenty, low (at most `low_stock`) or none."""
    if left <= 0:
        return "out"
    return "low" if left <= low_stock else "in"


Shortage = Literal["", "sold_out", "held_by_others", "stock_short"]


def shortage(wanted: int, on_hand: int, held: int) -> Shortage:
    """What keeps a quantity from being held: "" nothing; "held_by_others" what may come free again."""
    if wanted <= on_hand - held:
        return ""
    if on_hand <= 0:
        return "sold_out"
    return "held_by_others" if wanted <= on_hand or on_hand <= held else "stock_short"


_RECEIPT = re.compile(r"(?:([A-Z0-9]{1,8})-)?(\d{4})-0*(\d{1,9})", re.ASCII)
_SHORT_NAME = re.compile(r"[A-Z0-9]{2,8}", re.ASCII)
# Of a name that begins with no letters of its own.
_NO_LETTERS = "DM"


def read_receipt_text(text: str) -> tuple[str, int, int] | None:
    """Short name, year and number of a printed receipt number; None if it is none, "" for a name that is left out."""
    found = _RECEIPT.fullmatch(text.strip().upper())
    return None if found is None else (found[1] or "", int(found[2]), int(found[3]))


def receipt_text(short_name: str, year: int, number: int) -> str:
    """A receipt number as printed: the shop's short name, the year and the number, "LY-2026-000318"."""
    return f"{short_name}-{year}-{number:06}"


def new_short_name(initials: str, taken: Collection[str]) -> str:
    """A short name that is not taken: the first two initials, and a number behind them where others have them."""
    letters = "".join(letter for letter in initials.upper() if letter.isascii() and letter.isalnum())[:2]
    short = letters if len(letters) == 2 else _NO_LETTERS
    return next(name for name in chain([short], (f"{short}{number}" for number in count(2))) if name not in taken)


def clean_short_name(text: str) -> str:
    """A short name as it is printed. Raises Rejected("shop.short_name_invalid")."""
    short = narrow(text).upper()
    if not _SHORT_NAME.fullmatch(short):
        raise Rejected("shop.short_name_invalid")
    return short
