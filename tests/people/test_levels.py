"""Levels: what a rise ends, and that nobody comes through it with what they held before, on both databases."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from ledger.kernel import clock
from ledger.kernel.database import Database
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.errors import Rejected
from ledger.kernel.paths import ROOT
from ledger.people.access import candidates, credentials, login, sessions, staff
from ledger.people.access.devices import new_device
from ledger.people.access.login import Way, choose_center, log_in
from ledger.people.access.staff import Post
from ledger.people.access.tickets import make_ticket
from ledger.people.levels import level_of
from ledger.people.policy import ROLES
from tests.elsewhere import Elsewhere, outcome
from tests.log_ins import log_in_of
from tests.world import Person, World

PASSWORD = "白云山下有三只羊"
STATION = "/a/b/"


@pytest.mark.parametrize("role", ROLES)
def test_any_role_is_a_level_and_who_decides_or_audits_is_the_next(role: str) -> None:
    assert level_of([]) == 0
    assert level_of([(role, ROOT)]) == (2 if role in ("admin", "auditor", "outside_auditor") else 1)
    # Below the top nobody reads the book, and an administrator still hires.
    assert level_of([(role, STATION)]) == (2 if role == "admin" else 1)
    assert level_of([(role, STATION), ("auditor", ROOT)]) == 2


class Holder:
    """A volunteer with a password, a code and a session, all from before a hire."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.person: Person = world.add_volunteer()
        self.phone, self.password = world.give_password(self.person)
        self.code = in_transaction(credentials.make_activation_code, self.person.identity_id, actor=world.builder)
        self.token = self.open().token

    def open(self) -> credentials.OpenedSession:
        return in_transaction(
            credentials.open_session, self.person.identity_id, kind="browser", center_id=self.world.center_id
        )

    def holds(self) -> tuple[bool, bool, bool]:
        """Whether the session, the password and the code still open anything; the code is spent by that."""
        session = in_snapshot(sessions.load_actor, self.token) is not None
        return session, outcome(self.log_in) == "won", outcome(self.spend) == "won"

    def log_in(self) -> object:
        return log_in(self.phone, self.password, kind="browser", address=None, center_id=self.world.center_id)

    def spend(self) -> object:
        return login.set_first_password(
            self.phone, self.code, PASSWORD, address=None, center_id=None, kind="browser", device=new_device()
        )

    def rise(self, role: str, place_id: int | None = None, **more: Any) -> int:
        return in_transaction(
            staff.grant_role,
            self.person.identity_id,
            Post(role, place_id or self.world.station_id, None, **more),
            actor=self.world.server,
        )


@pytest.fixture
def holder(world: World) -> Holder:
    return Holder(world)


def test_what_is_held_opens_everything_without_a_rise(holder: Holder) -> None:
    assert holder.holds() == (True, True, True)


@pytest.mark.parametrize("role", ["clerk", "leader", "auditor", "admin"])
def test_session_password_and_code_from_before_a_hire_are_worth_nothing_after_it(holder: Holder, role: str) -> None:
    holder.rise(role, holder.world.top_id)
    assert holder.holds() == (False, False, False)
    assert log_in_of(holder.phone).password_hash is None


def test_each_rise_ends_what_came_before_and_the_same_level_elsewhere_ends_nothing(holder: Holder) -> None:
    world = holder.world
    holder.rise("clerk")
    world.give_password(holder.person)
    holder.token = holder.open().token
    holder.rise("station_manager", world.add_station("沙湾站"))
    holder.rise("auditor")  # at a station it gives nothing to read
    assert in_snapshot(sessions.load_actor, holder.token) is not None
    assert outcome(holder.log_in) == "won"
    holder.rise("auditor", world.top_id)
    assert in_snapshot(sessions.load_actor, holder.token) is None
    assert outcome(holder.log_in) == "people.login_failed"


def test_a_role_that_ended_by_its_day_and_is_given_anew_is_a_rise_again(holder: Holder) -> None:
    holder.rise("auditor", holder.world.top_id, valid_until=clock.today())
    holder.world.give_password(holder.person)
    holder.token = holder.open().token
    with clock.at(clock.now() + timedelta(days=1)):
        early = holder.open().token
        holder.rise("auditor", holder.world.top_id)
        assert in_snapshot(sessions.load_actor, early) is None
        assert outcome(holder.log_in) == "people.login_failed"


