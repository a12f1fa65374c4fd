"""A clock that was fast: what was made by it is over once it is put right, and lasts no longer than others."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from ledger.kernel import clock
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.errors import LedgerError
from ledger.kernel.ids import public_id
from ledger.kernel.paging import PageRequest
from ledger.kernel.rate_limit import Limit, hit, wait
from ledger.people.access import attempts, credentials, own, own_factor, sessions
from ledger.people.access.approved_codes import make_approved_code
from ledger.people.access.proving import Given
from ledger.shop import service as shop
from tests.approvals.office import Office
from tests.databases import on_sqlite
from tests.factors import HERE, code_of
from tests.phones import fresh_phone
from tests.world import World

pytestmark = on_sqlite
FAST = timedelta(hours=1)


def refusal(work: Callable[[], Any]) -> str:
    try:
        work()
    except LedgerError as error:
        return error.code
    return ""


def test_a_log_in_and_a_slip_are_over(world: World, put_right: Callable[[], None]) -> None:
    now, clerk = clock.now(), world.add_staff("clerk")
    with clock.at(now + FAST):
        phone, _ = world.give_password(clerk)
        opened = in_transaction(
            credentials.open_session, clerk.identity_id, kind="browser", center_id=world.center_id
        ).token
        code = in_transaction(credentials.make_activation_code, clerk.identity_id, actor=world.server)
    put_right()
    fits = {"phone": phone, "code": code, "center_id": world.center_id}
    for at, lasts in ((now, False), (now + FAST - clock.MAY_DIFFER, True)):
        with clock.at(at):
            assert (in_snapshot(sessions.load_actor, opened) is not None) == lasts
            assert (len(in_snapshot(own.own_sessions, clerk.actor)) > 0) == lasts
            assert in_snapshot(credentials.code_fits, **fits) == lasts
            assert (in_transaction(credentials.note_use, opened) is not None) == lasts


def test_a_set_up_is_over(world: World, put_right: Callable[[], None]) -> None:
    now, clerk = clock.now(), world.add_staff("clerk")
    with clock.at(now + FAST):
        _, password = world.give_password(clerk)
        clerk = world._log_in(clerk.identity_id)
        setup = own_factor.make_setup(clerk.actor, Given(HERE, password))
    put_right()
    with clock.at(now):
        assert refusal(lambda: own_factor.confirm(setup.ticket, code_of(setup.secret), actor=clerk.actor)) == (
            "people.setup_over"
        )


def test_a_payer_code_is_over(world: World, put_right: Callable[[], None]) -> None:
    now, member, shop_id = clock.now(), world.add_volunteer(), world.add_shop()
    clerk = world.add_staff("clerk")
    with clock.at(now + FAST):
        code = in_transaction(shop.issue_payer_code, actor=member.actor)["code"]
    put_right()
    for at, said in ((now, "shop.code_expired"), (now + FAST, "")):
        with clock.at(at):
            assert refusal(lambda: in_transaction(shop.open_cart, shop_id, code, actor=clerk.actor)) == said


def test_refusals_are_kept_again(world: World, put_right: Callable[[], None]) -> None:
    now, clerk, seen = clock.now(), world.add_staff("clerk"), attempts.Seen("browser", "203.0.113.7")
    log_in = world.center_id, clerk.identity_id

    def refused() -> int:
        in_transaction(attempts.refuse, log_in, attempts.WRONG, attempts.PASSWORD, seen)
        wanted = attempts.AttemptFilter(identity_id=clerk.identity_id)
        return len(in_snapshot(attempts.list_attempts, world.center_id, wanted, request=PageRequest()).items)

    with clock.at(now + FAST):
        assert [refused() for _ in range(attempts.MOST_ALIKE + 1)][-1] == attempts.MOST_ALIKE
    put_right()
    with clock.at(now):
        assert refused() == attempts.MOST_ALIKE + 1


def test_an_approval_makes_no_code(world: World, put_right: Callable[[], None]) -> None:
    office = Office(world)
    now, payload = clock.now(), {"identity_id": public_id(office.auditor.identity_id)}

    def approved() -> int:
        proposal_id = office.propose("people.code", payload)
        office.approve(proposal_id)
        return proposal_id

    def made(proposal_id: int, again: bool = False) -> str:
        return refusal(lambda: in_transaction(make_approved_code, proposal_id, actor=office.second.actor, again=again))

    with clock.at(now + FAST):
        printed = approved()
        assert made(printed) == ""
        fast = approved()
    put_right()
    with clock.at(now):
        assert (made(fast), made(printed, again=True)) == ("people.code_over", "people.code_made")
        assert made(approved()) == ""


def test_nobody_waits_for_a_window_of_that_time(world: World, put_right: Callable[[], None]) -> None:
    limit, now, source = Limit("test of a fast clock", most=1, window_seconds=60), clock.now(), fresh_phone()
    with clock.at(now + FAST):
        assert in_transaction(hit, limit, source, times=2) > 0
    put_right()
    with clock.at(now):
        assert in_snapshot(wait, limit, source) == 0
        assert in_transaction(hit, limit, source) == 0
