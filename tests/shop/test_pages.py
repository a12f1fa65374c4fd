"""Pages of the shop without scripts: forms of shelf and goods in, receipts with filter and export, a void."""

import csv
import io
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from python_calamine import CalamineWorkbook

from ledger.kernel import clock
from ledger.kernel.db import in_snapshot
from ledger.kernel.ids import public_id
from ledger.shop import queries
from tests.browsing import Browser
from tests.databases import on_sqlite
from tests.shop.counter import Counter, balance
from tests.world import Person

DELIVERY = {"origin": "bought", "supplier": "供销社", "document": "R-9", "lines": "5"}


@pytest.fixture
def keeper(counter: Counter, client: FlaskClient) -> Browser:
    """The browser of the station's manager."""
    return Browser(client, counter.world.add_staff("station_manager"))


def at_till(counter: Counter) -> Browser:
    return Browser(counter.client, counter.clerk)


def shelf_path(counter: Counter) -> str:
    return f"/shelf/{public_id(counter.shop_id)}"


def test_a_shop_is_opened_and_its_first_item_put_on_the_shelf(counter: Counter, keeper: Browser) -> None:
    sent = keeper.post("/shelf/new", name="新店", place_id=public_id(counter.world.station_id))
    assert sent.status_code == 303
    assert "货架还是空的" in keeper.get(sent.location).text

    item = {
        "name": "东北大米",
        "spec": "5 kg/袋",
        "category": "粮油",
        "points": "30.5",
        "low_stock": "5",
        "barcode": "",
    }
    made = keeper.post(f"{sent.location}/items/new", **item)
    assert made.status_code == 303
    shown = keeper.get(sent.location).text
    assert "东北大米上架了" in shown
    assert "30.50" in shown
    assert "缺货" in shown
    assert keeper.get("/shelf").status_code == 200, "with two shops there is a choice"


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"name": ""}, "这一项要填"),
        ({"name": "大" * 61}, "最多 60 个字"),
        ({"points": "三十"}, "请填大于 0 的分值"),
        ({"points": "0"}, "请填大于 0 的分值"),
        ({"low_stock": "-1"}, "请填 0 到 1000000 的整数"),
        ({"name": "小米", "spec": "1 kg/袋"}, "货架上已经有同名同规格的东西"),
        ({"barcode": "6901234567892"}, "小米已经用这个条码"),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_the_rest_kept(
    counter: Counter, keeper: Browser, wrong: dict[str, str], words: str
) -> None:
    good = {"spec": "5 kg/袋", "category": "粮油", "points": "30", "low_stock": "5", "barcode": ""}
    path = f"{shelf_path(counter)}/items/new"
    keeper.post(path, **good | {"name": "小米", "spec": "1 kg/袋", "barcode": "6901234567892"})

    drawn = keeper.post(path, **good | {"name": "东北大米"} | wrong)

    assert drawn.status_code == 422
    assert words in drawn.text
    assert 'value="粮油"' in drawn.text
    assert len(in_snapshot(queries.shelf, counter.shop_id, counter.world.center_id)) == 1