def test_a_rise_ends_nothing_in_another_center(holder: Holder, database: Database) -> None:
    there = World(database)
    holder.rise("admin", holder.world.top_id)
    other = Holder(there)
    holder.rise("auditor", holder.world.top_id)
    assert other.holds() == (True, True, True)


@pytest.mark.parametrize(("role", "hours"), [("clerk", 7 * 24), ("auditor", 24), ("admin", 24)])
def test_a_code_of_who_decides_or_audits_lasts_a_day(holder: Holder, role: str, hours: int) -> None:
    holder.rise(role, holder.world.top_id)
    who = holder.person.identity_id
    holder.code = in_transaction(credentials.make_activation_code, who, actor=holder.world.server)
    with clock.at(clock.now() + timedelta(hours=hours)), pytest.raises(Rejected):
        holder.spend()
    with clock.at(clock.now() + timedelta(hours=hours, minutes=-1)):
        assert outcome(holder.spend) == "won"


def verified(holder: Holder) -> Callable[[Session], login.LoggedIn]:
    """The last step of a log-in whose password was found right before."""
    candidate = log_in_of(holder.phone)
    return lambda session: login._open(session, candidate, "", Way("browser", new_device()))


def granted(holder: Holder) -> dict[str, Any]:
    """What makes the holder an auditor."""
    post = Post("auditor", holder.world.top_id, household=None)
    return {"identity_id": holder.person.identity_id, "post": post, "actor": holder.world.server}


def chosen(holder: Holder) -> Callable[[], object]:
    """A ticket made before is used."""
    ticket = make_ticket([log_in_of(holder.phone)], "")
    return lambda: choose_center(ticket, holder.world.center_id, kind="browser")


def test_a_password_that_was_right_before_the_rise_opens_nothing_after_it(holder: Holder) -> None:
    late, ticket = verified(holder), chosen(holder)
    holder.rise("clerk")
    assert outcome(lambda: in_transaction(late)) == "people.login_failed"
    assert outcome(ticket) == "people.ticket_invalid"


def test_a_code_spent_before_the_rise_opens_no_session_after_it(
    holder: Holder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The password is set in one unit and the session opened in the next; the hire comes between them."""
    candidate_of = candidates.candidate_of

    def meanwhile(*who: Any) -> object:
        monkeypatch.setattr(login, "candidate_of", candidate_of)
        hiring = Elsewhere(holder.world.database.url, lambda: holder.rise("clerk"))
        hiring.begin()
        assert hiring.end() == "won"
        return candidate_of(*who)

    monkeypatch.setattr(login, "candidate_of", meanwhile)
    assert outcome(holder.spend) == "people.login_failed"


def test_a_log_in_during_the_rise_waits_for_it_and_is_refused(own_database: Database) -> None:
    holder = Holder(World(own_database))
    late = verified(holder)
    entering = Elsewhere(own_database.url, lambda: in_transaction(late))

    def rise(session: Session) -> None:
        staff.grant_role(session, **granted(holder))
        entering.begin()

    in_transaction(rise)
    assert entering.end() == "people.login_failed"


def test_a_rise_during_the_log_in_waits_for_it_and_ends_its_session(own_database: Database) -> None:
    holder = Holder(World(own_database))
    late = verified(holder)
    rising = Elsewhere(own_database.url, lambda: in_transaction(staff.grant_role, **granted(holder)))

    def enter(session: Session) -> str:
        opened = late(session)
        rising.begin()
        return opened.token

    token = in_transaction(enter)
    assert rising.end() == "won"
    assert in_snapshot(sessions.load_actor, token) is None


def test_a_code_spent_during_the_rise_sets_no_password(own_database: Database) -> None:
    holder = Holder(World(own_database))
    spending = Elsewhere(own_database.url, holder.spend)

    def rise(session: Session) -> None:
        staff.grant_role(session, **granted(holder))
        spending.begin()

    in_transaction(rise)
    assert spending.end() == "people.activation_code_invalid"
    assert log_in_of(holder.phone).password_hash is None


def test_a_slip_printed_during_the_hire_is_not_for_who_manages_volunteers(own_database: Database) -> None:
    holder = Holder(World(own_database))
    manager = holder.world.add_staff("station_manager").actor
    printing = Elsewhere(
        own_database.url,
        lambda: in_transaction(credentials.make_activation_code, holder.person.identity_id, actor=manager),
    )

    def rise(session: Session) -> None:
        staff.grant_role(session, **granted(holder))
        printing.begin()

    in_transaction(rise)
    assert printing.end() == "access.denied"
