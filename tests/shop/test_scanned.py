"""What was scanned is told by its form, in the service and at the till alike; one good is one, however typed."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from playwright.sync_api import expect

from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.founding import Installation
from ledger.kernel.ids import public_id
from ledger.kernel.migrations import upgrade
from ledger.shop import queries, shelf
from ledger.shop.scan_policy import classify, shown_barcode
from ledger.shop.shelf import NewItem
from tests.browser import OpenPage, screenshot
from tests.databases import on_sqlite
from tests.people.test_migration import insert
from tests.runtimes import KEYRING, ZONE
from tests.shop.counter import Counter, refused

CASES = json.loads((Path(__file__).parent / "scanned.json").read_text("utf-8"))
RICE = ["6901234567892", "06901234567892", "６９０１２３４５６７８９２", "690 1234 567892"]
SODA = ["012345678905", "0012345678905"]
# All keys at once, as a gun on a fast line: what a slow machine takes for a person typing is another test.
GUN = """code => [...code, 'Enter'].forEach(key =>
  document.body.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true })))"""
HERE = Installation(KEYRING, "development", ZONE.key)
AT = datetime(2026, 3, 1, 8, tzinfo=UTC)


@pytest.mark.parametrize(("scanned", "kind", "canonical", "looks"), CASES)
def test_what_was_scanned_is_told_by_its_form(scanned: str, kind: str, canonical: str, looks: str) -> None:
    found = classify(scanned)

    assert (found.kind, found.canonical, found.looks) == (kind, canonical, looks)


@pytest.mark.parametrize("printed", ["6901234567892", "012345678905", "96385074", "16901234567899", "A-31"])
def test_a_barcode_is_shown_as_it_is_printed(printed: str) -> None:
    assert shown_barcode(classify(printed).canonical) == printed


def good(name: str, barcode: str) -> NewItem:
    return NewItem(name=name, spec="1 袋", category="粮油", points=100, barcode=barcode)


@on_sqlite
@pytest.mark.parametrize("spellings", [RICE, SODA])
def test_one_good_is_one_however_its_barcode_is_typed(counter: Counter, spellings: list[str]) -> None:
    builder, keeper = counter.world.builder, counter.world.add_staff("station_manager")
    first = in_transaction(shelf.add_item, counter.shop_id, good("大米", spellings[0]), actor=builder)
    body = {"name": "小米", "spec": "1 袋", "category": "粮油", "points": 100}
    path = f"/shops/{public_id(counter.shop_id)}/items"

    for spelling in spellings:
        refused(counter.send("POST", path, body | {"barcode": spelling}, by=keeper), 422, "shop.barcode_taken")
    in_transaction(shelf.put_on_shelf, first, on_shelf=False, actor=builder)
    answer = counter.send("POST", path, body | {"barcode": spellings[-1]}, by=keeper)
    assert (answer.json or {})["barcode"] == classify(spellings[0]).canonical
    back = counter.send("PUT", f"/items/{public_id(first)}/shelf", {"on_shelf": True}, by=keeper)
    refused(back, 422, "shop.barcode_taken")


@on_sqlite
@pytest.mark.parametrize(
    ("barcode", "code"),
    [
        ("6901234567893", "barcode_misread"),
        ("134567890123456789", "barcode_not_goods"),
        ("8012345678901234561", "barcode_not_goods"),
        ("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "barcode_not_goods"),
    ],
)
def test_what_is_no_barcode_of_goods_is_not_kept_as_one(counter: Counter, barcode: str, code: str) -> None:
    body = {"name": "小米", "spec": "1 袋", "category": "粮油", "points": 100, "barcode": barcode}
    keeper = counter.world.add_staff("station_manager")

    refused(counter.send("POST", f"/shops/{public_id(counter.shop_id)}/items", body, by=keeper), 422, f"shop.{code}")
    assert in_snapshot(queries.shelf, counter.shop_id, counter.world.center_id) == []


@on_sqlite
@pytest.mark.parametrize(
    ("scanned", "code"),
    [
        ("6901234567892", "code_is_good"),
        ("2000000000015", "code_is_good"),
        ("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "code_is_card"),
        (CASES[26][0], "code_is_receipt"),
        ("6901234567893", "code_malformed"),
    ],
)
def test_what_is_no_payer_s_code_is_named_by_what_it_is(counter: Counter, scanned: str, code: str) -> None:
    refused(counter.open(scanned), 422, f"shop.{code}")


@pytest.mark.browser
@on_sqlite
def test_the_till_says_what_is_wrong_with_what_was_scanned(counter: Counter, open_page: OpenPage) -> None:
    member = counter.member(10_000)
    in_transaction(shelf.add_item, counter.shop_id, good("汽水", SODA[0]), actor=counter.world.builder)
    till = open_page(counter.clerk)
    till.goto("/till")
    told = "cases => import('/static/js/scanned.js').then(({ classify }) => cases.map(([text]) => classify(text)))"
    for case, found in zip(CASES, till.evaluate(told, CASES), strict=True):
        assert [case[0], found["kind"], found["canonical"], found["looks"]] == case
    for spelling in SODA:
        till.get_by_label("找物品").fill(spelling)
        expect(till.locator(".nx-tile:visible")).to_have_count(1)
    till.get_by_label("找物品").fill("")
    till.get_by_label("付款码的数字").fill(counter.code(member))
    till.get_by_role("button", name="认", exact=True).click()
    expect(till.locator("#who")).to_be_visible()
    for scanned, words in (
        ("6901234567892", "货架上没有这个条码"),
        ("6901234567893", "有一位不对"),
        ("134567890123456789", "这是付钱的码"),
        ("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "这是志愿者卡"),
        (counter.code(member), "这一单还没办完"),
    ):
        till.evaluate(GUN, scanned)
        expect(till.get_by_role("alert")).to_contain_text(words)
        screenshot(till, f"till-{words}")


def test_barcodes_from_before_get_their_form_and_the_oldest_keeps_one(
    empty_database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    upgrade(empty_database_url, "0019", installation=HERE)
    engine = sa.create_engine(empty_database_url)
    with engine.begin() as connection:
        center = {"name": "中心", "is_demonstration": False, "next_volunteer_number": 9, "created_at": AT}
        insert(connection, "center", id=1001, **center)
        place = {"kind": "center", "path": "/a/", "name": "中心", "code_version": 1, "created_at": AT}
        insert(connection, "place", center_id=1001, id=5, **place)
        insert(connection, "shop", center_id=1001, id=6, place_id=5, name="店", opened_at=AT)
        for key, barcode in enumerate([RICE[1], *RICE, *SODA, "a-31", "134567890123456789"], start=10):
            insert(connection, "unit", center_id=1001, code=f"item-{key}", scale=0, in_lots=False, created_at=AT)
            own = {"unit": f"item-{key}", "name": f"物{key}", "spec": "袋", "category": "粮油", "initials": "w"}
            kept = {"shop_id": 6, "barcode": barcode, "low_stock": 5, "on_shelf": key != 10, "created_at": AT}
            insert(connection, "item", center_id=1001, id=key, **own, **kept)
    engine.dispose()
    upgrade(empty_database_url, "0020", installation=HERE)
    with engine.connect() as connection:
        barcodes = connection.execute(sa.text("SELECT barcode FROM item ORDER BY id")).scalars().all()
    engine.dispose()
    rice, soda = "06901234567892", "00012345678905"
    assert barcodes == [rice, rice, None, None, None, soda, None, "A-31", None]
    told = capsys.readouterr().err
    assert "物12 袋 has no barcode now (06901234567892): 物11 袋 on the same shelf keeps it." in told
    assert "134567890123456789" in told
