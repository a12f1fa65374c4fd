"""The volunteers whom a list may mean: found by number, phone or name, with what a row may change or differ in."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from ledger.kernel.actor import Actor
from ledger.kernel.characters import name_key
from ledger.kernel.paths import ROOT
from ledger.kernel.permissions import Permission
from ledger.organisations import queries
from ledger.organisations.imports.directory import Destination, Own, WrongCell
from ledger.organisations.imports.rows import Person
from ledger.people.households.deciders import who_take_two
from ledger.people.households.queries import household_numbers
from ledger.people.identities.service import NewIdentity
from ledger.people.managing import place_paths_of
from ledger.people.policy import household_key
from ledger.people.volunteers.matching import KnownName, KnownOwner, known_names, known_numbers, known_phones
from ledger.people.volunteers.queries import VolunteerDetails, VolunteerView
from ledger.people.volunteers.search import details_of, volunteers_of
from ledger.places.queries import place_names


@dataclass(frozen=True, slots=True)
class Sealed:
    """A person of the list with their sealed data; sealing happens before any unit begins."""

    person: Person
    identity: NewIdentity


@dataclass(frozen=True, slots=True)
class Known:
    """The people of the center whom the rows may mean, and which row has claimed whom."""

    actor: Actor
    numbers: dict[str, KnownOwner]
    phones: dict[str, KnownOwner]
    names: dict[str, list[KnownName]]
    paths: dict[int, str]
    views: dict[int, VolunteerView]
    place_names: dict[int, str]
    teams: dict[int, list[tuple[int, str]]]
    households: dict[int, str]
    deciders: set[int]
    claimed: dict[int, int] = field(default_factory=dict)

    @classmethod
    def load(cls, session: Session, rows: Sequence[Sealed], actor: Actor) -> "Known":
        """Read all that the rows may mean, by few statements."""
        center = actor.center_id
        numbers = known_numbers(session, [row.person.number for row in rows if row.person.number], center)
        phones = known_phones(session, (row.identity.phone_index or "" for row in rows), center)
        names = known_names(session, {row.identity.name_index for row in rows}, center)
        ids = {each.volunteer_id for found in names.values() for each in found}
        ids |= {each.volunteer_id for each in [*numbers.values(), *phones.values()] if each.volunteer_id is not None}
        views = volunteers_of(session, ids, center)
        return cls(
            actor,
            numbers,
            phones,
            names,
            place_paths_of(session, ids, center),
            views,
            place_names(session, {view.place_id for view in views.values()}, center),
            queries.teams_of(session, ids, center),
            household_numbers(session, ids, center),
            who_take_two(session, actor),
        )

    def others(self, rows: Sequence[Sealed]) -> int:
        """How many rows have a phone or number of somebody whom the actor doesn't manage.

        Who isn't a volunteer is the center's.
        """
        return sum(not all(map(self._is_mine, self._owners(row))) for row in rows)

    def _owners(self, row: Sealed) -> list[KnownOwner]:
        found = (self.numbers.get(row.person.number or ""), self.phones.get(row.identity.phone_index or ""))
        return [owner for owner in found if owner is not None]

    def _is_mine(self, owner: KnownOwner) -> bool:
        path = ROOT if owner.volunteer_id is None else self.paths[owner.volunteer_id]
        return self.actor.may(Permission.MANAGE_VOLUNTEERS, path)

    def manages(self, volunteer_id: int) -> bool:
        """Whether the actor manages a volunteer."""
        return self.actor.may(Permission.MANAGE_VOLUNTEERS, self.paths[volunteer_id])

    def by_key(self, row: Sealed) -> int | None:
        """The volunteer whose number or phone a row has. Raises WrongCell."""
        numbered = self.numbers.get(row.person.number or "")
        if row.person.number and (numbered is None or numbered.name_index != row.identity.name_index):
            raise WrongCell("number", "import.number_of_another" if numbered else "import.number_unknown")
        owner = self.phones.get(row.identity.phone_index or "")
        is_another = numbered is not None and owner is not None and owner.volunteer_id != numbered.volunteer_id
        if owner is not None and (owner.name_index != row.identity.name_index or is_another):
            raise WrongCell("phone", "import.phone_of_another")
        found = numbered or owner
        return None if found is None else found.volunteer_id

    def by_name(self, row: Sealed, destination: Destination) -> int | None:
        """The volunteer with a row's name and nothing that tells them apart, where the row puts them.

        Not one whom another row has claimed by number or phone. Raises WrongCell if there are several.
        """
        if row.person.phone is not None or row.person.number is not None:
            return None
        found = [
            each.volunteer_id
            for each in self.names.get(row.identity.name_index, ())
            if each.volunteer_id not in self.claimed
            and each.id_last4 == row.person.id_last4
            and self._is_there(row.person, each, destination)
        ]
        if row.person.household and len(found) > 1:
            home = household_key(row.person.household)
            found = [each for each in found if household_key(self.households.get(each, "")) == home]
        if len(found) > 1:
            raise WrongCell("name", "import.namesakes_known")
        return found[0] if found else None

    def _is_there(self, person: Person, known: KnownName, destination: Destination) -> bool:
        if person.team is None:
            return known.place_id == destination.place_id
        return any(team_id in destination.teams for team_id, _ in self.teams.get(known.volunteer_id, ()))

    def namesakes(self, row: Sealed) -> list[str]:
        """The numbers of a few volunteers of the actor's, claimed by no row, whom nothing tells apart from a row."""
        person = row.person
        alike = (
            known.number
            for known in self.names.get(row.identity.name_index, ())
            if known.volunteer_id not in self.claimed
            and not (person.phone and known.has_phone)
            and not (person.id_last4 and known.id_last4 and person.id_last4 != known.id_last4)
            and not self._lives_elsewhere(person, known.volunteer_id)
            and self.manages(known.volunteer_id)
        )
        return [number for _, number in zip(range(3), alike, strict=False)]

    def _lives_elsewhere(self, person: Person, volunteer_id: int) -> bool:
        there = self.households.get(volunteer_id)
        return bool(person.household and there and household_key(person.household) != household_key(there))

    def own(self, volunteer_id: int) -> Own:
        """Where a volunteer is already."""
        teams: dict[str, list[int]] = {}
        for team_id, name in self.teams.get(volunteer_id, ()):
            teams.setdefault(name_key(name), []).append(team_id)
        place_id = self.views[volunteer_id].place_id
        return Own(place_id, self.place_names[place_id], teams)

    def moves_in(self, volunteer_id: int, number: str | None) -> bool:
        """Whether a row assigns a household to a known volunteer; raises WrongCell instead of moving anybody."""
        if number is None:
            return False
        there = self.households.get(volunteer_id)
        if there is not None and household_key(there) != household_key(number):
            raise WrongCell("household", "import.household_differs")
        if there is None and not self.manages(volunteer_id):
            raise WrongCell("household", "import.household_elsewhere")
        if there is None:
            self._need_no_second(self.views[volunteer_id].identity_id)
        return there is None

    def house_new(self, row: Sealed) -> None:
        """Raises WrongCell if a row says where somebody new lives who decides or audits already, which takes two."""
        owner = self.phones.get(row.identity.phone_index or "")
        if row.person.household and owner is not None:
            self._need_no_second(owner.identity_id)

    def _need_no_second(self, identity_id: int) -> None:
        if identity_id in self.deciders:
            raise WrongCell("household", "import.household_takes_two")


def differences(
    session: Session, rows: Sequence[tuple[Person, int, Destination]], known: Known
) -> list[tuple[int, str]]:
    """The cells (row, column) that say something else than what is registered of a volunteer whom the actor manages."""
    mine = [each for each in rows if known.manages(each[1])]
    details = details_of(session, {volunteer_id for _, volunteer_id, _ in mine}, known.actor.center_id)
    return [
        (person.row, column)
        for person, volunteer_id, destination in mine
        for column in _different(person, details[volunteer_id])
        + (["place"] if person.place and destination.place_id != known.views[volunteer_id].place_id else [])
    ]


def _different(person: Person, details: VolunteerDetails) -> list[str]:
    return [
        column
        for column in ("gender", "phone", "id_last4")
        if getattr(person, column) is not None and getattr(person, column) != getattr(details, column)
    ]
