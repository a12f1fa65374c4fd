"""Landing pages by role, a volunteer's balance and history in plain words, and the day of staff."""

import re
from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from ledger.checkin import service as checkin
from ledger.home.mine import star_line
from ledger.kernel import clock
from ledger.kernel.db import in_transaction
from ledger.kernel.ids import public_id
from ledger.rules.policy import RuleBody
from tests.audit.small_book import SmallBook, make_small_book, scan, serve
from tests.databases import on_sqlite
from tests.world import Person, World


@pytest.fixture
def book(world: World) -> SmallBook:
    """A small book of the test's own."""
    return make_small_book(world)


def shown(client: FlaskClient, path: str, person: Person) -> str:
    """The visible text of a page on one line."""
    answer = client.get(path, headers=person.headers | {"Accept": "text/html"})
    assert answer.status_code == 200, answer.status_code
    page = re.sub(r'<(script|style|svg).*?</\1>|<span class="nx-minor">', "", answer.get_data(as_text=True), flags=re.S)
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


@pytest.mark.parametrize(
    ("role", "page"),
    [("admin", "/console"), ("auditor", "/console"), ("station_manager", "/today"), ("clerk", "/today")],
)
@on_sqlite
def test_each_role_lands_on_its_own_page(client: FlaskClient, world: World, role: str, page: str) -> None:
    place_id = world.top_id if page == "/console" else world.station_id
    answer = client.get("/", headers=world.add_staff(role, place_id=place_id).headers)

    assert (answer.status_code, answer.location) == (302, page)


@on_sqlite
def test_a_volunteer_lands_at_home(client: FlaskClient, world: World) -> None:
    assert client.get("/", headers=world.add_volunteer().headers).location == "/me"


@on_sqlite
def test_a_stranger_is_told_what_this_is_and_asked_who_they_are(client: FlaskClient, world: World) -> None:
    answer = client.get("/", follow_redirects=True)

    assert answer.request.path == "/log-in"
    assert "志愿服务的时长和积分" in answer.get_data(as_text=True)


@on_sqlite
def test_home_shows_what_can_be_spent_and_what_is_held(client: FlaskClient, book: SmallBook) -> None:
    page = shown(client, "/me", book.volunteer)

    assert "可用积分 王桂兰" in page
    assert "1.08 分" in page
    assert "占用 柜台上正在换的 0.50" in page
    assert "3 小时 35 分" in page


@on_sqlite
def test_home_of_somebody_new_says_what_to_do(client: FlaskClient, world: World) -> None:
    page = shown(client, "/me", world.add_volunteer())

    assert "0.00 分" in page
    assert "今天没有报班" in page


@on_sqlite
def test_home_goes_with_the_day(client: FlaskClient, world: World) -> None:
    clerk, volunteer = world.add_staff("clerk"), world.add_volunteer()
    noon = (clock.now() + timedelta(days=1)).replace(hour=4, minute=0, second=0, microsecond=0)
    shift_id = world.add_shift(noon)
    world.sign_up(shift_id, volunteer)

    def at(minutes: int) -> str:
        with clock.at(noon + timedelta(minutes=minutes)):
            return shown(client, "/me", volunteer)

    assert "今天 12:00 有班" in at(-120)
    assert "还没签到" in at(-10)
    with clock.at(noon + timedelta(minutes=-5)):
        scan(world, clerk, volunteer)
    assert "已签到 11:55" in at(5)
    assert "14:30 前扫站里屏幕上的码签退" in at(5)
    with clock.at(noon + timedelta(minutes=60)):
        scan(world, clerk, volunteer)
    assert "今天已签退 13:00" in at(65)
    assert "看这次得了多少" in at(65)


@on_sqlite
def test_home_says_that_a_forgotten_check_out_waits(client: FlaskClient, world: World) -> None:
    clerk, volunteer = world.add_staff("clerk"), world.add_volunteer()
    noon = (clock.now() + timedelta(days=1)).replace(hour=4, minute=0, second=0, microsecond=0)
    world.add_shift(noon)
    with clock.at(noon):
        scan(world, clerk, volunteer)
    with clock.at(noon + timedelta(hours=4)):
        in_transaction(checkin.close_forgotten, world.center_id)
        page = shown(client, "/me", volunteer)

    assert "等站长审" in page
    assert "忘了签退" in page


def test_the_way_to_the_next_star() -> None:
    body = RuleBody()

    nothing, first, last = (star_line(hours * 60, body) for hours in (0, 164, 2000))

    assert (nothing.got, nothing.to_next, nothing.stars) == (0, 6000, [{"minutes": 6000, "got": False}])
    assert (first.got, first.to_next) == (1, 136 * 60)
    assert first.stars == [{"minutes": 6000, "got": True}, {"minutes": 18000, "got": False}]
    assert (last.got, last.to_next) == (5, 0)


@on_sqlite
def test_the_history_says_in_plain_words_why_the_balance_is_this(client: FlaskClient, book: SmallBook) -> None:
    page = shown(client, "/me/history", book.volunteer)

    assert "结余 1.58" in page
    assert "社区巡逻 2 小时 5 分 +2.08" in page
    assert "125 分钟，第 1 版规则，2.08 分" in page
    assert "社区巡逻 1 小时 30 分 不记分" in page
    assert "柳荫积分超市，兑换东北大米 −0.50" in page
    assert "正在占用" in page


@on_sqlite
def test_a_void_gives_back_and_says_so(client: FlaskClient, book: SmallBook) -> None:
    page = shown(client, "/me/history", book.other)

    assert "小票作废，退回 +0.50" in page
    assert "后来作废了" in page
    assert page.count("−1.00") == 1