def test_a_delivery_of_several_lines_comes_in_once(counter: Counter, keeper: Browser) -> None:
    rice, soy = counter.item(stock=0), counter.item("酱油", stock=1)
    lines = {
        "item-0": public_id(rice),
        "quantity-0": "４",
        "batch-0": "B7",
        "best_before-0": "2027-12-31",
        "item-3": public_id(soy),
        "quantity-3": "2",
    }
    path = f"{shelf_path(counter)}/goods-in/new"

    for _ in range(2):
        sent = keeper.post(path, key="one-and-the-same-key", **DELIVERY, **lines)
        assert sent.status_code == 303

    paper = keeper.get(sent.location).text
    for shown in ("供销社", "R-9", "B7", "2027年12月31日", "入库了"):
        assert shown in paper
    assert (counter.stock(rice).balance, counter.stock(soy).balance) == (4, 3)
    assert keeper.get(f"{shelf_path(counter)}/goods-in").text.count("供销社") == 2


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({}, "请至少填一行"),
        ({"quantity-0": "2"}, "请选一样"),
        ({"item-0": "rice", "quantity-0": "0"}, "请填 1 到 1000000 的整数"),
        ({"item-0": "rice", "quantity-0": "2", "best_before-0": "明年"}, "请填日期"),
        ({"item-0": "rice", "quantity-0": "2", "supplier": ""}, "这一项要填"),
        ({"item-0": "rice", "quantity-0": "2", "origin": "found"}, "请选一样"),
        ({"item-0": "other", "quantity-0": "2"}, "货架上没有这样东西"),
    ],
)
@on_sqlite
def test_a_delivery_that_can_not_be_taken_changes_nothing(
    counter: Counter, keeper: Browser, wrong: dict[str, str], words: str
) -> None:
    rice = counter.item(stock=0)
    other = counter.world.add_item(counter.world.add_shop("别的店"), stock=0)
    keys = {"rice": public_id(rice), "other": public_id(other)}
    typed = {name: keys.get(value, value) for name, value in wrong.items()}

    drawn = keeper.post(f"{shelf_path(counter)}/goods-in/new", **DELIVERY | typed)

    assert drawn.status_code == 422
    assert words in drawn.text
    assert counter.stock(rice).balance == 0


def test_more_lines_are_drawn_and_what_was_typed_is_kept(counter: Counter, keeper: Browser) -> None:
    counter.item()

    drawn = keeper.post(f"{shelf_path(counter)}/goods-in/new", **DELIVERY | {"quantity-4": "7", "more": "1"})

    assert drawn.status_code == 200
    assert 'id="quantity-9"' in drawn.text
    assert 'id="quantity-10"' not in drawn.text
    assert 'value="7"' in drawn.text
    assert 'value="供销社"' in drawn.text


@on_sqlite
def test_a_price_changes_and_an_item_leaves_the_shelf(counter: Counter, keeper: Browser) -> None:
    path = f"/shelf/items/{public_id(counter.item())}"

    assert keeper.post(f"{path}/price", points="31.5").status_code == 303
    shown = keeper.get(path).text
    assert "31.50" in shown
    assert "30.00" in shown, "what it has cost stays to be seen"
    assert keeper.post(f"{path}/price", points="free").status_code == 422
    assert keeper.post(f"{path}/shelf", on_shelf="0").status_code == 303
    assert "已下架" in keeper.get(path).text
    assert keeper.get(f"{shelf_path(counter)}?show=on").text.count("东北大米") == 0
    assert "东北大米" in keeper.get(f"{shelf_path(counter)}?show=off").text


def test_a_shop_closes_and_opens_again(counter: Counter, keeper: Browser) -> None:
    keeper.post(f"{shelf_path(counter)}/open", open="0")
    assert "关了，不能兑换" in keeper.get(shelf_path(counter)).text
    assert "还没有店" in at_till(counter).get("/till").text

    Browser(counter.client, counter.world.add_staff("station_manager")).post(f"{shelf_path(counter)}/open", open="1")
    assert at_till(counter).get("/till").status_code == 302


def test_the_till_shows_the_shelf_and_the_code_its_owner(counter: Counter) -> None:
    counter.item(stock=3)
    member = counter.member(12_850)

    till = at_till(counter).get(f"/till/{public_id(counter.shop_id)}").text
    assert "只剩 3" in till
    assert 'data-price="3000"' in till
    pay = Browser(counter.client, member).get("/pay").text
    assert "128.50" in pay
    assert "王*兰" in pay
    assert "王桂兰" not in pay
    assert at_till(counter).get("/pay").status_code == 403


