"""Volunteers and their cards, through the services, on both databases."""

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.kernel import clock
from ledger.kernel.clocks import parse_instant
from ledger.kernel.database import Database
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.errors import Forbidden, LedgerError, NotFound, Rejected
from ledger.kernel.paging import PageRequest
from ledger.kernel.paths import ROOT
from ledger.people.access import blocking, staff
from ledger.people.access.staff import Post
from ledger.people.identities.queries import name_index
from ledger.people.identities.service import prepare
from ledger.people.models import Identity, Volunteer
from ledger.people.volunteers import queries, service
from ledger.people.volunteers.registration import NewVolunteer, register_volunteers
from tests.at_once import at_once, failures
from tests.phones import fresh_phone
from tests.world import World


def register(world: World, **known: object) -> int:
    """A volunteer of the world's station."""
    person = {"name": "王小兰", "phone": fresh_phone(), "place_id": world.station_id, "actor": world.builder} | known
    return in_transaction(service.register_volunteer, **person)


def test_a_volunteer_gets_the_next_number_and_can_be_found(world: World) -> None:
    phone = fresh_phone()
    first, second = register(world, phone=phone, gender="female", id_last4="123x"), register(world, phone=None)
    view = in_snapshot(queries.get_volunteer, first, world.center_id)
    assert (view.number, view.name, view.masked_name, view.status) == ("00000001", "王小兰", "王*兰", "active")
    assert in_snapshot(queries.get_volunteer, second, world.center_id).number == "00000002"
    assert in_snapshot(queries.find_volunteer_by_number, "00000001", world.center_id) == view
    assert in_snapshot(queries.find_volunteer_by_phone, f"+86 {phone}", world.center_id) == view
    details = in_snapshot(queries.get_volunteer_details, first, world.center_id)
    assert (details.phone, details.gender, details.id_last4) == (f"+86{phone}", "female", "123X")


def test_personal_text_stands_sealed_in_the_database(world: World, database: Database) -> None:
    phone = fresh_phone()
    identity_id = in_snapshot(
        queries.get_volunteer, register(world, name="欧阳小兰", phone=phone, id_last4="9876"), world.center_id
    ).identity_id
    raw = sa.table("identity", sa.column("id"), *(sa.column(name) for name in ("name", "phone", "id_last4")))
    with database.reader.connect() as connection:
        row = connection.execute(sa.select(raw).where(raw.c.id == identity_id)).one()
    stored = b"".join(bytes(value) for value in row[1:])
    assert not any(text.encode() in stored for text in ("欧阳小兰", phone, "9876"))


def test_somebody_who_is_registered_is_not_registered_again(world: World) -> None:
    phone = fresh_phone()
    register(world, phone=phone)
    with pytest.raises(Rejected) as refused:
        register(world, phone=phone, name="另一人")
    assert refused.value.code == "people.phone_taken"


def test_one_person_may_serve_in_two_centers(world: World, database: Database) -> None:
    """With a log-in in each: no row is shared, and what one center was told the other does not know."""
    other = World(database)
    phone = fresh_phone()
    one, two = register(world, phone=phone, gender="female", id_last4="123x"), register(other, phone=phone)
    identities = {
        in_snapshot(queries.get_volunteer, volunteer_id, place.center_id).identity_id
        for volunteer_id, place in ((one, world), (two, other))
    }
    assert len(identities) == 2
    details = in_snapshot(queries.get_volunteer_details, two, other.center_id)
    assert (details.phone, details.gender, details.id_last4) == (f"+86{phone}", None, None)
    for center in (world, other):
        found = in_snapshot(queries.find_volunteer_by_phone, phone, center.center_id)
        assert found is not None
        assert found.id == (one if center is world else two)
    with pytest.raises(NotFound):
        in_snapshot(queries.get_volunteer, one, other.center_id)


def test_what_finds_a_person_differs_from_center_to_center(world: World, database: Database) -> None:
    """Or a copy of the database would tell who serves in two centers."""
    other, phone = World(database), fresh_phone()
    for place in (world, other):
        register(place, phone=phone)
    rows = [in_snapshot(indexes_in, place.center_id) for place in (world, other)]
    assert not set(rows[0]) & set(rows[1])


