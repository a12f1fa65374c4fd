"""The first administrator's household is asked, as at every grant."""

import pytest
import sqlalchemy as sa

from ledger.kernel.db import in_snapshot
from ledger.people.models import Household, RoleGrant
from ledger.places import queries as places
from tests.cli.test_commands import FOUND, PHONE, Console

# Of each grant whether its household was asked, and its number.
ASKED_HOUSEHOLDS = sa.select(RoleGrant.household_asked, Household.number).outerjoin(
    Household, sa.and_(Household.center_id == RoleGrant.center_id, Household.id == RoleGrant.household_id)
)


@pytest.mark.parametrize("typed", [False, True])
def test_init_asks_for_the_administrators_household_as_every_grant_does(console: Console, *, typed: bool) -> None:
    given = FOUND[:-2] if typed else (*FOUND[:-1], "柳荫 17")
    result = console.run(*given, typed="柳荫 17\n" if typed else None)

    assert result.exit_code == 0, result.output
    assert ("Household of the administrator" in result.output) == typed
    found = in_snapshot(lambda session: [tuple(row) for row in session.execute(ASKED_HOUSEHOLDS)])
    assert found == [(True, "柳荫17")]


def test_init_without_a_household_and_nobody_to_ask_makes_nothing(console: Console) -> None:
    assert console.run(*FOUND[:-2]).exit_code == 1
    assert in_snapshot(places.centers) == []


def test_an_administrator_who_could_not_log_in_is_refused(console: Console) -> None:
    without = [each if each != PHONE else "" for each in FOUND]
    assert "people.phone_invalid" in console.fails(*without)
    assert in_snapshot(places.centers) == []
