"""State of the demonstration while it is made: keys of its rows, and actors."""

import heapq
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random

from sqlalchemy.orm import Session

from ledger.demo.goods import Good
from ledger.demo.people_plan import Population
from ledger.demo.service_plan import Presence, ShiftPlan
from ledger.demo.sizes import Size
from ledger.kernel import clock
from ledger.kernel.actor import Actor, Grant, system_actor
from ledger.kernel.errors import Conflict, Rejected
from ledger.kernel.ids import public_id
from ledger.kernel.paths import ROOT
from ledger.people.identities.service import NewIdentity
from ledger.people.policy import VOLUNTEER, grants_of

Act = Callable[["Stage"], object]
# Shared by all members: there may be a hundred thousand.
_MEMBERS_GRANTS = frozenset(Grant(permission, ROOT) for permission in VOLUNTEER)


@dataclass(frozen=True, slots=True)
class Member:
    """A volunteer as an actor; `card` is the token on their printed card."""

    id: int
    actor: Actor
    number: str
    card: str


@dataclass(slots=True)
class ShopState:
    """A shop, its items and its clerk; `members` are the positions of its customers, `stock` is what should be on the
    shelf."""

    id: int
    station: int
    clerk: Actor
    manager: Actor
    items: dict[int, Good] = field(default_factory=dict)
    stock: dict[int, int] = field(default_factory=dict)
    members: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Stage:
    """The demonstration in progress. `points` is what each member can spend, as answered by the services;
    `passwords` are the hashes of the printed log-ins by role."""

    session: Session
    center_id: int
    size: Size
    population: Population
    sealed: list[NewIdentity]
    passwords: dict[str, str]
    demo_card: str
    rng: Random
    places: list[int] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    teams: list[int] = field(default_factory=list)
    members: dict[int, Member] = field(default_factory=dict)
    clerks: dict[int, Actor] = field(default_factory=dict)
    managers: dict[int, Actor] = field(default_factory=dict)
    admins: list[Actor] = field(default_factory=list)
    shops: list[ShopState] = field(default_factory=list)
    shifts: dict[ShiftPlan, int] = field(default_factory=dict)
    attendances: dict[Presence, int] = field(default_factory=dict)
    points: dict[int, int] = field(default_factory=dict)
    scans: int = 0
    _agenda: list[tuple[datetime, int, Act]] = field(default_factory=list)
    _noted: int = 0

    def note(self, at: datetime, act: Act) -> None:
        """Schedule an act; acts at the same instant run in the order in which they were noted."""
        self._noted += 1
        heapq.heappush(self._agenda, (at.astimezone(UTC), self._noted, act))

    def after(self, seconds: int, act: Act) -> None:
        """Schedule an act some seconds from now."""
        self.note(clock.now() + timedelta(seconds=seconds), act)

    def play(self, until: datetime) -> Iterator[datetime]:
        """Run scheduled acts in order of time, yielding each instant before its act."""
        while self._agenda and self._agenda[0][0] <= until:
            at, _, act = heapq.heappop(self._agenda)
            yield at
            with clock.at(at):
                act(self)

    def earn(self, member: int, points: int) -> None:
        """Note points that a member received or, if negative, spent."""
        self.points[member] = self.points.get(member, 0) + points

    @property
    def system(self) -> Actor:
        """The service as actor, for founding the center and hiring."""
        return system_actor(self.center_id)

    def refused(self, act: Callable[[], object]) -> bool:
        """Run an act and return whether it was refused; keeps what the refusal keeps, as a separate unit would."""
        try:
            with self.session.begin_nested():
                act()
        except (Rejected, Conflict) as refusal:
            if refusal.keep is not None:
                refusal.keep(self.session)
            return True
        return False


def staff_actor(identity_id: int, center_id: int, role: str, path: str) -> Actor:
    """A staff member with one role, on their own device."""
    grants = grants_of(role, path)
    return Actor(identity_id, center_id, grants, origin=f"session:{public_id(identity_id)}")


def member_actor(identity_id: int, center_id: int, volunteer_id: int) -> Actor:
    """A volunteer on their phone."""
    return Actor(identity_id, center_id, _MEMBERS_GRANTS, volunteer_id, f"session:{public_id(identity_id)}")
