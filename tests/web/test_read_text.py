"""Text of forms: its length counts before its signs, and it has no edges that nobody sees."""

import sys

import pytest
from flask import Flask

from ledger.kernel.characters import INVISIBLE
from ledger.web import reading


def test_text_that_is_too_long_is_not_looked_at(app: Flask) -> None:
    with app.test_request_context(), pytest.raises(reading.Unreadable, match="最多 5 个字"):
        reading.read_text("\x00" * 6, longest=5)


@pytest.mark.parametrize("edge", sorted({*map(chr, INVISIBLE), *filter(str.isspace, map(chr, range(sys.maxunicode)))}))
def test_the_edges_of_text_are_trimmed_of_all_that_is_not_seen(app: Flask, edge: str) -> None:
    with app.test_request_context():
        assert reading.read_text(f"{edge}a{edge}\n", longest=5).replace(edge, "") == "a"
