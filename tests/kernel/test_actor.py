"""Permissions of an actor: held at a place and below, or for the whole center."""

import pytest

from ledger.kernel.actor import Actor, Grant
from ledger.kernel.errors import Forbidden
from ledger.kernel.paths import ROOT, is_top
from ledger.kernel.permissions import AT_ROOT, Permission
from tests.source import package
from tests.test_house_rules import fail_on

TOP, STATION, OTHER = "/01/", "/01/02/", "/01/03/"
# Path: what it does with a permission that is held anywhere. Everything else names a place.
ASKS_ANYWHERE = {
    "ledger/web/guard.py": "who may come in at all; what the view does names its place",
    "ledger/web/navigation.py": "which pages the menu offers",
    "ledger/home/pages.py": "which page somebody lands on",
    "ledger/organisations/pages.py": "whether the list of places offers to add one; the form lists the places held",
    "ledger/people/access/sessions.py": "the list of staff, cut to the places held",
    "ledger/people/volunteers/queries.py": "the list of volunteers, cut to the places held",
}


def holder(permission: Permission, path: str) -> Actor:
    return Actor(1, 1, frozenset({Grant(permission, path)}))


def test_a_permission_is_held_at_a_place_and_below() -> None:
    clerk = holder(Permission.TILL, STATION)
    assert [clerk.may(Permission.TILL, path) for path in (ROOT, TOP, STATION, OTHER)] == [False, False, True, False]
    assert clerk.may_somewhere(Permission.TILL)
    clerk.need(Permission.TILL, STATION)
    for ask in (lambda: clerk.need(Permission.TILL, ROOT), lambda: clerk.need_somewhere(Permission.REVIEW)):
        with pytest.raises(Forbidden) as refused:
            ask()
        assert refused.value.code == "access.denied"


@pytest.mark.parametrize("permission", sorted(AT_ROOT))
def test_what_counts_for_the_whole_center_is_not_held_below(permission: Permission) -> None:
    assert holder(permission, ROOT).may(permission, ROOT)
    for path in (TOP, STATION):
        with pytest.raises(ValueError, match="whole center"):
            Grant(permission, path)


def test_the_top_place_has_one_id_in_its_path() -> None:
    assert [is_top(path) for path in ("", ROOT, TOP, STATION)] == [False, False, True, False]


def test_a_decision_names_its_place() -> None:
    """mypy refuses `need` and `may` without a path: tests/kernel/refused_by_mypy.py."""
    asking = {source.path for source in package() if "_somewhere(" in source.text} - {"ledger/kernel/actor.py"}
    fail_on(asking - ASKS_ANYWHERE.keys(), "Name the place: actor.need(permission, place.path), or ROOT.")
    fail_on(ASKS_ANYWHERE.keys() - asking, "These name their places now: take them off ASKS_ANYWHERE.")
