"""A small center made by the services: a station, a shop, staff and volunteers, with log-ins for HTTP."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import count

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.activities import service as activities
from ledger.kernel import clock, runtime
from ledger.kernel.actor import Actor, Grant, system_actor
from ledger.kernel.database import Database
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.paths import ROOT
from ledger.kernel.permissions import Permission
from ledger.organisations import queries as organisation_queries
from ledger.organisations import service as organisations
from ledger.people.access import credentials, sessions, staff
from ledger.people.access.passwords import hash_password
from ledger.people.access.staff import Post
from ledger.people.access.tokens import read_token
from ledger.people.households import service as households
from ledger.people.identities import queries as identities
from ledger.people.models import LoginSession
from ledger.people.policy import demonstration_phone
from ledger.people.volunteers import queries as people_queries
from ledger.people.volunteers import service as people
from ledger.rules import service as rules
from ledger.rules.policy import RuleBody
from ledger.shop import shelf
from ledger.shop.shelf import Delivered, NewItem
from tests.runtimes import use_database

_phones = count(1)


def everything(center_id: int) -> Actor:
    """The center's builder, who may do everything in it."""
    grants = frozenset(Grant(permission, ROOT) for permission in Permission)
    return Actor(identity_id=1, center_id=center_id, grants=grants, origin="builder")


@dataclass
class Person:
    """A person with a log-in."""

    identity_id: int
    token: str
    actor: Actor
    volunteer_id: int = 0
    card: str = ""

    @property
    def headers(self) -> dict[str, str]:
        """The headers that this person's device sends."""
        return {"Authorization": f"Bearer {self.token}"}


