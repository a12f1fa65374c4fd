"""A role that is given on the server: what waits for the same is withdrawn, and `verify` knows who has given each."""

import sqlalchemy as sa

from ledger.audit.checks.granted import Ungiven, find_ungiven, ungiven_words
from ledger.kernel import clock
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.ids import new_id, public_id
from ledger.people.access import on_server
from ledger.people.access.staff import Post
from ledger.people.identities import queries as identities
from ledger.people.models import RoleGrant
from tests.people.test_two_people import Center, center

__all__ = ["center"]


def test_a_role_given_on_the_server_overtakes_the_proposal_of_the_same(center: Center) -> None:
    """It would wait for ever: the role is held, so nobody could approve it."""
    of, world = center.volunteer, center.world
    phone = in_snapshot(identities.phone_of, of.identity_id, world.center_id)
    name = in_snapshot(identities.names_of, [of.identity_id], world.center_id)[of.identity_id]
    same = center.grant(of, center.first, "admin")
    for role in ("auditor", "admin"):
        post = Post(role, world.top_id, None)
        words = {"name": name, "phone": phone or "", "reason": "走了一位"}
        in_transaction(on_server.grant, **words, post=post, center_id=world.center_id)
        assert center.see(same).status == ("proposed" if role == "auditor" else "withdrawn")


def test_a_code_made_on_the_server_overtakes_the_one_that_waits(center: Center) -> None:
    """It would end the server's code as soon as somebody approved it, long after it was needed."""
    of, world = center.auditor, center.world
    waiting = center.propose("people.code", {"identity_id": public_id(of.identity_id)}, by=center.first)
    other = center.propose("people.code", {"identity_id": public_id(center.second.identity_id)}, by=center.first)
    in_transaction(on_server.code, of.identity_id, reason="新手机", center_id=world.center_id)
    assert (center.see(waiting).status, center.see(other).status) == ("withdrawn", "proposed")


def test_a_role_that_nobody_has_given_is_found(center: Center) -> None:
    """Whoever can write to the database needs no password to become an administrator."""
    of, world = center.volunteer, center.world
    center.approve(center.grant(of, center.first), center.auditor)
    assert in_snapshot(find_ungiven, world.center_id) == []
    row = {
        "center_id": world.center_id, "id": new_id(), "identity_id": of.identity_id, "role": "admin",
        "place_id": world.top_id, "place_path": "/", "granted_by": 0, "granted_at": clock.now(),
        "household_asked": True,
    }  # fmt: skip
    in_transaction(lambda session: session.connection().execute(sa.insert(RoleGrant), row) and None)
    [found] = in_snapshot(find_ungiven, world.center_id)
    assert found == Ungiven(world.center_id, row["id"], of.identity_id, "admin")
    assert public_id(found.grant_id) in ungiven_words(found)
