"""Which passwords are guessed first: what a few common words, names, dates, repeats and rows of keys make up.

A password is split into as few pieces as possible: each of those is one, any other sign is one. Guessers try such
pieces before anything else, so few of them are few guesses, however many signs they have.
"""

import re
from collections.abc import Iterable, Iterator

from ledger.kernel.characters import DOTS, normalise
from ledger.kernel.guessing import is_walk
from ledger.people.access.common_words import WORDS

LEAST_PIECES = 5
# Of two sequences whose signs take turns (a1b2c3d4), or of one with each sign doubled (112233).
_LEAST_UNBRAIDED = 3
# What comes after them adds nothing to the verdict.
_MOST_SIGNS = 40
_LONGEST_PIECE = 20
_SHORTEST_REPEAT = 3
_SYLLABLE = re.compile(
    "(?:[zcs]h|[bpmfdtnlgkhjqxrzcsyw])?"
    "(?:i?ang|i?ong|uang|eng|ing|[iu]?an|i?ao|uai|ai|ei|ou|en|in|un|i[aeu]|u[aoie]|ve?|er|[aoeiu])"
)
_MONTH_AND_DAY = "(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])"
_DATE = re.compile(f"(?:(?:19|20)?[0-9]{{2}})?{_MONTH_AND_DAY}|(?:19|20)[0-9]{{2}}(?:0[1-9]|1[0-2])?")
_PHONE = re.compile("1[3-9][0-9]{9}")
_SHIFTED = str.maketrans("!@#$%^&*()", "1234567890")
_LOOKALIKES = tuple(str.maketrans("@430!$57" + "1", "aaeoisst" + one) for one in "il")
_DOUBLED = re.compile(r"(.)\1+")
_FEWEST_DIGITS, _FEWEST_LETTERS = 6, 3
_HAN_NAME = 2


def is_easy(password: str, names: Iterable[str] = ()) -> bool:
    """Whether a password is made of few things that guessers try; `names` are tried for it too."""
    words = WORDS | {name for each in names for name in _parts(each)}
    plain = _plain(password)[:_MOST_SIGNS]
    return (
        any(_pieces(spelling, words) < LEAST_PIECES for spelling in {plain, plain.translate(_SHIFTED)})
        or min(_pieces(_DOUBLED.sub(r"\1", plain), words), _pieces(plain[::2] + plain[1::2], words)) < _LEAST_UNBRAIDED
    )


def is_personal(password: str, *, phone: str, names: Iterable[str] = ()) -> bool:
    """Whether six digits in a row of the phone number, or a name of the person, are in a password."""
    plain, digits = _plain(password), re.sub("[^0-9]", "", phone)
    runs = (digits[start : start + _FEWEST_DIGITS] for start in range(len(digits) - _FEWEST_DIGITS + 1))
    return any(run in plain for run in runs) or any(name in plain for each in names for name in _parts(each))


def _plain(text: str) -> str:
    """Full-width and capital letters are others' spellings of the same password."""
    return normalise("NFKC", text).casefold()


def _parts(name: str) -> Iterator[str]:
    """A name as a whole without spaces, and each of its words that is long enough to tell."""
    words = re.split(rf"[\s{re.escape(DOTS)}]+", _plain(name))
    for word in ("".join(words), *words):
        if len(word) >= (_FEWEST_LETTERS if word.isascii() else _HAN_NAME):
            yield word


def _pieces(text: str, words: frozenset[str] | set[str]) -> int:
    """The fewest pieces that make up the text."""
    fewest = [0]
    for end in range(1, len(text) + 1):
        starts = range(max(0, end - _LONGEST_PIECE), end - 1)
        known = [fewest[start] for start in starts if _is_known(text, start, end, words)]
        fewest.append(1 + min([fewest[-1], *known]))
    return fewest[-1]


def _is_known(text: str, start: int, end: int, words: frozenset[str] | set[str]) -> bool:
    piece = text[start:end]
    return (
        piece in words
        or any(piece.translate(letters) in words for letters in _LOOKALIKES)
        or is_walk(piece)
        or any(pattern.fullmatch(piece) for pattern in (_SYLLABLE, _DATE, _PHONE))
        or (len(piece) >= _SHORTEST_REPEAT and text.find(piece) < start)
    )
