"""Receipts: numbers without a gap, the deadline for a void, what it returns, and the public check."""

import re
from datetime import UTC, date, datetime, timedelta

import pytest
import zxingcpp
from PIL import Image, ImageDraw

from ledger.kernel import clock
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.ids import parse_public_id
from ledger.kernel.references import make_reference
from ledger.points.book.entries import batches_of
from ledger.points.lots import listing as lot_reading
from ledger.shop import service, settling
from ledger.shop.policy import Wanted
from tests.shop.counter import Counter, balance, give_points, refused

# Both in UTC; local time is eight hours later.
EVENING = datetime(2026, 6, 3, 15, 50, tzinfo=UTC)
QUARTER_PAST = datetime(2026, 6, 3, 16, 15, tzinfo=UTC)


def test_refused_confirms_leave_no_gap(counter: Counter) -> None:
    member, rice = counter.member(100_000), counter.item(stock=20)
    numbers = []
    for _ in range(3):
        numbers.append(counter.get(f"/redemptions/{counter.sold(member, [(rice, 1)])}").json["receipt"])
        late = counter.held(member, [(rice, 1)])
        with clock.at(clock.now() + timedelta(minutes=4)):
            refused(counter.step(late, "confirm"), 409, "shop.hold_expired")
        refused(counter.step(counter.cart(member), "confirm"), 409, "shop.wrong_state")
        counter.step(late, "cancel")

    year = numbers[0].split("-")[1]
    assert numbers == [f"LY-{year}-00000{number}" for number in (1, 2, 3)]


def test_a_shop_counts_from_one_each_year_by_local_time(counter: Counter) -> None:
    member, wanted, clerk = counter.member(100_000), [Wanted(counter.item(stock=20), 1)], counter.clerk.actor
    year = clock.now().year + 1
    new_year = datetime(year, 12, 31, 16, 0, tzinfo=UTC)
    numbers = []
    for moment in (new_year - timedelta(seconds=2), new_year - timedelta(seconds=1), new_year):
        with clock.at(moment):
            code = in_transaction(service.issue_payer_code, actor=member.actor)["code"]
            cart = in_transaction(service.open_and_hold, counter.shop_id, code, wanted, actor=clerk)["id"]
            numbers.append(in_transaction(settling.confirm, cart, actor=clerk)["receipt"])

    assert numbers == [f"LY-{year}-000001", f"LY-{year}-000002", f"LY-{year + 1}-000001"]


def test_each_shop_counts_for_itself(counter: Counter) -> None:
    other = Counter(counter.world, counter.client)
    receipts = [
        each.get(f"/redemptions/{each.sold(each.member(), [(each.item(), 1)])}").json for each in (counter, other)
    ]

    assert [each["receipt"].rpartition("-")[2] for each in receipts] == ["000001", "000001"]
    assert receipts[0]["receipt"] != receipts[1]["receipt"]
    assert receipts[0]["shop_id"] != receipts[1]["shop_id"]


@pytest.mark.parametrize("late", [timedelta(microseconds=-1), timedelta(0)])
def test_a_void_goes_until_a_quarter_past_midnight(counter: Counter, late: timedelta) -> None:
    now = clock.now()
    days = timedelta(days=(now - EVENING).days + 2)
    with clock.at(EVENING + days):
        member, rice = counter.member(), counter.item()
        cart = counter.sold(member, [(rice, 1)])
    with clock.at(QUARTER_PAST + days + late):
        answer = counter.step(cart, "void", {"reason": "拿错了"})

    if late:
        assert answer.json["status"] == "VOIDED"
    else:
        refused(answer, 422, "shop.void_window_closed")
    assert balance(counter.world, member).balance == (10_000 if late else 7_000)


def test_a_void_mirrors_each_transfer_once_and_pays_its_owner(counter: Counter) -> None:
    member, rice, soy = counter.member(), counter.item(), counter.item("酿造酱油", points_now=800)
    cart = counter.sold(member, [(rice, 1), (soy, 2)])
    clerk = counter.world.add_staff("clerk")

    counter.step(cart, "void", {"reason": "拿错了"}, by=clerk)

    batches = in_snapshot(batches_of, "redemption", str(parse_public_id(cart)), counter.world.center_id)
    assert [batch.step for batch in batches] == ["hold", "post", "void"]
    posted, voided = batches[1].transfers, batches[2].transfers
    assert {each.reverses_id for each in voided} == {each.id for each in posted}
    assert len(voided) == len(posted) == 4
    assert voided[0].credit_account_id == posted[0].debit_account_id
    assert batches[2].actor_id == clerk.identity_id
    assert balance(counter.world, member).balance == 10_000
    refused(counter.step(cart, "void", {"reason": "再来"}), 409, "shop.wrong_state")


