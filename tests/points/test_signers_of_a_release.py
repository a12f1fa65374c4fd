"""Who signs the release of a frozen book: both still hold their roles, and neither is the other's making unseen."""

from datetime import timedelta

import pytest
from flask import Flask

from ledger.audit.overview.presenter import SIGNAL_WORDS
from ledger.kernel import clock
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.ids import public_id
from ledger.kernel.signals import signals_since
from ledger.people.access import sessions, staff
from ledger.points.closing import freezing
from tests.approvals.office import Office
from tests.browsing import Browser
from tests.points.test_freezing import freeze, release, seen
from tests.world import World


@pytest.fixture
def office(world: World) -> Office:
    """An office with an auditor."""
    return Office(world)


def test_the_signature_of_somebody_dismissed_since_does_not_count(office: Office) -> None:
    """The freeze begins anew, and the book stays frozen meanwhile."""
    world = office.world
    freeze_id = freeze(world)
    release(freeze_id, office.first)
    (admin,) = in_snapshot(sessions.roles_of, office.first.identity_id, world.center_id)
    in_transaction(staff.revoke_role, admin.id, actor=world.server)
    signed = release(freeze_id, office.auditor)
    assert (signed["part"], signed["released"]) == ("auditor", False)
    assert in_snapshot(freezing.find_freeze, world.center_id) == signed["freeze_id"] != freeze_id
    assert [each.signed_by for each in seen(world, signed["freeze_id"]).signatures] == [office.auditor.identity_id]
    assert release(signed["freeze_id"], office.second)["released"]
    assert in_snapshot(freezing.find_freeze, world.center_id) is None


def test_who_owes_the_role_to_the_other_signer_is_a_signal(app: Flask, office: Office) -> None:
    world, new = office.world, office.world.add_volunteer()
    payload = {"identity_id": public_id(new.identity_id), "role": "auditor", "household": None}
    office.approve(office.propose("people.grant", payload | {"place_id": public_id(world.top_id)}))
    auditor = world._log_in(new.identity_id)
    freeze_id = freeze(world)
    release(freeze_id, auditor)
    assert release(freeze_id, office.first)["released"]
    since = clock.now() - timedelta(days=1)
    assert [each.kind for each in in_snapshot(signals_since, world.center_id, since, most=9)] == [freezing.OWING]
    assert str(SIGNAL_WORDS[freezing.OWING]) in Browser(app.test_client(), office.auditor).get("/books/freezes").text