def indexes_in(session: Session, center_id: int) -> tuple[str, str | None]:
    query = sa.select(Identity.name_index, Identity.phone_index).where(Identity.center_id == center_id)
    name, phone = session.execute(query).one()
    return name, phone


def test_a_phone_alone_tells_nobody_the_name_behind_it(world: World, database: Database) -> None:
    """The own center says that the name is another one; a center that does not know the number learns nothing."""
    phone = fresh_phone()
    hired = in_transaction(staff.add_staff, name="王小兰", phone=phone, path=ROOT, actor=world.builder)
    post = Post("clerk", world.station_id, household=None)
    in_transaction(staff.grant_role, hired, post, actor=world.builder)
    for ask in (
        lambda: register(world, phone=phone, name="猜的人"),
        lambda: in_transaction(staff.add_staff, name="猜的人", phone=phone, path=ROOT, actor=world.builder),
    ):
        with pytest.raises(Rejected) as refused:
            ask()
        assert refused.value.code == "people.name_differs"
    other = World(database)
    volunteer_id = register(other, phone=phone, name="猜的人")
    assert in_snapshot(queries.get_volunteer, volunteer_id, other.center_id).name == "猜的人"


def test_registering_one_phone_many_times_at_once_makes_one_volunteer(own_database: Database) -> None:
    world = World(own_database)
    phone = fresh_phone()
    outcomes = at_once([lambda: register(world, phone=phone) for _ in range(12)])
    refused = failures(outcomes)
    assert len(refused) == 11
    assert {error.code for error in refused if isinstance(error, LedgerError)} == {"people.phone_taken"}


def test_numbers_given_at_once_are_all_different(own_database: Database) -> None:
    world = World(own_database)
    ids = at_once([lambda: register(world) for _ in range(12)])
    assert not failures(ids)
    numbers = {in_snapshot(queries.get_volunteer, volunteer_id, world.center_id).number for volunteer_id in ids}
    assert numbers == {f"{count:08d}" for count in range(1, 13)}


def test_many_are_registered_at_once_or_none(world: World) -> None:
    taken = fresh_phone()
    register(world, phone=taken)
    rows = [
        NewVolunteer(prepare(name="李四", center_id=world.center_id, phone=phone, demonstration=True), world.station_id)
        for phone in (fresh_phone(), taken, fresh_phone())
    ]
    with pytest.raises(Rejected) as refused:
        in_transaction(register_volunteers, rows, actor=world.builder)
    assert (refused.value.code, refused.value.context["row"]) == ("people.phone_taken", 1)
    assert in_snapshot(count_volunteers, world.center_id) == 1
    assert len(in_transaction(register_volunteers, [rows[0], rows[2]], actor=world.builder)) == 2


def count_volunteers(session: Session, center_id: int) -> int:
    return session.scalars(
        sa.select(sa.func.count()).select_from(Volunteer).where(Volunteer.center_id == center_id)
    ).one()


def test_a_refused_registration_leaves_no_identity(world: World) -> None:
    before = in_snapshot(count_identities, "没人叫这个", world.center_id)
    with pytest.raises(NotFound):
        register(world, name="没人叫这个", place_id=1)
    assert in_snapshot(count_identities, "没人叫这个", world.center_id) == before == 0


def count_identities(session: Session, name: str, center_id: int) -> int:
    query = sa.select(sa.func.count()).select_from(Identity).where(Identity.name_index == name_index(name, center_id))
    return session.scalars(query).one()


def test_a_real_center_takes_no_invented_phone(database: Database, center: int) -> None:
    builder = World(database).builder
    actor = type(builder)(1, center, builder.grants)
    with pytest.raises(Rejected) as refused:
        in_transaction(service.register_volunteer, name="王小兰", phone=fresh_phone(), actor=actor)
    assert refused.value.code == "people.phone_invalid"


def test_a_manager_registers_at_the_own_station_only(world: World) -> None:
    manager = world.add_staff("station_manager").actor
    elsewhere = world.add_station("沙湾站")
    register(world, actor=manager)
    for place_id in (elsewhere, None):
        with pytest.raises(Forbidden):
            register(world, actor=manager, place_id=place_id)
    with pytest.raises(Forbidden):
        register(world, actor=world.add_staff("clerk").actor)


