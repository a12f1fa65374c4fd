"""Who may decide is asked by as many statements for nine people as for one."""

from ledger.kernel.db import in_snapshot
from tests.approvals.office import Office
from tests.databases import on_sqlite
from tests.plans import sent_to

pytestmark = on_sqlite


def asked(office: Office, proposal_id: int) -> tuple[int, int]:
    """How many may decide, and how many statements it took to know."""
    proposal, center_id = office.see(proposal_id), office.world.center_id
    with sent_to(office.world.database.reader) as sent:
        free = in_snapshot(office.desk.free, proposal, center_id)
    return len(free), len(sent.taken())


def test_households_of_all_deciders_are_read_at_once(office: Office) -> None:
    proposal_id = office.adjustment(100)
    one, statements = asked(office, proposal_id)
    for _ in range(8):
        office.world.add_staff("admin", place_id=office.world.top_id)
    assert (one, asked(office, proposal_id)) == (1, (9, statements))


def test_each_of_them_is_barred_by_their_own_household_alone(office: Office) -> None:
    world = office.world
    others = [world.add_staff("admin", place_id=world.top_id) for _ in range(3)]
    world.house("柳荫017", office.volunteer, others[0])
    world.house("柳荫018", others[1], others[2])
    proposal_id, center_id = office.adjustment(100), world.center_id
    free = {each.identity_id for each in in_snapshot(office.desk.free, office.see(proposal_id), center_id)}
    assert free == {each.identity_id for each in (office.second, others[1], others[2])}
