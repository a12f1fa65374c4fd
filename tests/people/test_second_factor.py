"""The second factor at log-in: a code is good for one use, its misses count like a password's, paper helps out."""

from datetime import timedelta
from functools import partial
from typing import Any

import pytest
import sqlalchemy as sa

from ledger.kernel import clock
from ledger.kernel.database import Database
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.errors import Conflict, Forbidden, LedgerError, Rejected, TooMany
from ledger.kernel.paging import PageRequest
from ledger.kernel.types import table_of
from ledger.people.access import credentials, events, factors, login, own, own_factor, sessions, staff
from ledger.people.access.devices import Device
from ledger.people.access.login import LoggedIn
from ledger.people.access.misses import PER_DEVICE, PER_LOGIN_HERE, PER_PHONE_HERE
from ledger.people.access.models import SecondFactor
from ledger.people.access.passwords import hash_password
from ledger.people.access.proving import Given, step_up
from ledger.people.access.staff import Post
from ledger.people.models import LoginSession
from ledger.people.volunteers import service as volunteers
from ledger.people.volunteers.queries import get_volunteer
from ledger.people.words import EVENT_WORDS
from tests.at_once import at_once
from tests.databases import on_sqlite
from tests.factors import HERE, PASSWORD, Phone, code_of, turn_on, wrong_code
from tests.world import Person, World

ELSEWHERE = "198.51.100.9"


@pytest.fixture
def clerk(world: World) -> Person:
    return world.add_staff("clerk")


def refused(work: Any) -> LedgerError:
    with pytest.raises(LedgerError) as error:
        work()
    return error.value


def log_in(number: str, totp: str | None = None, address: str = HERE, device: Device | None = None) -> LoggedIn:
    return login.log_in(number, PASSWORD, kind="browser", address=address, totp=totp, device=device)


def kinds_of_events(person: Person) -> list[str]:
    page = in_snapshot(
        events.list_events, person.actor.center_id, identity_id=person.identity_id, request=PageRequest(limit=50)
    )
    return [event.kind for event in page.items]


def test_a_log_in_needs_the_code_and_notes_it(world: World, clerk: Person) -> None:
    phone, number = turn_on(world, clerk)
    needed = refused(lambda: log_in(number))
    assert (needed.code, needed.status, needed.context["center_id"]) == ("people.totp_needed", 401, world.center_id)
    assert refused(lambda: log_in(number, wrong_code(phone.secret))).code == "people.totp_wrong"
    opened = log_in(number, phone.code())
    noted = sa.select(table_of(LoginSession).c.factor_at).where(LoginSession.identity_id == clerk.identity_id)
    at = in_snapshot(lambda session: list(session.connection().scalars(noted)))
    assert len([each for each in at if each is not None]) == 2, "the log-in that turned it on, and this one"
    assert opened.identity_id == clerk.identity_id
    assert kinds_of_events(clerk)[:3] == [events.FACTOR_USED, events.RECOVERY_MADE, events.FACTOR_MADE]


@on_sqlite
def test_the_ticket_stands_in_for_the_password_once(world: World, clerk: Person) -> None:
    phone, number = turn_on(world, clerk)
    ticket = refused(lambda: log_in(number)).context["ticket"]
    come = partial(login.choose_center, ticket, world.center_id, kind="browser", address=HERE)
    for _ in range(2):
        again = refused(come)
        assert (again.code, again.context["ticket"]) == ("people.totp_needed", ticket), "never a later one"
    assert refused(partial(come, totp=wrong_code(phone.secret))).code == "people.totp_wrong"
    assert come(totp=phone.code()).identity_id == clerk.identity_id
    assert refused(partial(come, totp=phone.code(1))).code == "people.ticket_invalid"


