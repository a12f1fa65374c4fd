"""Signals are read from a time until now, newest first, a page after the other; no many of them hide another."""

from datetime import timedelta

import pytest
from flask import Flask

from ledger.audit.overview.presenter import watched
from ledger.kernel import clock
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.ids import public_id
from ledger.kernel.signals import SignalView, count_signals, signal, signals_since
from ledger.people.access import on_server, sessions, staff
from tests.databases import on_sqlite
from tests.world import World

SINCE = timedelta(days=30)


def tell(world: World, count: int) -> None:
    """So many signals in one unit, at one moment."""
    evidence = [f"identity:{public_id(1)}"]

    def told(session: object) -> None:
        for _ in range(count):
            signal(session, on_server.SIGNAL, evidence, center_id=world.center_id)  # type: ignore[arg-type]

    in_transaction(told)


def page(world: World, most: int, before: SignalView | None = None) -> list[SignalView]:
    found: list[SignalView] = in_snapshot(signals_since, world.center_id, clock.now() - SINCE, most=most, before=before)
    return found


def test_pages_go_on_where_the_last_ended_though_all_are_of_one_moment(world: World) -> None:
    with clock.at(clock.now()):
        tell(world, 7)
        first = page(world, 3)
        second = page(world, 3, first[-1])
        third = page(world, 3, second[-1])
        assert [len(each) for each in (first, second, third)] == [3, 3, 1]
        assert len({each.id for each in (*first, *second, *third)}) == 7
        assert in_snapshot(count_signals, world.center_id, clock.now() - SINCE) == 7


@pytest.mark.parametrize("days", [-31, 1])
def test_what_is_older_or_dated_into_the_future_is_left_out(world: World, days: int) -> None:
    with clock.at(clock.now() + timedelta(days=days)):
        tell(world, 1)
    assert page(world, 9) == []
    assert in_snapshot(count_signals, world.center_id, clock.now() - SINCE) == 0


@on_sqlite
def test_a_revoked_role_stands_on_the_first_page_however_many_signals_come_after_it(world: World, app: Flask) -> None:
    clerk = world.add_staff("clerk")
    [role] = in_snapshot(sessions.roles_of, clerk.identity_id, world.center_id)
    in_transaction(staff.revoke_role, role.id, actor=world.server)
    tell(world, 50)
    with app.test_request_context("/console"):
        lines = [each.text for each in in_snapshot(watched, world.center_id)]

    assert [line for line in lines if "身份收回了" in line] != []
    assert lines[-1] == "还有 30 件更早的"