class World:
    """One center, to which tests add what they need. All phone numbers are in a range that is never assigned."""

    # Whether log-ins count as used for a month to come; a service of its own takes that for a clock that was fast.
    ahead = True

    def __init__(self, database: Database) -> None:
        if runtime.current().database is not database:
            use_database(database)
        self.database = database
        self.center_id = in_transaction(organisations.create_center, name="演示中心", is_demonstration=True)
        self.builder = everything(self.center_id)
        # Who works on the server gives roles that take two people elsewhere.
        self.server = system_actor(self.center_id)
        self.top_id = in_snapshot(organisation_queries.top_place, self.center_id).id
        self.station_id = self.add_station("柳荫站")
        in_transaction(
            rules.add_version, RuleBody(), effective_from=clock.now() - timedelta(days=900), actor=self.builder
        )

    def add_station(self, name: str) -> int:
        """Add another station under the center."""
        return in_transaction(
            organisations.add_place, parent_id=self.top_id, kind="station", name=name, actor=self.builder
        )

    def add_staff(
        self, role: str, *, place_id: int | None = None, name: str = "陈晓燕", valid_until: date | None = None
    ) -> Person:
        """Add a person with a role for a place, by default the station, logged in on a device."""
        identity_id = in_transaction(
            staff.hire,
            name=name,
            phone=self._phone(),
            role=role,
            place_id=place_id or self.station_id,
            household=None,
            valid_until=valid_until,
            actor=self.server,
        )
        return self._log_in(identity_id)

    def employ(self, person: Person, role: str, *, place_id: int | None = None) -> None:
        """Give an existing person a role too, by default at the station, and log in anew: a rise ends log-ins."""
        in_transaction(
            staff.grant_role,
            person.identity_id,
            Post(role, place_id or self.station_id, household=None),
            actor=self.server,
        )
        again = self._log_in(person.identity_id)
        person.token, person.actor = again.token, again.actor

    def add_volunteer(self, name: str = "王桂兰") -> Person:
        """Add a volunteer with a card, logged in on a device."""
        volunteer_id = in_transaction(
            people.register_volunteer,
            name=name,
            phone=self._phone(),
            gender=None,
            id_last4=None,
            place_id=self.station_id,
            actor=self.builder,
        )
        card = in_transaction(people.issue_card, volunteer_id, actor=self.builder).token
        view = in_snapshot(people_queries.get_volunteer, volunteer_id, self.center_id)
        person = self._log_in(view.identity_id)
        person.volunteer_id, person.card = volunteer_id, card
        return person

    def enlist(self, person: Person) -> None:
        """Register a staff member as a volunteer of the station too."""
        person.volunteer_id = in_transaction(
            people.register_volunteer,
            name=in_snapshot(identities.names_of, [person.identity_id], self.center_id)[person.identity_id],
            phone=in_snapshot(identities.phone_of, person.identity_id, self.center_id),
            place_id=self.station_id,
            actor=self.builder,
        )
        person.actor = in_snapshot(_actor, person.token)

    def house(self, number: str | None, *residents: Person) -> None:
        """Move these people to the household with this number, or to none, registering them as volunteers if needed."""
        for person in residents:
            if not person.volunteer_id:
                self.enlist(person)
        wanted = {person.volunteer_id: number for person in residents}
        # On the server, because it takes two for who decides or audits.
        in_transaction(households.set_households, wanted, actor=self.server)

    def give_password(self, person: Person) -> tuple[str, str]:
        """Give a person a password for the log-in page. Returns phone and password."""
        phone, password = in_snapshot(identities.phone_of, person.identity_id, self.center_id) or "", "zhe-shi-mi-ma-3"
        hashed = hash_password(password, phone=phone)
        in_transaction(credentials.set_password, person.identity_id, self.center_id, password_hash=hashed)
        return phone, password

    def number_of(self, person: Person) -> str:
        """The volunteer's number."""
        return in_snapshot(people_queries.get_volunteer, person.volunteer_id, self.center_id).number

    def add_shift(
        self,
        starts_at: datetime,
        *,
        hours: float = 2,
        station_id: int | None = None,
        walk_in: bool = True,
        capacity: int | None = None,
    ) -> int:
        """Add an approved activity with one shift."""
        activity_id = in_transaction(
            activities.create_activity,
            place_id=self.station_id,
            name="社区巡逻",
            category="治安",
            status="approved",
            actor=self.builder,
        )
        return in_transaction(
            activities.add_shift,
            activity_id=activity_id,
            station_id=station_id or self.station_id,
            starts_at=starts_at,
            ends_at=starts_at + timedelta(hours=hours),
            walk_in=walk_in,
            capacity=capacity,
            actor=self.builder,
        )

    def sign_up(self, shift_id: int, person: Person) -> int:
        """Sign a person up for a shift."""
        return in_transaction(
            activities.sign_up, shift_id=shift_id, volunteer_id=person.volunteer_id, actor=self.builder
        )

    def add_shop(self, name: str = "柳荫积分超市") -> int:
        """Add a shop at the station."""
        return in_transaction(shelf.open_shop, place_id=self.station_id, name=name, actor=self.builder)

    def add_item(self, shop_id: int, *, name: str = "东北大米", points: int = 3000, stock: int = 10) -> int:
        """Add an item to the shelf, with goods in."""
        item = NewItem(name=name, spec="5 kg/袋", category="粮油", points=points)
        item_id = in_transaction(shelf.add_item, shop_id, item, actor=self.builder)
        if stock:
            in_transaction(
                shelf.take_in,
                shop_id,
                [Delivered(item_id, stock)],
                origin="bought",
                supplier="供销社",
                document="R-1",
                actor=self.builder,
            )
        return item_id

    def _phone(self) -> str:
        return demonstration_phone(next(_phones))

    def _log_in(self, identity_id: int) -> Person:
        opened = in_transaction(credentials.open_session, identity_id, kind="device", center_id=self.center_id)
        if self.ahead:
            in_transaction(_keep_open, opened.token)
        actor = in_snapshot(_actor, opened.token)
        return Person(identity_id, opened.token, actor)


class ServedWorld(World):
    """A center for a service of its own, with the clock of the machine."""

    ahead = False


def _keep_open(session: Session, token: str) -> None:
    """Count a log-in as used and proved for a month: tests move the clock by days, and count no writes of ours."""
    key, until = read_token(token), clock.now() + timedelta(days=30)
    assert key is not None
    mine = LoginSession.center_id == key.center_id, LoginSession.token_hash == key.token_hash
    kept = {"used_at": until, "expires_at": until, "password_at": until}
    session.connection().execute(sa.update(LoginSession).where(*mine).values(kept))


def _actor(session: Session, token: str) -> Actor:
    actor = sessions.load_actor(session, token)
    assert actor is not None
    return actor
