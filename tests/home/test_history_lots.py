"""The history names the lots behind a line: until when earned points are good, and which points were taken."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from ledger.kernel import clock
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.ids import parse_public_id, public_id
from ledger.points.book.queries import accounts_by_key
from ledger.points.corrections import clawback
from ledger.points.expiry import service as expiry
from ledger.points.policy import POINT, AccountKey
from ledger.shop import settling
from tests.audit.small_book import redeem, serve
from tests.databases import on_sqlite
from tests.shop.counter import give_points
from tests.world import Person, World

MARCH, JUNE = datetime(2026, 3, 5, 1, tzinfo=UTC), datetime(2026, 6, 1, 1, tzinfo=UTC)
# 23:50 on the last day of grace after 2026, ten minutes before those points expire.
LAST_EVENING = datetime(2027, 1, 30, 15, 50, tzinfo=UTC)
AFTER_THE_GRACE = datetime(2027, 1, 31, 2, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _now() -> Iterator[None]:
    """Set the clock to the end of the grace after 2026."""
    with clock.at(AFTER_THE_GRACE):
        yield


@pytest.fixture
def member(world: World) -> Person:
    """A member with points of two days, those earned last expiring first."""
    member = world.add_volunteer()
    with clock.at(MARCH):
        give_points(world, member, 300, good_until=date(2027, 12, 31))
    with clock.at(JUNE):
        give_points(world, member, 200, good_until=date(2026, 12, 31))
    return member


def page_of(client: FlaskClient, person: Person, language: str) -> str:
    """The HTML of the history."""
    headers = person.headers | {"Accept": "text/html", "Accept-Language": language}
    answer = client.get("/me/history", headers=headers)
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def lines_of(client: FlaskClient, person: Person, language: str = "zh") -> list[str]:
    """The text of each line of the history, expanded, latest first."""
    rows = page_of(client, person, language).split('<details class="nx-row">')[1:]
    bare = (
        re.sub(r"<svg.*?</svg>|<[^>]+>", " ", row.replace('<span class="nx-minor">', ""), flags=re.S) for row in rows
    )
    return [" ".join(row.split()) for row in bare]


def sell(world: World, member: Person, points: int, at: datetime) -> tuple[Person, int]:
    """Redeem something for the member; returns the clerk and the redemption."""
    clerk = world.add_staff("clerk")
    with clock.at(at - timedelta(hours=1)):
        shop_id = world.add_shop()
        item_id = world.add_item(shop_id, points=points, stock=5)
    with clock.at(at):
        return clerk, redeem(world, clerk, member, shop_id, {item_id: 1})


@pytest.mark.parametrize(
    ("language", "said"),
    [("zh", "这 2.00 分： 2027年12月31日到期"), ("en", "These 2.00 points: good until 31 December 2027")],
)
@on_sqlite
def test_what_was_earned_says_until_when_it_is_good(
    client: FlaskClient, world: World, language: str, said: str
) -> None:
    clerk, volunteer = world.add_staff("clerk"), world.add_volunteer()
    with clock.at(JUNE - timedelta(days=1)):
        world.add_shift(JUNE)
    serve(world, clerk, volunteer, JUNE, minutes=120)

    (line,) = lines_of(client, volunteer, language)

    assert said in line


@pytest.mark.parametrize(
    ("language", "said"),
    [
        (
            "zh",
            "用了哪些分 2026年6月1日得的 2026年12月31日到期 2.00 2026年3月5日得的 2027年12月31日到期 0.50",
        ),
        (
            "en",
            "Which points were used Earned on 1 June 2026 good until 31 December 2026 2.00 Earned on 5 March 2026",
        ),
    ],
)
@on_sqlite
def test_what_was_spent_names_the_points_it_took_soonest_to_end_first(
    client: FlaskClient, world: World, member: Person, language: str, said: str
) -> None:
    sell(world, member, 250, JUNE + timedelta(hours=2))

    assert said in lines_of(client, member, language)[0]


@on_sqlite
def test_points_of_one_day_are_one_line(client: FlaskClient, world: World, member: Person) -> None:
    with clock.at(JUNE + timedelta(minutes=5)):
        give_points(world, member, 100, good_until=date(2026, 12, 31))
    sell(world, member, 300, JUNE + timedelta(hours=2))

    assert lines_of(client, member)[0].count("得的") == 1
    assert "2026年6月1日得的 2026年12月31日到期 3.00" in lines_of(client, member)[0]


@on_sqlite
def test_which_points_is_behind_a_second_fold(client: FlaskClient, world: World, member: Person) -> None:
    sell(world, member, 250, JUNE + timedelta(hours=2))
    page = page_of(client, member, "zh")

    assert '<details class="nx-row"><summary>' in page
    assert '<details class="nx-behind"><summary>用了哪些分</summary>' in page
    assert " open>" not in page


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("zh", "退回到哪些分里 2026年6月1日得的 延到2027年3月2日到期 2.00"),
        ("en", "Which points they went back to Earned on 1 June 2026 put off, good until 2 March 2027 2.00"),
    ],
)
@on_sqlite
def test_what_was_given_back_says_to_which_points_and_whether_they_were_put_off(
    client: FlaskClient, world: World, member: Person, language: str, said: str
) -> None:
    clerk, sold = sell(world, member, 200, LAST_EVENING)
    with clock.at(LAST_EVENING + timedelta(minutes=20)):
        in_transaction(settling.void, sold, "拿错了", actor=clerk.actor)

    void, sale, *_ = lines_of(client, member, language)

    assert said in void
    assert ("2026年12月31日到期" if language == "zh" else "good until 31 December 2026") in sale


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("zh", ("积分到期 −2.00", "到期的是哪些分 2026年6月1日得的 2026年12月31日到期 2.00")),
        (
            "en",
            ("Expiry of points −2.00", "Which points ended Earned on 1 June 2026 good until 31 December 2026 2.00"),
        ),
    ],
)
@on_sqlite
def test_what_has_ended_names_the_points_in_words(
    client: FlaskClient, world: World, member: Person, language: str, said: tuple[str, str]
) -> None:
    admin = world.add_staff("admin", place_id=world.top_id)
    run_id = in_transaction(expiry.prepare, date(2026, 12, 31), actor=admin.actor)
    in_transaction(expiry.release, run_id, actor=admin.actor)
    while in_transaction(expiry.carry_out, world.center_id):
        pass

    line = lines_of(client, member, language)[0]

    assert line.startswith(said[0])
    assert said[1] in line


@pytest.mark.parametrize(
    ("language", "said"), [("zh", "发错的积分收回了 −3.00"), ("en", "A wrong award was taken back −3.00")]
)
@on_sqlite
def test_a_wrong_award_that_was_taken_back_says_so(
    client: FlaskClient, world: World, member: Person, language: str, said: str
) -> None:
    (award, *_), _lots = entries(client, world, member, sort="recorded_at")
    transfer_id = parse_public_id(award["transfer_id"])
    in_transaction(clawback.claw_back, transfer_id, actor=world.builder, reason="clawback")

    line = lines_of(client, member, language)[0]

    assert said in line
    assert ("2026年3月5日得的" if language == "zh" else "Earned on 5 March 2026") in line


def entries(client: FlaskClient, world: World, person: Person, **query: str) -> Any:
    """The statement over the API, with the lots of each entry without their keys."""
    key = AccountKey(POINT, "member", person.volunteer_id)
    account_id = public_id(in_snapshot(accounts_by_key, [key], world.center_id)[key].id)
    answer = client.get(f"/api/v1/accounts/{account_id}/entries", query_string=query, headers=person.headers)
    assert answer.status_code == 200
    items = answer.json["items"]
    shown = [
        [(lot["change"], lot["amount"], lot["expires_on"], lot["put_off"]) for lot in each["lots"]] for each in items
    ]
    return items, shown


@on_sqlite
def test_the_statement_names_lots_over_the_api(client: FlaskClient, world: World, member: Person) -> None:
    clerk, sold = sell(world, member, 250, LAST_EVENING)
    with clock.at(LAST_EVENING + timedelta(minutes=20)):
        in_transaction(settling.void, sold, "拿错了", actor=clerk.actor)
    items, shown = entries(client, world, member)

    assert shown == [
        [("given_back", 50, "2027-12-31", False), ("given_back", 200, "2027-03-02", True)],
        [("taken", 200, "2026-12-31", False), ("taken", 50, "2027-12-31", False)],
        [],
        [("earned", 200, "2026-12-31", False)],
        [("earned", 300, "2027-12-31", False)],
    ]
    assert items[0]["lots"][1]["lot_id"] == items[3]["lots"][0]["lot_id"]
    assert items[0]["lots"][1]["earned_at"].startswith("2026-06-01T01:00:00")
