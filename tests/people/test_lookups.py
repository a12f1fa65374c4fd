"""Looking people up by number, phone, card or code: every door is in the table, and misses are limited."""

import io
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from ledger.kernel import clock
from ledger.kernel.database import Database
from ledger.kernel.db import in_transaction
from ledger.kernel.ids import public_id
from ledger.organisations import service as organisations
from ledger.people.lookups import LOOKUPS
from ledger.shop.policy import MOST_CODES, new_payer_code
from tests.databases import on_sqlite
from tests.phones import fresh_phone
from tests.shop.counter import new_key
from tests.source import package
from tests.test_house_rules import fail_on
from tests.world import Person, World

LIMITED, LISTED, CUT, CENTER, LOG_IN, INSIDE = (
    "misses are counted",
    "each row with the phone or number of somebody elsewhere is counted, before the list is kept and told about",
    "a list cut to the places held",
    "who asks holds the whole center",
    "limits of their own: people/access/misses.py",
    "serves the doors of this table",
)
# Calls that look a person up, and the files that call them.
_CALLS = (
    r"(?:find_volunteer|get_sought_volunteer|find_volunteer_by_\w+|find_identity(?:_by_phone)?|find_or_make_identity"
    r"|_FIND_CODE|known_by_phone|known_phones|known_numbers|known_names|name_index|phone_index|number_sought|register_volunteers)"
)
LOOKS_UP = re.compile(rf"\b{_CALLS}(?:\.rows)?\(|\w\.{_CALLS}\b")
DOORS = {
    "ledger/activities/shift_pages.py": LIMITED,
    "ledger/approvals/newcomers.py": "who proposes a role that takes two holds the whole center",
    "ledger/audit/approving/adjustment_pages.py": CENTER,
    "ledger/audit/book_pages.py": CENTER,
    "ledger/checkin/scans.py": LIMITED,
    "ledger/cli/founding.py": "on the server",
    "ledger/demo/district.py": "invented people",
    "ledger/demo/founding.py": "invented people",
    "ledger/kernel/restored_bars.py": "on the server",
    "ledger/organisations/imports/known.py": LISTED,
    "ledger/organisations/imports/service.py": "books what the check has shown",
    "ledger/organisations/pages.py": LIMITED,
    "ledger/people/access/attempt_pages.py": CENTER,
    "ledger/people/access/authority.py": "the volunteer that a known person is",
    "ledger/people/access/candidates.py": LOG_IN,
    "ledger/people/access/contact_pages.py": "the volunteer that a known person is",
    "ledger/people/access/contacts.py": LIMITED,
    "ledger/people/access/credentials.py": "holds the code",
    "ledger/people/access/joining.py": "asks for whoever a proposal names, for who holds the whole center",
    "ledger/people/access/rehousing.py": "the volunteer that a known person is",
    "ledger/people/access/renaming.py": "asks for nobody but whoever is hired, by staff.py",
    "ledger/people/access/staff.py": LIMITED,
    "ledger/people/api.py": CUT,
    "ledger/people/identities/queries.py": INSIDE,
    "ledger/people/identities/service.py": INSIDE,
    "ledger/people/volunteers/matching.py": INSIDE,
    "ledger/people/volunteers/queries.py": CUT,
    "ledger/people/volunteers/registration.py": INSIDE,
    "ledger/people/volunteers/search.py": LIMITED,
    "ledger/people/volunteers/service.py": LIMITED,
    "ledger/shop/service.py": LIMITED,
}


def test_every_door_is_in_the_table() -> None:
    found = {source.path for source in package() if LOOKS_UP.search(source.text)}
    fail_on(found - DOORS.keys(), "A new door to people: limit it with people/lookups.py, or say why not in DOORS.")
    fail_on(DOORS.keys() - found, "These look nobody up any more: take them off DOORS.")


class Seeker:
    """A manager of the station who also works the till, and the ways to look somebody up."""

    def __init__(self, world: World, client: FlaskClient) -> None:
        self.world, self.client = world, client
        self.person = world.add_staff("station_manager")
        self.station, self.shop = public_id(world.station_id), public_id(world.add_shop())

    def send(self, path: str, person: Person | None = None, **known: Any) -> TestResponse:
        headers = (person or self.person).headers | {"Idempotency-Key": new_key()}
        return self.client.post(path, headers=headers, **known)

    def scan(self, number: str, person: Person | None = None, **more: Any) -> TestResponse:
        sent = {"client_scan_id": new_key(), "card": number, "station_id": self.station} | more
        return self.send("/api/v1/checkins", person, json=sent)

    def pay(self, code: str) -> TestResponse:
        return self.send("/api/v1/redemptions", json={"shop_id": self.shop, "payer_code": code})

    def form(self, path: str, **typed: str) -> TestResponse:
        return self.send(path, data={"idempotency_key": new_key()} | typed)

    def upload(self, *people: tuple[str, str], person: Person | None = None, place: str | None = None) -> TestResponse:
        """Upload a list of names and phones."""
        text = "\n".join(["姓名,手机", *(",".join(each) for each in people)])
        form = {"place_id": place or self.station, "file": (io.BytesIO(text.encode()), "名单.csv")}
        return self.send("/volunteers/import", person, data=form, content_type="multipart/form-data")

    def people_elsewhere(self, count: int) -> list[tuple[str, str]]:
        """People of another station, by name and phone."""
        people = [("王桂兰", fresh_phone()) for _ in range(count)]
        admin = self.world.add_staff("admin", place_id=self.world.top_id)
        elsewhere = public_id(self.world.add_station(f"沙湾{new_key()[:6]}站"))
        draft = self.upload(*people, person=admin, place=elsewhere)
        assert self.send(draft.location, admin).status_code == 200
        return people


