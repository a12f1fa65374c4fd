"""A name is one name however it is written: in searches, for who has a phone already, of places, teams and goods."""

import pytest
import sqlalchemy as sa
from alembic import command

from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.errors import Rejected
from ledger.kernel.founding import Installation
from ledger.kernel.migrations import alembic_config, upgrade
from ledger.kernel.paging import PageRequest
from ledger.organisations import service as organisations
from ledger.people.identities.queries import phone_of
from ledger.people.identities.service import find_or_make_identity, prepare
from ledger.people.volunteers import queries
from ledger.people.volunteers.search import read_filter
from ledger.shop import shelf
from ledger.shop.shelf import NewItem
from tests.people.test_last_use_migration import OPENED
from tests.people.test_migration import insert
from tests.runtimes import KEYRING, ZONE
from tests.world import World

WRITTEN = "阿依古丽·买买提"
OTHERWISE = ("阿依古丽・买买提", "阿依古丽•买买提", "阿依古丽．买买提", "阿依古丽.买买提", " 阿依古丽 · 买 买提\u200b")
HERE = Installation(KEYRING, "development", ZONE.key)
CENTER, PERSON, PLAIN = 1001, 51, 52


@pytest.mark.parametrize("sought", OTHERWISE)
def test_who_is_sought_by_another_way_to_write_the_name_is_found(world: World, sought: str) -> None:
    person = world.add_volunteer(WRITTEN)
    world.add_volunteer("阿依古丽")
    narrowed = in_snapshot(read_filter, world.builder, sought=sought, place_id=None, household="")
    found = in_snapshot(queries.list_volunteers, world.builder, request=PageRequest(), **narrowed).items
    assert [(view.id, view.name) for view in found] == [(person.volunteer_id, WRITTEN)]
    phone = in_snapshot(phone_of, person.identity_id, world.center_id)
    again = prepare(name=sought, center_id=world.center_id, phone=phone, demonstration=True)
    assert in_transaction(find_or_make_identity, again) == person.identity_id


def test_places_teams_and_goods_are_there_however_they_are_written(world: World) -> None:
    with pytest.raises(Rejected, match="place_exists"):
        world.add_station("柳 荫　站")
    in_transaction(organisations.add_team, place_id=world.station_id, name="红马甲A队", actor=world.builder)
    with pytest.raises(Rejected, match="team_exists"):
        in_transaction(organisations.add_team, place_id=world.station_id, name="红马甲 Ａ队", actor=world.builder)
    shop = in_transaction(shelf.open_shop, place_id=world.station_id, name="兑换店", actor=world.builder)
    rice = {"category": "粮油", "points": 100}
    in_transaction(shelf.add_item, shop, NewItem(name="东北大米", spec="5kg", **rice), actor=world.builder)
    with pytest.raises(Rejected, match="item_exists"):
        in_transaction(shelf.add_item, shop, NewItem(name="东北 大米", spec="５ＫＧ", **rice), actor=world.builder)


def test_names_from_before_the_key_are_found_by_it(empty_database_url: str) -> None:
    upgrade(empty_database_url, "0015", installation=HERE)
    engine = sa.create_engine(empty_database_url)
    names = {PERSON: "阿依古丽•买买提", PLAIN: "王桂兰"}
    before = {person: index(name) for person, name in names.items()}
    with engine.begin() as connection:
        center = {"name": "中心", "is_demonstration": False, "next_volunteer_number": 9, "created_at": OPENED}
        insert(connection, "center", id=CENTER, **center)
        for person, name in names.items():
            own = {"name": KEYRING.seal(name, label="identity.name"), "name_index": before[person]}
            more = {"language": "zh", "large_type": False, "created_at": OPENED}
            insert(connection, "identity", center_id=CENTER, id=person, **own, **more)
    engine.dispose()
    upgrade(empty_database_url, "0016", installation=HERE)
    assert read(engine) == {PERSON: index(WRITTEN), PLAIN: before[PLAIN]}
    back = alembic_config(empty_database_url)
    back.attributes["installation"] = HERE
    command.downgrade(back, "0015")
    assert read(engine) == before
    engine.dispose()


def index(key: str) -> str:
    return KEYRING.index(f"{CENTER}:{key}", purpose="identity.name")


def read(engine: sa.Engine) -> dict[int, str]:
    with engine.connect() as connection:
        rows = {row.id: row.name_index for row in connection.execute(sa.text("SELECT id, name_index FROM identity"))}
    engine.dispose()
    return rows
