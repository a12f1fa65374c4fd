"""What was scanned or typed at a counter, told by its form; static/js/scanned.js gives the same answers.

One good has many spellings: EAN-13, UPC-A and GTIN-14 differ by leading zeros, wide digits and spaces come with typing.
"""

import re
from dataclasses import dataclass
from typing import Literal

from ledger.kernel.characters import narrow
from ledger.kernel.errors import Rejected
from ledger.people.volunteers.card_tokens import read_token

# 19 digits, the first an 8: distinct from the two big payment systems, 10-15 (18 digits) and 25-30 (16-24 digits).
CODE_LENGTH, CODE_FIRST = 19, "8"
LONGEST_BARCODE = 40

Kind = Literal["card", "receipt", "payer_code", "own_code", "good", "money", "unknown"]
Looks = Literal["", "nothing", "link", "misread", "code", "digits", "text"]

_BLANK = re.compile(r"[\s\x1c-\x1f]+")
# What a scanner gun puts before its reading to say which kind of bars it was (ISO/IEC 15424).
_AIM = re.compile(r"^\][A-Za-z][0-9A-Za-z]")
_RECEIPT = re.compile(r"HTTPS?://[^/]+/R/([A-Z2-7]{42,})/?")
# A receipt number as it is printed: LY-2026-000318.
_PRINTED = re.compile(r"[A-Z0-9]{2,8}-[0-9]{4}-[0-9]{6,9}")
_LINK = re.compile(r"HTTPS?://.*")
_DIGITS = re.compile(r"[0-9]+")
_DASHED = re.compile(r"[0-9]+(-[0-9]+)+")
_GTIN_LENGTHS = (8, 12, 13, 14)
# A GTIN-14 of 13 digits that begin with 20-29: scale labels and codes that a shop gives its own goods.
_OWN = "02"


@dataclass(frozen=True, slots=True)
class Scanned:
    """What was scanned, in its one form: digits of a payer's code, a GTIN-14, a token, a reference, or as it was read.

    Digits of another system's payment code are not kept. `looks` says of the unknown what it looks like.
    """

    kind: Kind
    canonical: str
    looks: Looks = ""


def classify(scanned: str) -> Scanned:
    """What a text is by its form alone, whoever scanned it and whatever for."""
    text = _AIM.sub("", _BLANK.sub("", narrow(scanned)), count=1).upper()
    if _DASHED.fullmatch(text):
        text = text.replace("-", "")
    if _DIGITS.fullmatch(text):
        return _digits(text)
    if receipt := _RECEIPT.fullmatch(text):
        return Scanned("receipt", receipt[1])
    if _PRINTED.fullmatch(text):
        return Scanned("receipt", text)
    if token := read_token(text):
        return Scanned("card", token)
    return Scanned("unknown", text, "link" if _LINK.fullmatch(text) else "text" if text else "nothing")


def _digits(digits: str) -> Scanned:
    if _is_money(digits):
        return Scanned("money", "")
    if len(digits) == CODE_LENGTH and digits[0] == CODE_FIRST:
        right = check_digit(digits[:-1]) == digits[-1]
        return Scanned("payer_code", digits) if right else Scanned("unknown", digits, "code")
    if len(digits) not in _GTIN_LENGTHS:
        return Scanned("unknown", digits, "digits")
    gtin = digits.zfill(14)
    if gtin.startswith(_OWN):
        return Scanned("own_code", gtin)
    return Scanned("good", gtin) if _gs1_fits(gtin) else Scanned("unknown", digits, "misread")


def read_barcode(typed: str) -> str:
    """The one form of a barcode for a good on a shelf; a shop's own labels may be any text.

    Raises Rejected("shop.barcode_misread" | "shop.barcode_not_goods").
    """
    scanned = classify(typed)
    if scanned.looks == "misread":
        raise Rejected("shop.barcode_misread")
    if scanned.kind in ("good", "own_code") or scanned.looks in ("digits", "text"):
        return scanned.canonical
    raise Rejected("shop.barcode_not_goods")


def shown_barcode(canonical: str) -> str:
    """A barcode as it is printed below its bars: a GTIN without the zeros in front that only fill it up."""
    if len(canonical) != 14 or not _DIGITS.fullmatch(canonical):
        return canonical
    shortest = next(length for length in _GTIN_LENGTHS if canonical.startswith("0" * (14 - length)))
    return canonical[-shortest:]


def check_digit(body: str) -> str:
    """The last digit of a payer's code (Luhn, ISO/IEC 7812-1 annex B)."""
    total = 0
    for place, digit in enumerate(reversed(body)):
        value = int(digit) * (2 if place % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return str(-total % 10)


def _gs1_fits(gtin: str) -> bool:
    return sum(int(digit) * (1 if place % 2 else 3) for place, digit in enumerate(gtin)) % 10 == 0


def _is_money(digits: str) -> bool:
    prefix = digits[:2]
    return (len(digits) == 18 and "10" <= prefix <= "15") or (16 <= len(digits) <= 24 and "25" <= prefix <= "30")
