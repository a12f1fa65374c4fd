"""One key for a name, however it is written; names that differ to the eye keep two."""

import unicodedata
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.kernel.characters import DOTS, INVISIBLE, MOST_MARKS, name_key, narrow, normalise, settle

SAME = {
    "dots": [f"阿依古丽{dot}买买提" for dot in DOTS] + ["阿依古丽 · 买买提", "阿依古丽‧ 买买提"],
    "spaces": ["王小兰", "王 小兰", "王　小　兰", "王\u00a0小兰", "王\t小兰", " 王小兰 "],
    "invisible": ["王小兰", "王\u200b小兰", "\ufeff王小兰", "王\u200e小兰\u2060"],
    "width": ["John Smith", "Ｊｏｈｎ　Ｓｍｉｔｈ", "john  smith", "JOHN SMITH"],
    "compatibility": ["金立", "\uf90a立", "⾦⽴"],
    "a font's own": ["李䶮", "李\ue863"],
    "accents": ["José", "Jose\u0301"],
}
DIFFERENT = ["王小兰", "王小蓝", "王㛃", "王洁", "𠮷田一", "吉田一", "John Smith", "JohnSmith", "张〇", "张零"]


@pytest.mark.parametrize("kind", SAME)
def test_one_name_has_one_key(kind: str) -> None:
    assert {name_key(written) for written in SAME[kind]} == {name_key(SAME[kind][0])}


def test_two_names_have_two() -> None:
    assert len({name_key(name) for name in [*DIFFERENT, SAME["dots"][0]]}) == len(DIFFERENT) + 1


@given(st.text(max_size=30), st.sampled_from(sorted(map(chr, INVISIBLE))), st.integers(0, 30))
def test_a_key_is_its_own_and_nothing_unseen_changes_it(name: str, unseen: str, at: int) -> None:
    assert name_key(name_key(name)) == name_key(name)
    assert name_key(name[:at] + unseen + name[at:]) == name_key(name)
    assert name_key(unicodedata.normalize("NFKC", name)) == name_key(name)
    assert name_key(settle(name)) == name_key(name)


@given(st.text(max_size=100))
def test_writing_is_normalised_as_unicode_says(text: str) -> None:
    assert normalise("NFC", text) == unicodedata.normalize("NFC", text)
    assert normalise("NFKC", text) == unicodedata.normalize("NFKC", text)


@pytest.mark.parametrize("clean", [settle, narrow, name_key])
def test_what_is_put_in_order_is_bounded(clean: Callable[[str], str]) -> None:
    marks = "\u0301\u0323" * 5_000

    assert len(clean(f"x{marks}y{marks}")) <= 2 * (MOST_MARKS + 1)