@pytest.mark.parametrize("state", ["cart", "held", "cancelled"])
def test_only_a_receipt_can_be_voided(counter: Counter, state: str) -> None:
    member, rice = counter.member(), counter.item()
    cart = counter.cart(member) if state == "cart" else counter.held(member, [(rice, 1)])
    if state == "cancelled":
        counter.step(cart, "cancel")

    answer = counter.step(cart, "void", {"reason": "x"})

    refused(answer, 409, "shop.already_released" if state == "cancelled" else "shop.wrong_state")
    refused(counter.get(f"/redemptions/{cart}/receipt"), 409, "shop.wrong_state")


def test_a_void_needs_a_reason(counter: Counter) -> None:
    cart = counter.sold(counter.member(), [(counter.item(), 1)])

    for body in ({}, {"reason": ""}, {"reason": "  "}, {"reason": "x" * 201}, {"reason": 5}):
        refused(counter.step(cart, "void", body), 422, "request.invalid")


def test_the_code_on_a_receipt_leads_to_its_check_page(counter: Counter) -> None:
    cart = counter.sold(counter.member(), [(counter.item(), 1)])
    receipt = counter.get(f"/redemptions/{cart}/receipt").json

    assert read(receipt["qr_svg"]) == receipt["check_url"]
    path = receipt["check_url"].removeprefix("HTTPS://JF.EXAMPLE.ORG")
    for written in (path, path.lower(), path.replace("/R/", "/r/")):
        page = counter.client.get(written)
        assert page.status_code == 200
        assert "这张小票是真的" in page.text
        for shown in (receipt["receipt"], "柳荫积分超市", "30.00"):
            assert shown in page.text
        for hidden in ("王桂兰", "王*兰", receipt["member"]["number"], "陈晓燕"):
            assert hidden not in page.text


def test_the_check_page_says_that_a_receipt_was_voided(counter: Counter) -> None:
    cart = counter.sold(counter.member(), [(counter.item(), 1)])
    receipt = counter.step(cart, "void", {"reason": "王桂兰拿错了"}).json

    page = counter.client.get(receipt["check_url"].removeprefix("HTTPS://JF.EXAMPLE.ORG"))

    assert page.status_code == 200
    assert "这张小票已作废" in page.text
    assert "王桂兰" not in page.text


def test_a_receipt_that_was_made_up_is_not_ours(counter: Counter) -> None:
    cart = counter.sold(counter.member(), [(counter.item(), 1)])
    path = counter.get(f"/redemptions/{cart}/receipt").json["check_url"].removeprefix("HTTPS://JF.EXAMPLE.ORG")
    held = counter.held(counter.member(), [(counter.item("小米"), 1)])
    center, key = counter.world.center_id, parse_public_id(held)
    changed = path[:-1] + ("A" if path[-1] != "A" else "B")
    forged = [
        changed,
        path + "A",
        path[:-3],
        "/R/x",
        "/R/%E5%B0%8F%E7%A5%A8",
        "/R/" + make_reference("card", center, parse_public_id(cart)),
        "/R/" + make_reference("receipt", center + 1, parse_public_id(cart)),
        "/R/" + make_reference("receipt", center, key),
    ]

    for written in forged:
        page = counter.client.get(written)
        assert page.status_code == 404, written
        assert "这不是我们开的小票" in page.text, written


def test_a_clerk_s_name_is_masked_for_all_but_the_clerk_and_the_manager(counter: Counter) -> None:
    member = counter.member()
    cart = counter.sold(member, [(counter.item(), 1)])

    assert counter.get(f"/redemptions/{cart}/receipt").json["clerk"] == "陈晓燕"
    world = counter.world
    manager, other = world.add_staff("station_manager"), world.add_staff("clerk")
    auditor = world.add_staff("auditor", place_id=world.top_id)
    assert counter.get(f"/redemptions/{cart}/receipt", by=manager).json["clerk"] == "陈晓燕"
    for reader in (member, other, auditor):
        assert counter.get(f"/redemptions/{cart}/receipt", by=reader).json["clerk"] == "陈*燕"


