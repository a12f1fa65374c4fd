"""The whole district, loaded once: its numbers, and a shelf as an inspector would find it."""

from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from ledger.audit.verifying.verify import verify
from ledger.demo import district
from ledger.demo.goods import GOODS
from ledger.demo.sizes import DISTRICT
from ledger.kernel import clock
from ledger.kernel.database import Database
from ledger.kernel.db import in_snapshot
from ledger.organisations import queries as organisations
from ledger.shop import queries as shop
from tests.demo.loaded import NOW, settings_for

TABLES = ("place", "team", "volunteer", "activity", "transfer", "shop")


@pytest.mark.long
@pytest.mark.parametrize("own_database_url", ["sqlite"], indirect=True)
def test_the_district_is_as_large_as_it_says(own_database: Database, tmp_path: Path) -> None:
    with clock.at(NOW):
        district.load_once(
            settings_for(own_database.url, tmp_path), seed=district.SEED, size=DISTRICT, say=lambda _line: None
        )

    center_id = in_snapshot(organisations.only_center).id
    numbers = in_snapshot(count_rows)
    assert (numbers["place"], numbers["team"]) == (DISTRICT.places, DISTRICT.teams)
    assert (numbers["volunteer"], numbers["activity"]) == (DISTRICT.volunteers, DISTRICT.activities)
    assert numbers["shop"] == DISTRICT.shops
    assert numbers["transfer"] >= 20_000
    [home] = in_snapshot(home_shop, center_id)
    shelf = in_snapshot(shop.shelf, home, center_id)
    assert len(shelf) == len(GOODS) >= 40
    assert {each.state for each in shelf} == {"in", "low", "out"}
    with own_database.snapshot() as session:
        found = verify(session, center_id)
    assert found.clean, found.difference


def count_rows(session: Session) -> dict[str, int]:
    """The number of rows in the tables."""
    connection = session.connection()
    return {table: int(connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one()) for table in TABLES}


def home_shop(session: Session, center_id: int) -> list[int]:
    """The shop at the station of the printed log-ins."""
    return [each.id for each in shop.shops_under(session, ["/"], center_id) if each.name.startswith("柳荫村")]
