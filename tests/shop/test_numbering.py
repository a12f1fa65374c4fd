"""Receipt numbers: a shop's short name, year and number; unique in the center, behind what was printed."""

from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from ledger.audit.checks.scope import Scope
from ledger.audit.checks.totals import check_receipts
from ledger.kernel import clock
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.errors import NotFound, Rejected
from ledger.kernel.founding import Installation
from ledger.kernel.ids import public_id
from ledger.kernel.migrations import upgrade
from ledger.shop.numbering import go_on_behind
from ledger.shop.policy import new_short_name
from tests.databases import on_sqlite
from tests.people.test_migration import insert
from tests.runtimes import KEYRING, ZONE
from tests.shop.counter import Counter, first_receipt, refused

HERE = Installation(KEYRING, "development", ZONE.key)
AT = datetime(2026, 3, 1, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    ("initials", "taken", "short"),
    [("lyjfcs", [], "LY"), ("lyddh", ["LY"], "LY2"), ("ly", ["LY", "LY2"], "LY3"), ("·。", [], "DM"), ("a1", [], "A1")],
)
def test_a_short_name_is_made_from_the_name(initials: str, taken: list[str], short: str) -> None:
    assert new_short_name(initials, taken) == short


@on_sqlite
def test_two_shops_never_print_one_number(counter: Counter) -> None:
    rice = counter.item()
    other = Counter(counter.world, counter.client, counter.world.add_shop("柳荫便民店"))
    more = other.item()
    first = counter.sold(counter.member(), [(rice, 1)])
    second = other.sold(other.member(name="李秀英"), [(more, 1)])

    numbers = [counter.get(f"/redemptions/{key}/receipt").json["receipt"] for key in (first, second)]
    assert numbers == [first_receipt(), first_receipt().replace("LY-", "LY2-")]
    for number, key in zip(numbers, (first, second), strict=True):
        assert [each["id"] for each in counter.get("/redemptions", receipt=number).json["items"]] == [key]
    without = numbers[0].partition("-")[2]
    assert {each["id"] for each in counter.get("/redemptions", receipt=without).json["items"]} == {first, second}


@on_sqlite
def test_a_short_name_is_corrected_until_it_was_printed(counter: Counter) -> None:
    keeper, rice = counter.world.add_staff("station_manager"), counter.item()
    other = public_id(counter.world.add_shop("柳荫便民店"))
    path, names = f"/shops/{public_id(counter.shop_id)}", {"name": "柳荫积分超市", "short_name": "ly8"}

    assert (counter.send("PUT", path, names, by=keeper).json or {})["short_name"] == "LY8"
    refused(counter.send("PUT", f"/shops/{other}", names, by=keeper), 422, "shop.short_name_taken")
    refused(counter.send("PUT", path, names | {"short_name": "L-Y"}, by=keeper), 422, "shop.short_name_invalid")
    counter.sold(counter.member(), [(rice, 1)])
    refused(counter.send("PUT", path, names | {"short_name": "LY"}, by=keeper), 422, "shop.short_name_printed")
    assert counter.send("PUT", path, names | {"name": "柳荫店"}, by=keeper).status_code == 200


@on_sqlite
def test_after_a_restore_the_next_number_follows_what_was_printed(counter: Counter) -> None:
    center_id, rice = counter.world.center_id, counter.item()
    counter.sold(counter.member(), [(rice, 1)])
    printed = first_receipt().replace("000001", "000005")

    assert in_transaction(go_on_behind, printed, center_id) == 4
    assert in_transaction(go_on_behind, first_receipt(), center_id) == 0
    sold = counter.sold(counter.member(name="李秀英"), [(rice, 1)])

    assert counter.get(f"/redemptions/{sold}/receipt").json["receipt"] == first_receipt().replace("000001", "000006")
    assert (
        list(in_snapshot(lambda session: list(check_receipts(session, Scope(center_id, clock.now()), lambda _: None))))
        == []
    )
    with pytest.raises(Rejected, match="receipt_number_invalid"):
        in_transaction(go_on_behind, "2026-000318", center_id)
    with pytest.raises(NotFound, match="shop_not_found"):
        in_transaction(go_on_behind, "XX-2026-000318", center_id)


def test_shops_from_before_get_their_short_names(empty_database_url: str) -> None:
    upgrade(empty_database_url, "0024", installation=HERE)
    engine = sa.create_engine(empty_database_url)
    with engine.begin() as connection:
        center = {"name": "中心", "is_demonstration": False, "next_volunteer_number": 9, "created_at": AT}
        insert(connection, "center", id=1001, **center)
        place = {"kind": "center", "path": "/a/", "name": "中心", "code_version": 1, "created_at": AT}
        insert(connection, "place", center_id=1001, id=5, **place)
        for key, name in ((6, "柳荫积分超市"), (7, "柳荫便民店"), (8, "白云店")):
            insert(connection, "shop", center_id=1001, id=key, place_id=5, name=name, opened_at=AT)
    engine.dispose()
    upgrade(empty_database_url, "0025", installation=HERE)
    with engine.connect() as connection:
        assert connection.execute(sa.text("SELECT short_name FROM shop ORDER BY id")).scalars().all() == [
            "LY",
            "LY2",
            "BY",
        ]
    engine.dispose()