@on_sqlite
@pytest.mark.parametrize("steps", [-1, 0, 1])
def test_a_clock_may_be_a_step_off(world: World, clerk: Person, steps: int) -> None:
    phone, number = turn_on(world, clerk)
    with clock.at(clock.now() + timedelta(minutes=5)):
        assert refused(lambda: log_in(number, phone.code(2 * steps or 3))).code == "people.totp_wrong"
        assert log_in(number, phone.code(steps)).identity_id == clerk.identity_id


def test_a_code_and_those_before_it_are_used_up(world: World, clerk: Person) -> None:
    phone, number = turn_on(world, clerk)
    assert log_in(number, phone.code())
    for steps in (-1, 0):
        assert refused(partial(log_in, number, phone.code(steps))).code == "people.totp_wrong"
    assert log_in(number, phone.code(1))


def test_a_code_sent_twice_at_the_same_moment_lets_one_in(own_database: Database) -> None:
    world = World(own_database)
    clerk = world.add_staff("clerk")
    phone, number = turn_on(world, clerk)
    code = phone.code()
    prove = partial(step_up, clerk.actor, Given(HERE, totp=code))
    outcomes = at_once([*[partial(log_in, number, code) for _ in range(3)], prove, prove])
    refusals = [each.code for each in outcomes if isinstance(each, LedgerError)]
    assert (len(refusals), len([each for each in outcomes if each is None or isinstance(each, LoggedIn)])) == (4, 1)
    assert set(refusals) <= {"people.totp_wrong", "people.own_totp_wrong"}
    outcomes = at_once([partial(log_in, number, phone.paper[0]) for _ in range(3)])
    assert len([each for each in outcomes if isinstance(each, LoggedIn)]) == 1


def test_one_statement_uses_a_code_up(own_database: Database) -> None:
    """Two units that have both read the secret before either has used the code: without any lock one is refused."""
    world = World(own_database)
    clerk = world.add_staff("clerk")
    phone, _ = turn_on(world, clerk)
    use = partial(factors.use_code, identity_id=clerk.identity_id, center_id=world.center_id, typed=phone.code())
    outcomes = at_once([partial(in_transaction, use) for _ in range(4)])
    assert sorted(outcomes) == [False, False, False, True]


@on_sqlite
def test_misses_count_and_the_password_alone_clears_none(world: World, clerk: Person) -> None:
    phone, number = turn_on(world, clerk)
    wrong = wrong_code(phone.secret)
    for _ in range(PER_PHONE_HERE.most):
        ticket = refused(lambda: log_in(number)).context["ticket"]
        come = partial(login.choose_center, ticket, world.center_id, kind="browser", address=HERE, totp=wrong)
        assert refused(come).code == "people.totp_wrong"
    full = refused(partial(come, totp=phone.code()))
    assert (type(full), full.context["seconds"] > 0) == (TooMany, True)
    assert log_in(number, phone.code(), address=ELSEWHERE), "only the network of who guessed is stopped"


@on_sqlite
def test_success_in_another_center_gives_no_more_tries(world: World, clerk: Person, database: Database) -> None:
    phone, number = turn_on(world, clerk)
    elsewhere, other = World(database), "白云山下有三只羊"
    volunteer_id = in_transaction(
        volunteers.register_volunteer,
        name="陈晓燕",
        phone=number,
        place_id=elsewhere.station_id,
        actor=elsewhere.builder,
    )
    identity_id = in_snapshot(get_volunteer, volunteer_id, elsewhere.center_id).identity_id
    hashed = hash_password(other, phone=number)
    in_transaction(credentials.set_password, identity_id, elsewhere.center_id, password_hash=hashed)
    ticket = refused(lambda: log_in(number)).context["ticket"]
    come = partial(login.choose_center, ticket, world.center_id, kind="browser", address=HERE)
    for _ in range(PER_LOGIN_HERE.most):
        assert refused(partial(come, totp=wrong_code(phone.secret))).code == "people.totp_wrong"
        there = elsewhere.center_id
        assert login.log_in(number, other, kind="browser", address=HERE, center_id=there).center_id == there
    assert isinstance(refused(partial(come, totp=phone.code())), TooMany)