def test_receipts_are_filtered_sorted_and_exported_as_they_are_seen(counter: Counter) -> None:
    member, rice = counter.member(100_000), counter.item(stock=20)
    sold = [counter.sold(member, [(rice, number)]) for number in (1, 3, 2)]
    counter.step(sold[1], "void", {"reason": "x"})
    counter.held(member, [(rice, 1)])
    clerk = at_till(counter)
    numbers = [counter.get(f"/redemptions/{each}").json["receipt"] for each in sold]

    assert all(number in clerk.get("/receipts").text for number in numbers)
    voided = clerk.get("/receipts?status=VOIDED").text
    assert [number in voided for number in numbers] == [False, True, False]
    wide = numbers[2].translate({code: code + 0xFEE0 for code in range(0x21, 0x7F)})
    for typed in (numbers[2], wide):
        one = clerk.client.get("/receipts", query_string={"receipt": typed}).text
        assert [number in one for number in numbers] == [False, False, True]
    today = clock.now().date()
    later = (today + timedelta(days=3)).isoformat()
    assert "没有这样的小票" in clerk.get(f"/receipts?since={later}").text
    assert clerk.get("/receipts?since=nonsense&until=9999-12-31&status=x").status_code == 200

    by_total = clerk.get("/receipts.csv?sort=-total")
    lines = list(csv.reader(io.StringIO(by_total.data.decode("utf-8-sig"))))
    assert [line[0] for line in lines[1:]] == [numbers[1], numbers[2], numbers[0]]
    assert lines[1][2:-1] == ["柳荫积分超市", "王*兰", counter.world.number_of(member), "90.00", "880.00", "已作废"]
    book = CalamineWorkbook.from_filelike(io.BytesIO(clerk.get("/receipts.xlsx?status=VOIDED").data))
    rows = book.get_sheet_by_index(0).to_python()
    assert [row[0] for row in rows[1:]] == [numbers[1]]
    assert rows[1][5] == 90.0
    assert clerk.get("/receipts.pdf").status_code == 404


@on_sqlite
def test_a_receipt_is_voided_by_a_form_that_names_the_consequence(counter: Counter) -> None:
    member, rice = counter.member(), counter.item()
    path = f"/receipts/{counter.sold(member, [(rice, 1)])}"
    clerk = at_till(counter)
    assert "作废" in clerk.get(path).text

    asked = clerk.get(f"{path}/void").text
    assert "30.00 分退给 王*兰" in asked
    assert "作废以后不能再恢复" in asked
    assert clerk.post(f"{path}/void", reason=" ").status_code == 422
    assert balance(counter.world, member).balance == 7_000

    done = clerk.post(f"{path}/void", reason="拿错了")
    assert (done.status_code, done.location) == (303, path)
    shown = clerk.get(path).text
    assert "已作废，积分退回去了" in shown
    assert "拿错了" in shown
    assert balance(counter.world, member).balance == 10_000
    again = clerk.post(f"{path}/void", reason="再来")
    assert again.status_code == 409
    assert "现在办不了这一步" in again.text


@on_sqlite
def test_a_receipt_looks_the_same_to_its_member_but_for_what_staff_do(counter: Counter) -> None:
    member, rice = counter.member(), counter.item()
    cart = counter.sold(member, [(rice, 2)])
    counter.step(cart, "void", {"reason": "李四说的"})

    shown = Browser(counter.client, member).get(f"/receipts/{cart}").text

    for words in ("东北大米", "60.00", "40.00", "已作废", "陈*燕"):
        assert words in shown
    for words in ("陈晓燕", "李四说的", "/void"):
        assert words not in shown
    stranger = counter.member(name="李建国")
    assert Browser(counter.client, stranger).get(f"/receipts/{cart}").status_code == 404


@pytest.mark.parametrize("path", ["/till", "/receipts", "/receipts.csv", "/shelf", "/shelf/new"])
@on_sqlite
def test_a_member_has_no_business_behind_the_counter(counter: Counter, path: str) -> None:
    assert Browser(counter.client, counter.member()).get(path).status_code == 403


@on_sqlite
def test_an_auditor_sees_shelf_deliveries_and_receipts(counter: Counter) -> None:
    rice = counter.item()
    cart = counter.sold(counter.member(), [(rice, 1)])
    auditor: Person = counter.world.add_staff("auditor", place_id=counter.world.top_id)
    pages = Browser(counter.client, auditor)

    for path in (
        shelf_path(counter),
        f"{shelf_path(counter)}/goods-in",
        f"/shelf/items/{public_id(rice)}",
        "/receipts",
        f"/receipts/{cart}",
    ):
        page = pages.get(path)
        assert page.status_code == 200, path
        assert f"{shelf_path(counter)}/items/new" not in page.text
        assert f"/receipts/{cart}/void" not in page.text
    assert pages.get(f"/receipts/{cart}/void").status_code == 403