@pytest.fixture
def seeker(world: World, client: FlaskClient) -> Seeker:
    return Seeker(world, client)


def misses(seeker: Seeker) -> dict[str, Callable[[], TestResponse]]:
    """A miss at each limited door."""
    world = seeker.world
    shift = public_id(world.add_shift(clock.now().replace(microsecond=0)))
    team = in_transaction(organisations.add_team, place_id=world.station_id, name="红马甲", actor=world.builder)
    known = fresh_phone()
    seeker.form("/volunteers/new", name="王桂兰", phone=known, place_id=seeker.station)
    ((_, elsewhere),) = seeker.people_elsewhere(1)
    return {
        "scan": lambda: seeker.scan("99999999"),
        "till": lambda: seeker.pay(new_payer_code()),
        "shift": lambda: seeker.form(f"/shifts/{shift}/signups", number="99999999"),
        "team": lambda: seeker.form(f"/teams/{public_id(team)}/members", number="13912345678"),
        "register": lambda: seeker.form("/volunteers/new", name="别人", phone=known, place_id=seeker.station),
        "register by the API": lambda: seeker.send(
            "/api/v1/volunteers", json={"name": "别人", "phone": known, "place_id": seeker.station}
        ),
        "list": lambda: seeker.upload(("别人", elsewhere)),
    }


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> int:
    """A limit that a test reaches soon."""
    monkeypatch.setattr("ledger.people.lookups.LOOKUPS", type(LOOKUPS)("lookup", 3, 600))
    return 3


@pytest.mark.parametrize("door", ["scan", "till", "shift", "team", "register", "register by the API", "list"])
def test_misses_are_limited_at_every_door_and_for_one_person(seeker: Seeker, door: str, few: int) -> None:
    doors = misses(seeker)
    assert {doors[door]().status_code for _ in range(few)} <= ({303} if door == "list" else {404, 422})

    for name, miss in doors.items():
        refused = miss()
        assert refused.status_code == 429, name
        assert 0 < int(refused.headers["Retry-After"]) <= 600
    other = seeker.world.add_staff("clerk")
    assert seeker.scan("99999999", other).status_code == 422

    with clock.at(clock.now() + timedelta(seconds=601)):
        assert doors[door]().status_code in (303, 404, 422)


def test_a_list_tells_of_no_more_people_elsewhere_than_are_looked_up(seeker: Seeker, few: int) -> None:
    """By whatever name, and none of them if they are too many together; who holds the center is told of all."""
    known = seeker.people_elsewhere(few + 1)
    own = ("李四", fresh_phone())
    seeker.form("/volunteers/new", name=own[0], phone=own[1], place_id=seeker.station)
    guessed = [("别人", phone) for _, phone in known]
    admin = seeker.world.add_staff("admin", place_id=seeker.world.top_id)
    assert seeker.upload(*guessed, person=admin).status_code == 303

    assert [seeker.upload(own, ("新人", fresh_phone())).status_code for _ in range(few + 1)] == [303] * (few + 1)
    told = seeker.upload(*guessed[: few - 1])
    assert "登记在别的名字下" in seeker.client.get(told.location, headers=seeker.person.headers).text
    refused = seeker.upload(*known[:2])
    assert (refused.status_code, "登记在别的站点的人太多" in refused.text) == (429, True)
    # Neither is it told any more that a list names nobody.
    unknown = seeker.upload(("新人", fresh_phone()))
    assert (unknown.status_code, 0 < int(unknown.headers["Retry-After"]) <= 600) == (429, True)


def test_a_list_opened_again_tells_of_nobody_who_was_not_counted(seeker: Seeker) -> None:
    phone = fresh_phone()
    draft = seeker.upload(("别人", phone))

    def opened() -> int:
        return seeker.client.get(draft.location, headers=seeker.person.headers).status_code

    assert opened() == 200
    elsewhere = public_id(seeker.world.add_station("沙湾站"))
    admin = seeker.world.add_staff("admin", place_id=seeker.world.top_id)
    made = seeker.send(
        "/volunteers/new",
        admin,
        data={"name": "王桂兰", "phone": phone, "place_id": elsewhere, "idempotency_key": new_key()},
    )
    assert made.status_code == 303
    assert opened() == 404


