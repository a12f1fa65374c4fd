"""No pattern that is searched for in a text takes the square of its length: somebody will send the worst text."""

import ast
import importlib
import re
from collections.abc import Iterator
from re import _constants as codes  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

import pytest

from tests.source import package

SEARCHES = {"search", "sub", "subn", "split", "findall", "finditer"}
REPEATS = {codes.MAX_REPEAT, codes.MIN_REPEAT}
# module.name: why it can't be slow.
HARMLESS = {"ledger.kernel.characters._SPACE_FOR_LOOKS": "name_key joins by single spaces first"}


def takes_the_square(pattern: str) -> bool:
    """Whether an alternative begins with an endless repeat and may fail after it, which is tried at each sign."""
    return any(_begins_endless(each) for each in _alternatives(parser.parse(pattern)))


def _alternatives(parsed: Any) -> Iterator[list[Any]]:
    parts = list(parsed)
    if len(parts) == 1 and parts[0][0] is codes.BRANCH:
        for each in parts[0][1][1]:
            yield from _alternatives(each)
    else:
        yield parts


def _begins_endless(parts: list[Any]) -> bool:
    return len(parts) > 1 and parts[0][0] in REPEATS and parts[0][1][1] is codes.MAXREPEAT


def searched() -> Iterator[tuple[str, str]]:
    """Every compiled pattern of the product that is searched for, as module.name and pattern."""
    for source in package():
        module = source.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        for node in ast.walk(source.tree):
            if isinstance(node, ast.Attribute) and node.attr in SEARCHES and isinstance(node.value, ast.Name):
                found = getattr(importlib.import_module(module), node.value.id, None)
                if isinstance(found, re.Pattern):
                    yield f"{module}.{node.value.id}", found.pattern if isinstance(found.pattern, str) else ""


@pytest.mark.parametrize("pattern", [r"\s+\Z", r"\A\s+|\s+\Z", r"[a-z]*x", r"(?:ab)+?c|d"])
def test_it_is_recognised(pattern: str) -> None:
    assert takes_the_square(pattern)


def test_none_of_ours_does() -> None:
    slow = {name: pattern for name, pattern in searched() if takes_the_square(pattern) and name not in HARMLESS}

    assert len(dict(searched())) > 5
    assert slow == {}, "strip, or bound the repeat or the text first"
