"""What the demonstration knows while it is being made: keys of what is there, and who acts."""

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
from ledger.people.identities.service import NewIdentity
from ledger.people.policy import ROLES, VOLUNTEER

Act = Callable[["Stage"], object]
# Everybody's, once: there may be a hundred thousand of them.
_MEMBERS_GRANTS = frozenset(Grant(permission, "/") for permission in VOLUNTEER)


@dataclass(frozen=True, slots=True)
class Member:
    """A volunteer as they act: `card` is the token on their printed card."""

    id: int
    actor: Actor
    number: str
    card: str


@dataclass(slots=True)
class ShopState:
    """A shop, what stands in it, and who tends it; `members` are positions of those who come here;
    `stock` is what should be on the shelf."""

    id: int
    station: int
    clerk: Actor
    manager: Actor
    items: dict[int, Good] = field(default_factory=dict)
    stock: dict[int, int] = field(default_factory=dict)
    members: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Stage:
    """The demonstration in the making. `points` is what each member can spend, as the services answered it;
    `passwords` are the hashes of the printed log-ins by role."""

    session: Session
    size: Size
    population: Population
    sealed: list[NewIdentity]
    passwords: dict[str, str]
    demo_card: str
    rng: Random
    center_id: int = 0
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
        """Put something on the agenda; of two at the same instant the one noted first comes first."""
        self._noted += 1
        heapq.heappush(self._agenda, (at.astimezone(UTC), self._noted, act))

    def after(self, seconds: int, act: Act) -> None:
        """Put something on the agenda for so many seconds from now."""
        self.note(clock.now() + timedelta(seconds=seconds), act)

    def play(self, until: datetime) -> Iterator[datetime]:
        """Let everything happen in the order of time; yields the instant of each before it does."""
        while self._agenda and self._agenda[0][0] <= until:
            at, _, act = heapq.heappop(self._agenda)
            yield at
            with clock.at(at):
                act(self)

    def earn(self, member: int, points: int) -> None:
        """Note what the services say that somebody has got, or spent."""
        self.points[member] = self.points.get(member, 0) + points

    @property
    def system(self) -> Actor:
        """The service itself, for what a person of no role here does."""
        return system_actor(self.center_id)

    def refused(self, act: Callable[[], object]) -> bool:
        """Do something that may be refused; what a refusal keeps is kept, as a unit of its own would."""
        try:
            with self.session.begin_nested():
                act()
        except (Rejected, Conflict) as refusal:
            if refusal.keep is not None:
                refusal.keep(self.session)
            return True
        return False


def staff_actor(identity_id: int, center_id: int, role: str, path: str) -> Actor:
    """Somebody with one role, on a device of theirs."""
    grants = frozenset(Grant(permission, path) for permission in ROLES[role])
    return Actor(identity_id, center_id, grants, origin=f"session:{public_id(identity_id)}")


def member_actor(identity_id: int, center_id: int, volunteer_id: int) -> Actor:
    """A volunteer on their phone."""
    return Actor(identity_id, center_id, _MEMBERS_GRANTS, volunteer_id, f"session:{public_id(identity_id)}")
