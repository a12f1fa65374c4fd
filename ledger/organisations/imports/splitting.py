"""Cells of names that may hold two people. Pure."""

import re
from dataclasses import dataclass

from ledger.kernel.characters import HAN, settle
from ledger.people.policy import COMPOUND_FAMILY_NAMES

# Nobody's name has these: people write several names with them.
_PARTS = re.compile(r"[、，,;；/／|｜&＆\r\n\t\v]+")
_WORD = f"[{HAN}]{{2,4}}"
# One name may have these, so a person is asked: 王和平 is one, 张三和李四 are two.
_AND = re.compile(rf"({_WORD}?)[和与及]({_WORD})")
_APART = re.compile(rf"({_WORD})\s+({_WORD})(?:\s+({_WORD}))?")
_NOTE = re.compile(r"(.+?)\s*[（(\[【].*")


@dataclass(frozen=True, slots=True)
class Parts:
    """The names that a cell seems to hold, in order, and whether it surely isn't one name."""

    names: list[str]
    surely: bool


def split_name(text: str) -> Parts | None:
    """The names of a cell that isn't plainly one, None if it is."""
    several = [settle(part) for part in _PARTS.split(text) if settle(part)]
    if len(several) > 1 or (several and several[0] != settle(text)):
        return Parts(several, surely=True)
    for pattern in (_AND, _APART, _NOTE):
        found = pattern.fullmatch(settle(text))
        names = [name for name in found.groups() if name] if found else []
        if names and not (pattern is _APART and names[0] in COMPOUND_FAMILY_NAMES):
            return Parts(names, surely=False)
    return None
