"""Invisible signs are copied along with a number from a chat, a contact or a web page; the number counts."""

import pytest
from flask import Flask

from ledger.people.policy import clean_household_number, clean_id_last4, normalise_phone
from ledger.people.volunteers.card_tokens import read_token
from ledger.people.volunteers.search import read_number
from tests.databases import on_sqlite
from tests.web.test_reading import READERS, REFUSED, UNSEEN


@on_sqlite
@pytest.mark.parametrize("sign", UNSEEN)
def test_values_are_read_without_them(app: Flask, sign: str) -> None:
    for kind, typed in (
        ("whole", "12"),
        ("points", "1.5"),
        ("degrees", "36.48"),
        ("day", "2026-06-03"),
        ("text", "字"),
    ):
        pasted = f"{sign}{typed[:1]}{sign if kind != 'text' else ''}{typed[1:]}{sign}"
        for name, taken in READERS[kind].items():
            if not name.startswith("json") or kind in ("day", "text"):
                assert taken(app, pasted) == taken(app, typed) != REFUSED, (kind, name)


@pytest.mark.parametrize("sign", UNSEEN)
def test_people_and_cards_are_found_with_them(sign: str) -> None:
    assert normalise_phone(f"{sign}138{sign}00138000{sign}") == normalise_phone("13800138000")
    assert clean_id_last4(f"{sign}12{sign}3x{sign}") == "123X"
    assert clean_household_number(f"{sign}柳荫{sign}017{sign}") == "柳荫017"
    assert read_token(f"{sign}{'A' * 13}{sign}{'B' * 13}{sign}") == "A" * 13 + "B" * 13
    assert read_number(f"{sign}0000{sign}0017{sign}") == "00000017"
