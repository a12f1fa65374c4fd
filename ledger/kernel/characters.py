"""How text is compared: what nobody sees or types is dropped, and what looks the same is the same.

Signs that nobody sees come along when a number is copied from a chat, contact or web page. One name is written with
dots of many kinds, with spaces or without, and in old files with signs of a font that has since got a place of its own.
"""

import re
import unicodedata
from collections.abc import Iterator
from typing import Literal

# Embeddings, overrides and isolates, which turn the direction of writing, and the marks that end them.
TURNS = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
# For str.translate. Besides those: soft hyphen, zero-width signs, direction marks, word joiner, byte order mark.
INVISIBLE = dict.fromkeys(map(ord, TURNS + "\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"))
# Between the parts of a name, as keyboards, word processors and forms have it: · • ・ ‧ ∙ ⋅ ⸱ ᐧ ꞏ ･ . ． 。 ｡
DOTS = "\u00b7\u2022\u30fb\u2027\u2219\u22c5\u2e31\u1427\ua78f\u0387\uff65.\uff0e\u3002\uff61"
# Unicode's bound of marks on one letter (UAX #15, stream-safe text format). Putting more in order costs their square.
MOST_MARKS = 30
HAN = "\u3007\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_UNSEEN = {code: None for code in INVISIBLE if chr(code) not in TURNS}
# Where Windows put signs of GBK that Unicode did not have yet: U+E815 for the bytes FE50, and so on.
_GBK_PRIVATE, _GBK_BYTES = 0xE815, [*range(0x50, 0x7F), *range(0x80, 0xA1)]
# What Python's GB 18030 still leaves there, as the standard of 2022 has it.
_SINCE_2022 = str.maketrans(
    "\ue816\ue817\ue818\ue81e\ue826\ue82b\ue82c\ue831\ue832\ue83b\ue843\ue854\ue855\ue864",
    "\U00020087\U00020089\U000200cc\u9fb4\u9fb5\u9fb6\u9fb7\U000215d7\u9fb8\U0002298f\u9fb9\u9fba\U000241fe\u9fbb",
)
_OF_A_FONT = {
    _GBK_PRIVATE + count: bytes((0xFE, byte)).decode("gb18030") for count, byte in enumerate(_GBK_BYTES)
} | _SINCE_2022
_DOT = re.compile(f"[{re.escape(DOTS)}]")
_NO_WORDS = f"[{HAN}{re.escape(DOTS)}]"
# A space parts words of letters; next to a Chinese character or a dot it is there for looks.
_SPACE_FOR_LOOKS = re.compile(rf"(?<={_NO_WORDS})\s+|\s+(?={_NO_WORDS})")


def narrow(typed: str) -> str:
    """A number or code as it was meant: compatibility forms replaced, invisible characters dropped, trimmed."""
    return normalise("NFKC", typed.translate(INVISIBLE)).strip()


def settle(text: str) -> str:
    """Text as it is kept: composed, without signs that do nothing, single spaces, a font's own signs by their place."""
    return " ".join(normalise("NFC", text.translate(_OF_A_FONT).translate(_UNSEEN)).split())


def name_key(name: str) -> str:
    """What names of people, places, teams and goods are compared by; it is never shown.

    One key for every way to write a name: full or half width, any dot, spaces for looks, capitals, compatibility forms.
    """
    one = normalise("NFKC", settle(_DOT.sub("\u00b7", name.translate(INVISIBLE))))
    one = _SPACE_FOR_LOOKS.sub("", " ".join(_DOT.sub("\u00b7", one).split()))
    return normalise("NFKC", one.casefold())


def normalise(form: Literal["NFC", "NFKC"], text: str) -> str:
    """Unicode's normal form, in time that grows with the text. Of marks in a row the first `MOST_MARKS` stay."""
    if len(text) > MOST_MARKS and not text.isascii():
        text = "".join(_with_few_marks(text))
    return unicodedata.normalize(form, text)


def _with_few_marks(text: str) -> Iterator[str]:
    run = 0
    for letter in text:
        run = run + 1 if unicodedata.combining(letter) else 0
        if run <= MOST_MARKS:
            yield letter
