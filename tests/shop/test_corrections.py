"""What was written wrongly is put right; what it said is kept, and papers keep the words of their day."""

from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from ledger.activities.models import Activity
from ledger.activities.queries import get_shift
from ledger.kernel import clock
from ledger.kernel.changes import changes_of
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.founding import Installation
from ledger.kernel.ids import parse_public_id, public_id
from ledger.kernel.migrations import upgrade
from ledger.kernel.types import table_of
from ledger.places.models import Place
from ledger.shop import delivery_queries, queries, shelf
from ledger.shop.models import Item, Shop
from ledger.shop.shelf import NewItem
from tests.browser import PHONE, OpenPage, no_axe_violations, no_sideways_scroll, screenshot
from tests.browsing import Browser
from tests.databases import on_sqlite
from tests.people.test_migration import insert
from tests.runtimes import KEYRING, ZONE
from tests.shop.counter import Counter, refused
from tests.world import Person

HERE = Installation(KEYRING, "development", ZONE.key)
AT = datetime(2026, 3, 1, 8, tzinfo=UTC)
WORDS = {"name": "东北大米", "spec": "5 kg/袋", "category": "粮油", "barcode": None, "low_stock": 5}
RICE, SODA = "6901234567892", "012345678905"


@pytest.fixture
def manager(counter: Counter) -> Person:
    return counter.world.add_staff("station_manager", name="吴站长")


@on_sqlite
def test_an_item_is_put_right_and_papers_keep_its_words(counter: Counter, manager: Person) -> None:
    wrong = counter.item("东比大米", stock=5)
    sold = counter.sold(counter.member(), [(wrong, 1)])
    keeper = Browser(counter.client, manager)
    path = f"/shelf/items/{public_id(wrong)}"
    form = {"name": "东北大米", "spec": "5 kg/袋", "category": "粮油", "barcode": "690 1234 567892", "low_stock": "8"}

    for _ in range(2):
        assert keeper.post(f"{path}/correct", **form).status_code == 303

    shown = keeper.get(path).text
    for words in ("东北大米", "东比大米", "吴站长", "改过什么", RICE):
        assert words in shown
    view = in_snapshot(queries.get_item, wrong, counter.world.center_id)
    assert (view.initials, view.barcode, view.low_stock) == ("dbdm", f"0{RICE}", 8)
    [kept] = in_snapshot(changes_of, table_of(Item), wrong, counter.world.center_id)
    assert kept.changed_by == manager.identity_id
    assert kept.fields["name"] == ("东比大米", "东北大米")
    assert "东比大米" in Browser(counter.client, counter.clerk).get(f"/receipts/{sold}").text
    again = counter.sold(counter.member(name="李秀英"), [(wrong, 1)])
    assert counter.get(f"/redemptions/{again}/receipt").json["lines"][0]["name"] == "东北大米"
    assert counter.world.add_item(counter.shop_id, name="东比大米")


@on_sqlite
def test_papers_of_deliveries_and_receipts_keep_the_shop_s_name(counter: Counter, manager: Person) -> None:
    rice, shop = counter.item(), public_id(counter.shop_id)
    sold = counter.sold(counter.member(), [(rice, 1)])
    lines = [{"item_id": public_id(rice), "quantity": 1}]
    body = {"origin": "bought", "supplier": "供销社", "lines": lines}
    booked = counter.send("POST", f"/shops/{shop}/goods-in", body, by=manager).json

    answer = counter.send("PUT", f"/shops/{shop}", {"name": "柳荫兑换店", "short_name": "LY"}, by=manager)
    counter.send("PUT", f"/items/{public_id(rice)}", WORDS | {"name": "大米"}, by=manager)

    assert answer.json["name"] == "柳荫兑换店"
    assert counter.get(f"/redemptions/{sold}/receipt").json["shop_name"] == "柳荫积分超市"
    paper = in_snapshot(delivery_queries.get_delivery, parse_public_id(booked["id"]), counter.world.center_id)
    assert (paper.shop_name, [line.name for line in paper.lines]) == ("柳荫积分超市", ["东北大米"])
    [kept] = in_snapshot(changes_of, table_of(Shop), counter.shop_id, counter.world.center_id)
    assert kept.fields == {"name": ("柳荫积分超市", "柳荫兑换店")}
    assert "柳荫积分超市" in Browser(counter.client, manager).get(f"/shelf/{shop}/correct").text


@on_sqlite
def test_a_correction_meets_the_rules_of_the_shelf(counter: Counter, manager: Person) -> None:
    rice, builder = counter.item(), counter.world.builder
    soda = NewItem(name="汽水", spec="1 瓶", category="饮料", points=100, barcode=SODA)
    other = in_transaction(shelf.add_item, counter.shop_id, soda, actor=builder)
    path = f"/items/{public_id(rice)}"

    refused(counter.send("PUT", path, WORDS | {"name": "汽 水", "spec": "1 瓶"}, by=manager), 422, "shop.item_exists")
    refused(counter.send("PUT", path, WORDS | {"barcode": "0012345678905"}, by=manager), 422, "shop.barcode_taken")
    refused(counter.send("PUT", path, WORDS | {"barcode": "6901234567893"}, by=manager), 422, "shop.barcode_misread")
    refused(counter.send("PUT", path, WORDS, by=counter.clerk), 403, "access.denied")
    assert in_snapshot(changes_of, table_of(Item), rice, counter.world.center_id) == []
    own = {"name": "汽水", "spec": "500 ml", "category": "饮料", "barcode": SODA, "low_stock": 5}
    assert counter.send("PUT", f"/items/{public_id(other)}", own, by=manager).json["spec"] == "500 ml"


