"""The demonstration fills every table that tests/tables/ says it fills, and no other."""

from tests.demo.loaded import Village
from tests.tables.answers import FILLED
from tests.tables.entries import TABLES
from tests.test_house_rules import fail_on


def test_it_fills_what_is_said_to_be_filled(village: Village) -> None:
    said = {name for name, answers in TABLES.items() if answers.demo == FILLED}
    fail_on(said - village.filled, "The demonstration leaves these empty: fill them, or say why not in tests/tables/.")
    fail_on(village.filled - said, "The demonstration fills these: say FILLED in tests/tables/.")