@on_sqlite
def test_a_known_device_keeps_its_tries(world: World, clerk: Person) -> None:
    phone, number = turn_on(world, clerk)
    known = log_in(number, phone.code()).device
    wrong = wrong_code(phone.secret)
    for _ in range(PER_PHONE_HERE.most):
        assert refused(lambda: log_in(number, wrong)).code == "people.totp_wrong"
    assert isinstance(refused(lambda: log_in(number, wrong)), TooMany)
    assert log_in(number, phone.code(1), device=known)
    for _ in range(PER_DEVICE.most):
        refused(lambda: log_in(number, wrong, device=known))
    assert isinstance(refused(lambda: log_in(number, wrong, device=known)), TooMany)


@on_sqlite
def test_a_slip_sets_the_password_and_the_code_is_still_asked_for(world: World, clerk: Person) -> None:
    phone, number = turn_on(world, clerk)
    slip = in_transaction(credentials.make_activation_code, clerk.identity_id, actor=world.server)
    first = partial(login.set_first_password, number, slip, "白云山下有三只羊", center_id=None, kind="browser")
    needed = refused(partial(first, address=HERE, device=Device("new")))
    assert needed.code == "people.totp_needed"
    come = partial(login.choose_center, needed.context["ticket"], world.center_id, kind="browser")
    assert come(totp=phone.code()).identity_id == clerk.identity_id


def test_recovery_codes_are_good_for_one_use_each(world: World, clerk: Person) -> None:
    phone, number = turn_on(world, clerk)
    assert len(set(phone.paper)) == factors.RECOVERY_CODES
    assert log_in(number, phone.paper[0])
    assert kinds_of_events(clerk)[0] == events.RECOVERY_USED
    assert refused(lambda: log_in(number, phone.paper[0])).code == "people.totp_wrong"
    assert log_in(number, phone.paper[1].replace("-", " "))
    left = in_snapshot(factors.find_factor, clerk.identity_id, world.center_id)
    assert left is not None
    assert left.recovery_codes == factors.RECOVERY_CODES - 2
    fresh = in_transaction(own_factor.new_recovery_codes, actor=clerk.actor)
    assert refused(lambda: log_in(number, phone.paper[2])).code == "people.totp_wrong"
    assert log_in(number, fresh[2])


@on_sqlite
def test_who_turns_it_on_gives_the_password_and_a_code(world: World, clerk: Person) -> None:
    world.give_password(clerk)
    person = world._log_in(clerk.identity_id)
    assert (
        refused(lambda: own_factor.make_setup(person.actor, Given(HERE, "falsch"))).code == "people.old_password_wrong"
    )
    setup = own_factor.make_setup(person.actor, Given(HERE, PASSWORD))
    assert (setup.groups.replace(" ", ""), len(setup.groups.split()[0])) == (setup.secret, 4)
    confirm = partial(own_factor.confirm, actor=person.actor)
    assert refused(partial(confirm, setup.ticket, wrong_code(setup.secret))).code == "people.own_totp_wrong"
    assert not in_snapshot(factors.has_factor, clerk.identity_id, world.center_id)
    stranger = world.add_staff("clerk", name="李四")
    theirs = partial(own_factor.confirm, setup.ticket, code_of(setup.secret), actor=stranger.actor)
    assert refused(theirs).code == "people.setup_over"
    with clock.at(clock.now() + timedelta(minutes=15)):
        late = partial(confirm, setup.ticket, code_of(setup.secret))
        assert refused(late).code == "people.setup_over"
    assert len(confirm(setup.ticket, code_of(setup.secret))) == factors.RECOVERY_CODES
    for again in (
        partial(confirm, setup.ticket, code_of(setup.secret, 1)),
        partial(own_factor.make_setup, person.actor),
    ):
        with pytest.raises(Conflict):
            again(given=Given(HERE, PASSWORD)) if again.func is own_factor.make_setup else again()


