"""Whatever ends somebody's log-ins ends their slips too: who found one would come in by it."""

from collections.abc import Callable

import pytest

from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.errors import Rejected
from ledger.kernel.ids import public_id
from ledger.people.access import blocking, credentials, lost_factors, on_server, sessions, staff
from ledger.people.identities.queries import phone_of
from ledger.people.policy import BLOCKED
from tests.approvals.office import Office
from tests.databases import on_sqlite
from tests.factors import turn_on
from tests.people.test_access import spend
from tests.phones import fresh_phone
from tests.world import Person, World

pytestmark = on_sqlite
ON_SERVER = {"reason": "手机丢了"}


def block(world: World, person: Person) -> None:
    """Block a volunteer."""
    in_transaction(blocking.set_status, person.volunteer_id, status=BLOCKED, actor=world.builder)


def revoke_role(world: World, person: Person) -> None:
    """Take somebody's only role away."""
    [role] = in_snapshot(sessions.roles_of, person.identity_id, world.center_id)
    in_transaction(staff.revoke_role, role.id, actor=world.server)


def revoke(world: World, person: Person) -> None:
    """End somebody's log-ins on the server, as `user revoke` does."""
    in_transaction(on_server.revoke, person.identity_id, role=None, center_id=world.center_id, **ON_SERVER)


def remove_factor(world: World, person: Person) -> None:
    """End somebody's second factor on the server."""
    in_transaction(on_server.remove_factor, person.identity_id, center_id=world.center_id, **ON_SERVER)


def lose_factor(world: World, person: Person) -> None:
    """End somebody's second factor by two people."""
    office = Office(world)
    office.approve(office.propose(lost_factors.NAME, {"identity_id": public_id(person.identity_id)}))


@pytest.mark.parametrize("end", [block, revoke_role, revoke, remove_factor, lose_factor])
def test_a_slip_ends_with_the_log_ins(world: World, end: Callable[[World, Person], None]) -> None:
    person = world.add_volunteer() if end is block else world.add_staff("clerk")
    if end in (remove_factor, lose_factor):
        turn_on(world, person)
    phone = in_snapshot(phone_of, person.identity_id, world.center_id) or ""
    code = in_transaction(credentials.make_activation_code, person.identity_id, actor=world.server)
    end(world, person)
    with pytest.raises(Rejected) as refused:
        spend(phone, code)
    assert refused.value.code == "people.activation_code_invalid"


def test_a_slip_with_a_mistyped_name_ends_when_it_is_mended(world: World) -> None:
    person = {"phone": fresh_phone(), "path": "/", "actor": world.server}
    identity_id = in_transaction(staff.add_staff, name="王小栏", **person)
    code = in_transaction(credentials.make_activation_code, identity_id, actor=world.server)
    assert in_transaction(staff.add_staff, name="王小兰", **person) == identity_id
    with pytest.raises(Rejected):
        spend(person["phone"], code)
