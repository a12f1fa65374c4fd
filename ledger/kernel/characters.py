"""Characters that nobody sees or types, but that are copied along with a number from a chat, contact or web page."""

import unicodedata

# Embeddings, overrides and isolates, which turn the direction of writing, and the marks that end them.
TURNS = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
# For str.translate. Besides those: soft hyphen, zero-width signs, direction marks, word joiner, byte order mark.
INVISIBLE = dict.fromkeys(map(ord, TURNS + "\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"))


def narrow(typed: str) -> str:
    """A number or code as it was meant: compatibility forms replaced, invisible characters dropped, trimmed."""
    return unicodedata.normalize("NFKC", typed.translate(INVISIBLE)).strip()