@on_sqlite
def test_volunteers_have_none(world: World) -> None:
    volunteer = world.add_volunteer()
    world.give_password(volunteer)
    begin = partial(own_factor.make_setup, volunteer.actor, Given(HERE, PASSWORD))
    assert refused(begin).code == "people.factor_for_staff"


def test_turning_it_off_takes_both_and_wipes_the_secret(world: World, clerk: Person) -> None:
    phone, number = turn_on(world, clerk)
    remove = partial(own_factor.remove, clerk.actor)
    assert refused(partial(remove, Given(HERE, "falsch", phone.code()))).code == "people.old_password_wrong"
    assert refused(partial(remove, Given(HERE, PASSWORD, ""))).code == "people.own_totp_wrong"
    remove(Given(HERE, PASSWORD, phone.code()))
    assert kinds_of_events(clerk)[0] == events.FACTOR_ENDED
    assert refused(partial(remove, Given(HERE, PASSWORD, phone.code(1)))).code == "people.factor_off"
    row = sa.select(SecondFactor.secret, SecondFactor.ended_by).where(SecondFactor.identity_id == clerk.identity_id)
    assert in_snapshot(lambda session: tuple(session.execute(row).one())) == (None, clerk.identity_id)
    assert log_in(number), "with the password alone"
    again, _ = turn_on(world, clerk)
    assert again.secret != phone.secret


@on_sqlite
def test_a_new_password_takes_a_code_too_unless_one_was_just_given(world: World, clerk: Person) -> None:
    phone, _ = turn_on(world, clerk)
    other = world._log_in(clerk.identity_id)
    change = partial(own.change_password, PASSWORD, "白云山下有三只羊", actor=other.actor, address=HERE)
    assert refused(change).code == "people.own_totp_wrong"
    change(totp=phone.code())
    own.change_password("白云山下有三只羊", "海上升明月天涯共", actor=other.actor, address=HERE)


@on_sqlite
def test_a_rise_in_level_leaves_the_second_factor_to_its_owner(world: World, clerk: Person) -> None:
    phone, number = turn_on(world, clerk)
    post = Post("admin", world.top_id, household=None)
    in_transaction(staff.grant_role, clerk.identity_id, post, actor=world.server)
    assert in_snapshot(sessions.load_actor, clerk.token) is None
    world.give_password(clerk)
    assert refused(lambda: log_in(number)).code == "people.totp_needed"
    assert log_in(number, phone.code())


@on_sqlite
def test_the_secret_is_sealed_and_bound_to_its_column(world: World, clerk: Person) -> None:
    phone, _ = turn_on(world, clerk)
    raw = sa.text("SELECT secret FROM second_factor WHERE identity_id = :who")
    stored = in_snapshot(lambda session: session.execute(raw, {"who": clerk.identity_id}).scalar_one())
    assert phone.secret.encode() not in bytes(stored)


def test_what_is_recorded_has_words() -> None:
    made = {events.FACTOR_MADE, events.FACTOR_USED, events.FACTOR_ENDED}
    assert made | {events.RECOVERY_MADE, events.RECOVERY_USED} <= EVENT_WORDS.keys()


@on_sqlite
def test_a_phone_is_no_secret_of_another(world: World, clerk: Person) -> None:
    mine, _ = turn_on(world, clerk)
    other = world.add_staff("clerk", name="李四")
    theirs, number = turn_on(world, other)
    assert isinstance(theirs, Phone)
    for code in (mine.code(), mine.paper[0]):
        with pytest.raises(Forbidden):
            log_in(number, code)
    with pytest.raises(Rejected):
        in_transaction(own_factor.new_recovery_codes, actor=world.add_staff("clerk", name="王五").actor)