@pytest.mark.parametrize(("which", "earned", "spent"), [("earned", 2, 0), ("spent", 0, 1), ("all", 2, 1)])
@on_sqlite
def test_the_history_is_narrowed(client: FlaskClient, book: SmallBook, which: str, earned: int, spent: int) -> None:
    page = shown(client, f"/me/history?which={which}", book.volunteer)

    assert page.count("看凭证") == earned
    assert page.count("看小票") == spent


def test_the_history_of_other_days_is_empty_and_says_so(client: FlaskClient, book: SmallBook) -> None:
    assert "这段时间没有这一类的" in shown(client, "/me/history?since=2001-01-01&until=2001-02-01", book.volunteer)
    assert "社区巡逻" in shown(client, "/me/history?since=nonsense&until=0001-01-01", book.volunteer)


def test_the_history_goes_on_page_by_page(client: FlaskClient, world: World) -> None:
    clerk, volunteer = world.add_staff("clerk"), world.add_volunteer()
    first = (clock.now() - timedelta(days=40)).replace(hour=1, minute=0, second=0, microsecond=0)
    for day in range(22):
        world.add_shift(first + timedelta(days=day))
        serve(world, clerk, volunteer, first + timedelta(days=day), minutes=60)

    answer = client.get("/me/history", headers=volunteer.headers).get_data(as_text=True)
    (after,) = re.findall(r"after=([\w-]+)", answer)
    rest = client.get(f"/me/history?after={after}", headers=volunteer.headers).get_data(as_text=True)

    assert (answer.count("看凭证"), rest.count("看凭证")) == (20, 2)
    assert "结余 22.00" in answer
    assert "结余 1.00" in rest


def test_the_history_goes_out_as_a_file(client: FlaskClient, book: SmallBook) -> None:
    csv = client.get("/me/history.csv?which=spent", headers=book.volunteer.headers)
    xlsx = client.get("/me/history.xlsx", headers=book.volunteer.headers)

    lines = csv.get_data().decode("utf-8-sig").splitlines()
    assert len(lines) == 2
    assert "兑换东北大米" in lines[1]
    assert xlsx.get_data()[:2] == b"PK"


@on_sqlite
def test_the_card_shows_the_number_as_codes(client: FlaskClient, world: World) -> None:
    volunteer = world.add_volunteer()

    answer = client.get("/me/card", headers=volunteer.headers).get_data(as_text=True)

    assert answer.count('role="img"') >= 2
    assert "王桂兰" in answer


@pytest.mark.parametrize("path", ["/me", "/me/history", "/me/history.csv", "/me/card"])
@on_sqlite
def test_staff_who_are_no_volunteers_have_no_points_of_their_own(client: FlaskClient, world: World, path: str) -> None:
    assert client.get(path, headers=world.add_staff("clerk").headers).status_code == 403


@on_sqlite
def test_the_day_lists_what_needs_doing_and_who_came(client: FlaskClient, world: World) -> None:
    clerk, manager = world.add_staff("clerk"), world.add_staff("station_manager")
    come, absent = world.add_volunteer("王桂兰"), world.add_volunteer("张志国")
    shop_id = world.add_shop()
    world.add_item(shop_id, name="洗衣液", stock=3)
    world.add_item(shop_id, name="垃圾袋", stock=0)
    world.add_item(shop_id, name="东北大米", stock=50)
    noon = (clock.now() + timedelta(days=1)).replace(hour=4, minute=0, second=0, microsecond=0)
    shift_id = world.add_shift(noon)
    for person in (come, absent):
        world.sign_up(shift_id, person)
    with clock.at(noon):
        scan(world, clerk, come)
    with clock.at(noon + timedelta(minutes=30)):
        page = shown(client, "/today", manager)

    assert "1 个班，2 人报名" in page
    assert "12:00–14:00 社区巡逻" in page
    assert "1 人没来" in page
    assert "洗衣液 5 kg/袋 剩 3" in page
    assert "垃圾袋 5 kg/袋 缺货" in page
    assert "东北大米" not in page


@on_sqlite
def test_the_day_of_a_clerk_has_no_reviews(client: FlaskClient, book: SmallBook) -> None:
    page = shown(client, "/today", book.clerk)

    assert "等您定" not in page


@on_sqlite
def test_the_day_leads_to_the_reviews_that_wait(client: FlaskClient, world: World) -> None:
    clerk, manager, volunteer = world.add_staff("clerk"), world.add_staff("station_manager"), world.add_volunteer()
    start = clock.now() - timedelta(days=1)
    world.add_shift(start)
    with clock.at(start):
        scan(world, clerk, volunteer)
    with clock.at(start + timedelta(hours=5)):
        world.add_shift(clock.now())
        scan(world, clerk, volunteer)

    page = shown(client, "/today", manager)

    assert "忘了签退，等您定" in page


@on_sqlite
def test_another_station_s_day_is_not_shown(client: FlaskClient, world: World) -> None:
    elsewhere = world.add_station("石桥站")
    manager = world.add_staff("station_manager", place_id=elsewhere)
    world.add_shift(clock.now())

    assert "今天没有班" in shown(client, "/today", manager)


@on_sqlite
def test_the_menu_shows_what_the_reader_may_use(client: FlaskClient, world: World) -> None:
    clerk = client.get("/today", headers=world.add_staff("clerk").headers).get_data(as_text=True)
    admin = client.get("/today", headers=world.add_staff("admin", place_id=world.top_id).headers).get_data(as_text=True)

    assert 'href="/books"' not in clerk
    assert 'href="/staff"' not in clerk
    assert 'href="/till"' in clerk
    assert 'href="/books"' in admin
    assert public_id(world.station_id) not in clerk