@on_sqlite
def test_a_place_is_put_right(counter: Counter) -> None:
    world, admin = counter.world, counter.world.add_staff("admin", place_id=counter.world.top_id)
    world.add_station("远山站")
    place = {"name": "柳荫二站", "latitude": 36.5, "longitude": 102.4}
    path = f"/places/{public_id(world.station_id)}"

    refused(counter.send("PUT", path, place | {"name": "远 山站"}, by=admin), 422, "organisations.place_exists")
    assert (counter.send("PUT", path, place, by=admin).json or {})["name"] == "柳荫二站"
    form = {"name": "柳荫三站", "latitude": "36.5", "longitude": "102.4"}
    assert Browser(counter.client, admin).post(f"{path}/correct", **form).status_code == 303
    kept = in_snapshot(changes_of, table_of(Place), world.station_id, world.center_id)
    assert [each.fields["name"] for each in kept] == [("柳荫二站", "柳荫三站"), ("柳荫站", "柳荫二站")]
    shown = Browser(counter.client, admin).get(path).text
    assert ("改好了" in shown, "柳荫二站" in shown) == (True, True)


@on_sqlite
def test_an_activity_is_put_right(counter: Counter) -> None:
    world, admin = counter.world, counter.world.add_staff("admin", place_id=counter.world.top_id)
    shift = in_snapshot(get_shift, world.add_shift(clock.now()), world.center_id)
    path = f"/activities/{public_id(shift.activity_id)}"

    right = counter.send("PUT", path, {"name": "夜间巡逻", "category": "治安巡逻"}, by=admin)
    form = {"name": "夜间巡逻队", "category": "治安巡逻"}
    assert Browser(counter.client, admin).post(f"{path}/correct", **form).status_code == 303
    assert (right.json or {})["category"] == "治安巡逻"
    kept = in_snapshot(changes_of, table_of(Activity), shift.activity_id, world.center_id)
    assert [each.fields["name"][1] for each in kept] == ["夜间巡逻队", "夜间巡逻"]
    shown = Browser(counter.client, admin).get(path).text
    assert ("改好了" in shown, shift.activity_name in shown) == (True, True)


@pytest.mark.browser
@on_sqlite
@pytest.mark.parametrize("language", ["zh", pytest.param("en", marks=pytest.mark.long)])
def test_corrections_are_shown(counter: Counter, manager: Person, open_page: OpenPage, language: str) -> None:
    rice = counter.item("东比大米")
    counter.send("PUT", f"/items/{public_id(rice)}", WORDS, by=manager)
    for size, width in ((PHONE, "phone"), ({"width": 1366, "height": 768}, "desktop")):
        page = open_page(manager, size=size, language=language)
        for name, step in (("item", ""), ("correct", "/correct")):
            page.goto(f"/shelf/items/{public_id(rice)}{step}")
            no_axe_violations(page)
            no_sideways_scroll(page)
            screenshot(page, f"{name}-{language}-{width}")


def test_papers_from_before_get_the_words_of_today(empty_database_url: str) -> None:
    upgrade(empty_database_url, "0020", installation=HERE)
    engine = sa.create_engine(empty_database_url)
    with engine.begin() as connection:
        center = {"name": "中心", "is_demonstration": False, "next_volunteer_number": 9, "created_at": AT}
        insert(connection, "center", id=1001, **center)
        place = {"kind": "center", "path": "/a/", "name": "中心", "code_version": 1, "created_at": AT}
        insert(connection, "place", center_id=1001, id=5, **place)
        insert(connection, "shop", center_id=1001, id=6, place_id=5, name="店", opened_at=AT)
        insert(connection, "unit", center_id=1001, code="item-7", scale=0, in_lots=False, created_at=AT)
        own = {"unit": "item-7", "name": "大米", "spec": "袋", "category": "粮油", "initials": "dm"}
        insert(connection, "item", center_id=1001, id=7, shop_id=6, low_stock=5, on_shelf=True, created_at=AT, **own)
        goods = {"origin": "bought", "supplier": "供销社", "document": "", "received_at": AT, "received_by": 1}
        insert(connection, "goods_in", center_id=1001, id=8, shop_id=6, **goods)
        insert(connection, "goods_in_line", center_id=1001, goods_in_id=8, position=1, item_id=7, quantity=1, batch="")
    engine.dispose()
    upgrade(empty_database_url, "0021", installation=HERE)
    with engine.connect() as connection:
        assert connection.execute(sa.text("SELECT shop_name FROM goods_in")).scalar_one() == "店"
        assert tuple(connection.execute(sa.text("SELECT name, spec FROM goods_in_line")).one()) == ("大米", "袋")
    engine.dispose()