def test_who_manages_staff_is_limited_by_phone(seeker: Seeker, few: int) -> None:
    world, phone = seeker.world, fresh_phone()
    admin = world.add_staff("admin", place_id=world.top_id)
    seeker.form("/volunteers/new", name="王桂兰", phone=phone, place_id=seeker.station)
    typed = {"name": "别人", "phone": phone, "role": "clerk", "place_id": seeker.station, "household": "无"}
    answers = [
        seeker.send("/staff/new", admin, data={"idempotency_key": new_key()} | typed).status_code
        for _ in range(few + 1)
    ]
    assert answers == [422] * few + [429]


def test_numbers_that_exist_are_counted_where_nothing_comes_of_it(seeker: Seeker, few: int) -> None:
    """Numbers follow each other, so who counts them up hardly ever misses."""
    numbers = [seeker.world.number_of(seeker.world.add_volunteer()) for _ in range(few + 1)]
    assert [seeker.scan(number).status_code for number in numbers] == [422] * few + [429]


def test_a_queue_is_never_held_up(seeker: Seeker) -> None:
    world = seeker.world
    world.add_shift(clock.now().replace(minute=0, second=0, microsecond=0), walk_in=True)
    people = [world.add_volunteer() for _ in range(20)]
    for person in people:
        number = world.number_of(person)
        answer = seeker.scan(number)
        if answer.status_code == 409:
            answer = seeker.scan(number, confirmed=["WALK_IN"])
        assert answer.status_code == 201, answer.text
        assert seeker.scan(number + "9").status_code == 422
    assert seeker.scan("99999999").status_code == 422


def test_only_the_answer_to_the_own_question_takes_a_miss_back(seeker: Seeker, few: int) -> None:
    """Who counts numbers up can't clear the questions about them by scans of a friend."""
    world = seeker.world
    world.add_shift(clock.now().replace(minute=0, second=0, microsecond=0), walk_in=True)
    friend, *others = (world.number_of(world.add_volunteer()) for _ in range(few + 2))
    other = world.add_staff("clerk")

    def enter(number: str, person: Person | None = None) -> tuple[int, str]:
        answer = seeker.scan(number, person, confirmed=["WALK_IN"])
        return answer.status_code, (answer.json or {})["reason"]

    assert seeker.scan(others[0]).status_code == 409
    assert enter(friend) == (201, "OK_IN")  # nobody was asked about the friend
    assert enter(friend) == (200, "ALREADY_CHECKED_IN")
    assert seeker.scan(others[1]).status_code == 409
    assert enter(others[0], other) == (201, "OK_IN")  # another clerk was not asked
    assert enter(others[0]) == (200, "ALREADY_CHECKED_IN")
    assert seeker.scan(others[1]).status_code == 409
    assert seeker.scan(others[2]).status_code == 429


def test_a_question_takes_its_miss_back_once(seeker: Seeker, few: int) -> None:
    world = seeker.world
    world.add_shift(clock.now().replace(minute=0, second=0, microsecond=0), walk_in=True)
    came, friend, first, *others = (world.number_of(world.add_volunteer()) for _ in range(few + 2))
    assert [seeker.scan(number).status_code for number in (first, came)] == [409, 409]
    assert [seeker.scan(came, confirmed=["WALK_IN"]).status_code for _ in range(3)] == [201, 200, 200]
    assert seeker.scan(friend, confirmed=["WALK_IN"]).status_code == 201
    assert [seeker.scan(number).status_code for number in others] == [409] * (few - 1)
    assert seeker.scan("99999999").status_code == 429


@on_sqlite
def test_a_miss_takes_one_unit(seeker: Seeker, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    doors, run, units = misses(seeker), database.run_unit, []
    monkeypatch.setattr(database, "run_unit", lambda unit: (units.append(unit), run(unit))[1])
    for miss in doors.values():
        miss()
    assert len(units) == len(doors)


def test_codes_of_the_last_minute_are_limited(world: World, client: FlaskClient) -> None:
    member, other = world.add_volunteer(), world.add_volunteer()

    def codes(person: Person) -> Iterator[TestResponse]:
        while True:
            yield client.post("/api/v1/payer-codes", headers=person.headers)

    asked = codes(member)
    assert {next(asked).status_code for _ in range(MOST_CODES)} == {201}
    refused = next(asked)
    assert (refused.status_code, refused.json["code"]) == (429, "request.too_many")
    assert 0 < int(refused.headers["Retry-After"]) <= 60
    assert next(codes(other)).status_code == 201
    with clock.at(clock.now() + timedelta(seconds=int(refused.headers["Retry-After"]))):
        assert next(asked).status_code == 201
