"""Sixty of everything: each page and answer is shown, to its end, and sends no statement for each of its rows."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from ledger.app import create_app
from ledger.audit.verifying import service as verifying
from ledger.kernel import clock
from ledger.kernel.database import Database
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.organisations import service as organisations
from tests.crawl import Asked, next_of, plainly, rest_of
from tests.demo.loaded import settings_for
from tests.demo.test_plans import other_keys
from tests.plans import sent_to
from tests.shop.counter import Counter, give_points
from tests.tour import Tour
from tests.world import Person, World

# More than a page has.
MORE = 60
# So many more statements are no accident.
FEW = 5
# Those that still send a statement per row, and why.
ROW_BY_ROW = {
    "home.history": "reads each redemption and attendance by itself; a page has twenty at most",
    "home.export_history": "the same as a file",
}


@pytest.mark.parametrize("own_database_url", ["sqlite"], indirect=True)
def test_no_page_asks_once_more_for_each_row(own_database: Database, tmp_path: Path) -> None:
    tour = Tour(World(own_database), create_app(settings_for(own_database.url, tmp_path), database=own_database))
    verification_id = in_transaction(verifying.begin, actor=tour.person("admin").actor)["id"]
    keys = in_snapshot(other_keys, tour) | {"verification_id": verification_id}

    before, _lists = asked_by(tour, keys, own_database)
    add_more(tour)
    after, lists = asked_by(tour, keys, own_database)

    grown = {page[0] for page, number in before.items() if after[page] - number >= FEW}
    assert grown == set(ROW_BY_ROW)
    following = [page for first in {each.address: each for each in lists}.values() for page in rest_of(tour, first)]
    assert [str(page) for page in following if page.answer.status_code != 200] == []
    assert len(following) > 20


def asked_by(
    tour: Tour, keys: dict[str, int], database: Database
) -> tuple[dict[tuple[str, str, str], int], list[Asked]]:
    """How many statements each page and answer sends, for each reader; and the lists that go on."""
    sent_by, lists = {}, []
    with sent_to(database.reader) as sent:
        for asked in plainly(tour, keys):
            number = len(sent.taken())
            assert asked.answer.status_code < 500, asked
            if asked.answer.status_code == 200 and not asked.endpoint.startswith("audit.export_"):
                sent_by[asked.endpoint, asked.address, asked.who] = number
            if next_of(asked) is not None:
                lists.append(asked)
    return sent_by, lists


def add_more(tour: Tour) -> None:
    """Add more of everything: people, places, teams, goods, sales, future shifts and past visits."""
    world, volunteer = tour.world, tour.person("volunteer")
    counter = Counter(world, tour.app.test_client(), int(tour.keys["shop_id"]))
    counter.clerk = tour.person("clerk")
    now = clock.now().replace(minute=0, second=0, microsecond=0)
    others = [world.add_volunteer("李秀英") for _ in range(MORE)]
    world.house("柳荫017", *others)
    for number, other in enumerate(others):
        in_transaction(
            organisations.join_team,
            team_id=int(tour.keys["team_id"]),
            volunteer_id=other.volunteer_id,
            actor=world.builder,
        )
        in_transaction(organisations.add_team, place_id=world.station_id, name=f"第 {number} 队", actor=world.builder)
        world.add_staff("clerk", name="周店员")
        world.add_station(f"第 {number} 站")
        world.add_shop(f"第 {number} 店")
        goods = [(counter.item(f"{name} {number}", 100), 1) for name in ("东北大米", "洗衣液")]
        buyer = volunteer if number % 2 else other
        give_points(world, buyer, 1_000)
        counter.sold(buyer, goods)
        world.sign_up(int(tour.keys["shift_id"]), other)
        world.sign_up(world.add_shift(now + timedelta(hours=5 + 3 * number)), volunteer)
        _come_and_go(tour, now - timedelta(days=3 + number), other)


def _come_and_go(tour: Tour, at: datetime, other: Person) -> None:
    """Add a past shift: the volunteer came and left, the other forgot to check out."""
    volunteer = tour.person("volunteer")
    with clock.at(at - timedelta(hours=5)):
        shift_id = tour.world.add_shift(at)
        for person in (volunteer, other):
            tour.world.sign_up(shift_id, person)
    for card, hours in ((volunteer.card, 0), (volunteer.card, 2), (other.card, 0)):
        tour.scan(at + timedelta(hours=hours), card)