def read(svg: str) -> str:
    """The text that a scanner reads from a QR code drawn by the service."""
    side = int(re.search(r'viewBox="0 0 (\d+) ', svg)[1])  # type: ignore[index]
    picture = Image.new("L", (side, side), 255)
    pen = ImageDraw.Draw(picture)
    for x, y, length in re.findall(r"M(\d+) (\d+)h(\d+)v1", svg):
        pen.line((int(x), int(y), int(x) + int(length) - 1, int(y)), fill=0)
    found = zxingcpp.read_barcodes(picture.resize((side * 8, side * 8), Image.Resampling.NEAREST))
    return str(found[0].text)


def test_a_receipt_names_the_lots_used_with_their_last_days_and_what_ends_next(counter: Counter) -> None:
    member, rice = counter.member(0), counter.item(points_now=500)
    with clock.at(EVENING):
        give_points(counter.world, member, 1_000)
        give_points(counter.world, member, 300, good_until=date(2098, 12, 31))
        give_points(counter.world, member, 400, good_until=date(2099, 12, 31))
    sold = counter.sold(member, [(rice, 1)])
    receipt = counter.get(f"/redemptions/{sold}/receipt").json
    page = counter.client.get(f"/receipts/{sold}", headers=member.headers | {"Accept": "text/html"}).text
    english = {"Accept": "text/html", "Accept-Language": "en"}
    in_english = counter.client.get(f"/receipts/{sold}", headers=member.headers | english).text

    assert receipt["lots"] == [
        {"amount": 300, "expires_on": "2098-12-31"},
        {"amount": 200, "expires_on": "2099-12-31"},
    ]
    assert receipt["next_ending"] == {"amount": 200, "expires_on": "2099-12-31"}
    assert "2098年12月31日到期的" in page
    assert "下一批到期" in page
    assert "Good until 31 December 2098" in in_english


def test_points_without_an_end_are_named_as_such(counter: Counter) -> None:
    sold = counter.sold(counter.member(), [(counter.item(points_now=500), 1)])
    receipt = counter.get(f"/redemptions/{sold}/receipt").json

    assert receipt["lots"] == [{"amount": 500, "expires_on": None}]
    assert receipt["next_ending"] is None


def test_a_void_gives_points_back_to_a_lot_that_has_died_and_puts_its_end_off(counter: Counter) -> None:
    world, clerk = counter.world, counter.clerk.actor
    last_of_grace = datetime(2026, 6, 3, 15, 59, tzinfo=UTC)
    with clock.at(EVENING):
        member, rice = counter.member(0), counter.item(points_now=500)
        give_points(world, member, 500, good_until=date(2026, 5, 4))
    with clock.at(last_of_grace):
        code = in_transaction(service.issue_payer_code, actor=member.actor)["code"]
        cart = in_transaction(service.open_and_hold, counter.shop_id, code, [Wanted(rice, 1)], actor=clerk)["id"]
        in_transaction(settling.confirm, cart, actor=clerk)
    with clock.at(datetime(2026, 6, 3, 16, 5, tzinfo=UTC)):
        in_transaction(settling.void, cart, "拿错了", actor=clerk)

    ending = in_snapshot(lot_reading.find_next_ending, member.volunteer_id, world.center_id)
    assert ending == lot_reading.DatedPoints(500, date(2026, 7, 4))


def test_a_void_leaves_the_date_of_a_lot_that_is_still_good(counter: Counter) -> None:
    member, rice = counter.member(0), counter.item(points_now=500)
    give_points(counter.world, member, 500, good_until=date(2099, 12, 31))
    sold = counter.sold(member, [(rice, 1)])
    counter.step(sold, "void", {"reason": "拿错了"})

    ending = in_snapshot(lot_reading.find_next_ending, member.volunteer_id, counter.world.center_id)
    assert ending == lot_reading.DatedPoints(500, date(2099, 12, 31))
