"""A ticket of who has a password that fits in several centers opens one log-in, and only where they still belong."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest

from ledger.kernel import clock
from ledger.kernel.database import Database
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.errors import Forbidden, LedgerError
from ledger.people.access import credentials, sessions, staff
from ledger.people.access.login import LoggedIn, choose_center
from ledger.people.access.passwords import hash_password
from tests.at_once import at_once
from tests.people.test_log_in import PASSWORD, enrol, refused_choice, ticket_for
from tests.phones import fresh_phone
from tests.world import World


def test_a_ticket_opens_one_log_in(world: World, database: Database) -> None:
    other, phone = World(database), fresh_phone()
    for each in (world, other):
        enrol(each, phone)
    now = clock.now()
    with clock.at(now):
        (ticket, _), (second, _) = ticket_for(phone), ticket_for(phone)
    with clock.at(now + timedelta(minutes=1)):
        assert choose_center(ticket, world.center_id, kind="browser").center_id == world.center_id
    for seconds in (60, 299, 300, 360, 361):
        with clock.at(now + timedelta(seconds=seconds)):
            for text in (ticket, f"{ticket}="):
                assert refused_choice(text, world.center_id)
                assert refused_choice(text, other.center_id)
    with clock.at(now + timedelta(minutes=2)):
        # Another of the same second is another.
        assert choose_center(second, other.center_id, kind="browser").center_id == other.center_id


def test_a_ticket_of_a_clock_that_was_fast_lasts_no_longer(
    world: World, database: Database, put_right: Callable[[], None]
) -> None:
    put_right()
    other, phone = World(database), fresh_phone()
    for each in (world, other):
        enrol(each, phone)
    now = clock.now()
    with clock.at(now + timedelta(hours=1)):
        ticket, _ = ticket_for(phone)
    with clock.at(now):
        assert refused_choice(ticket, world.center_id)
    with clock.at(now + timedelta(minutes=59)):
        assert choose_center(ticket, world.center_id, kind="browser").center_id == world.center_id


def test_who_sends_a_ticket_often_at_the_same_moment_gets_one_log_in(world: World, database: Database) -> None:
    other, phone = World(database), fresh_phone()
    for each in (world, other):
        enrol(each, phone)
    ticket, _choices = ticket_for(phone)
    outcomes = at_once([partial(choose_center, ticket, each.center_id, kind="browser") for each in (world, other) * 3])
    assert len([each for each in outcomes if isinstance(each, LoggedIn)]) == 1
    refused = [each.code for each in outcomes if isinstance(each, LedgerError)]
    assert refused == ["people.ticket_invalid"] * 5


def test_a_ticket_opens_nothing_where_its_holder_has_left(world: World, database: Database) -> None:
    other, phone = World(database), fresh_phone()
    identity_id = in_transaction(
        staff.hire,
        name="陈晓燕",
        phone=phone,
        role="clerk",
        place_id=world.station_id,
        household=None,
        actor=world.builder,
    )
    hashed = hash_password(PASSWORD, phone=phone)
    in_transaction(credentials.set_password, identity_id, world.center_id, password_hash=hashed)
    enrol(other, phone)
    ticket, _choices = ticket_for(phone)
    (role,) = in_snapshot(sessions.roles_of, identity_id, world.center_id)
    in_transaction(staff.revoke_role, role.id, actor=world.builder)
    with pytest.raises(Forbidden) as refused:
        choose_center(ticket, world.center_id, kind="browser")
    assert refused.value.code == "people.center_unknown"
    # What was refused has used up nothing.
    assert choose_center(ticket, other.center_id, kind="browser").center_id == other.center_id