def test_a_list_shows_those_under_the_own_places_page_by_page(world: World) -> None:
    manager = world.add_staff("station_manager").actor
    mine = [register(world, name=f"王{letter}") for letter in "甲乙丙"]
    register(world, place_id=world.add_station("沙湾站"))
    first = in_snapshot(queries.list_volunteers, manager, request=PageRequest(limit=2))
    rest = in_snapshot(queries.list_volunteers, manager, request=PageRequest(limit=2, after=first.next))
    assert [view.id for view in first.items + rest.items] == mine
    assert rest.next is None
    named = in_snapshot(queries.list_volunteers, manager, request=PageRequest(), name="王乙")
    assert [view.id for view in named.items] == [mine[1]]
    with pytest.raises(Forbidden):
        in_snapshot(
            queries.list_volunteers, world.add_staff("auditor", place_id=world.top_id).actor, request=PageRequest()
        )


def test_a_card_is_found_by_its_token_and_a_new_one_ends_it(world: World) -> None:
    volunteer_id = register(world)
    old = in_transaction(service.issue_card, volunteer_id, actor=world.builder)
    assert len(old.token) == 26
    assert in_snapshot(queries.find_volunteer_by_card, old.token.lower(), world.center_id).revoked_at is None
    new = in_transaction(service.issue_card, volunteer_id, actor=world.builder)
    assert in_snapshot(queries.find_volunteer_by_card, old.token, world.center_id).revoked_at is not None
    assert in_snapshot(queries.find_volunteer_by_card, new.token, world.center_id).volunteer_id == volunteer_id
    in_transaction(service.revoke_card, new.card_id, actor=world.builder)
    states = [card.revoked_at is None for card in in_snapshot(queries.cards_of, volunteer_id, world.center_id)]
    assert states == [False, False]
    assert in_snapshot(queries.find_volunteer_by_card, "A" * 26, world.center_id) is None


def test_a_card_is_no_card_in_another_center(world: World, database: Database) -> None:
    card = in_transaction(service.issue_card, register(world), actor=world.builder)
    assert in_snapshot(queries.find_volunteer_by_card, card.token, World(database).center_id) is None


def test_names_for_show(world: World) -> None:
    volunteer_id = register(world)
    shown = in_snapshot(queries.masked_names, [volunteer_id, volunteer_id, 5], world.center_id)
    assert shown == {volunteer_id: "王*兰"}


def test_a_name_is_shown_in_full_to_its_owner_and_to_who_manages_their_place(world: World) -> None:
    person, other = world.add_volunteer("王小兰"), world.add_volunteer("李四")
    far = world.add_station("远山站")
    top = world.top_id
    readers = {
        "王小兰": (
            person,
            world.add_staff("station_manager"),
            world.add_staff("admin", place_id=top),
        ),
        "王*兰": (
            other,
            world.add_staff("clerk"),
            world.add_staff("station_manager", place_id=far),
            world.add_staff("auditor", place_id=top),
        ),
    }
    for name, allowed in readers.items():
        for reader in allowed:
            shown = in_snapshot(queries.names_for, [person.volunteer_id], reader.actor)
            assert shown == {person.volunteer_id: name}


def test_somebody_is_blocked_and_let_again(world: World) -> None:
    volunteer_id = register(world)
    for status in ("blocked", "active"):
        in_transaction(blocking.set_status, volunteer_id, status=status, actor=world.builder)
        assert in_snapshot(queries.get_volunteer, volunteer_id, world.center_id).status == status
    with pytest.raises(Rejected):
        in_transaction(blocking.set_status, volunteer_id, status="dead", actor=world.builder)


def test_registration_is_stamped_by_the_clock(world: World) -> None:
    then = parse_instant("2026-03-01T08:00:00+08:00")
    with clock.at(then):
        volunteer_id = register(world)
    assert in_snapshot(queries.get_volunteer, volunteer_id, world.center_id).registered_at == then
