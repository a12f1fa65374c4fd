"""Plan an import row by row: new volunteers, known volunteers, and faults. Reads only."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from sqlalchemy.orm import Session

from ledger.kernel.actor import Actor
from ledger.kernel.errors import Conflict, Rejected
from ledger.kernel.paths import ROOT
from ledger.kernel.permissions import Permission
from ledger.organisations import queries
from ledger.organisations.imports.columns import Person, RowError, show
from ledger.organisations.queries import TeamView
from ledger.people.households.queries import household_numbers
from ledger.people.identities.service import NewIdentity, prepare
from ledger.people.managing import place_paths_of
from ledger.people.policy import household_key
from ledger.people.volunteers.matching import KnownName, KnownPhone, known_names, known_phones
from ledger.people.volunteers.registration import NewVolunteer
from ledger.places.queries import PlaceView, all_places


@dataclass(frozen=True, slots=True)
class Sealed:
    """A person of the list with their sealed data; sealing happens before any unit begins."""

    person: Person
    identity: NewIdentity


@dataclass(frozen=True, slots=True)
class Destination:
    """What a row assigns: a place, an existing or new team, and for new volunteers a household."""

    place_id: int
    team_id: int | None
    new_team: str | None
    household: str | None = None


@dataclass(slots=True)
class Plan:
    """What an import would do. `joining` are known volunteers who aren't in their row's team yet; `housed` are known
    volunteers without a household, with the number in their row. `others` counts the rows whose phone is somebody's
    whom the actor doesn't manage, and those that mean such a member of the actor's team.
    """

    errors: list[RowError] = field(default_factory=list)
    new: list[tuple[NewVolunteer, Destination]] = field(default_factory=list)
    joining: list[tuple[int, Destination]] = field(default_factory=list)
    housed: dict[int, str] = field(default_factory=dict)
    unchanged: int = 0
    others: int = 0

    @property
    def new_teams(self) -> list[tuple[int, str]]:
        """New teams as (place, name), in the order of the list."""
        rows = [destination for _, destination in [*self.new, *self.joining]]
        return list(dict.fromkeys((row.place_id, row.new_team) for row in rows if row.new_team))


def seal(people: Sequence[Person], center_id: int, *, demonstration: bool) -> list[Sealed]:
    """Seal all personal text for the center. Call it outside units: ten thousand people take a third of a second."""
    return [
        Sealed(
            person,
            prepare(
                name=person.name,
                center_id=center_id,
                phone=person.phone,
                gender=person.gender,
                id_last4=person.id_last4,
                demonstration=demonstration,
            ),
        )
        for person in people
    ]


def make_plan(
    session: Session, rows: Sequence[Sealed], *, place_id: int | None, make_teams: bool, actor: Actor
) -> Plan:
    """Decide on every row. `place_id` is the place for rows that name none; raises what place_of_list raises."""
    directory = _Directory.load(session, place_id, make_teams=make_teams, actor=actor)
    phones = known_phones(session, (row.identity.phone_index or "" for row in rows), actor.center_id)
    unnamed = [row for row in rows if row.person.phone is None]
    names = known_names(session, (row.identity.name_index for row in unnamed), actor.center_id)
    candidates = {known.volunteer_id for found in names.values() for known in found}
    candidates |= {known.volunteer_id for known in phones.values() if known.volunteer_id is not None}
    teams = queries.team_ids_of(session, candidates, actor.center_id)
    paths = place_paths_of(session, candidates, actor.center_id)
    housed = candidates if any(row.person.household for row in rows) else ()
    numbers = household_numbers(session, housed, actor.center_id)
    homes = _Homes(numbers, paths, actor)
    plan = Plan(others=_others(rows, phones, paths, actor))
    for row in rows:
        try:
            destination = directory.destination(row.person)
            known = _find(row, destination, phones, names, teams)
            # Its household tells of them; who has a phone is counted already.
            plan.others += known is not None and row.person.phone is None and not homes.manages(known)
            moves_in = known is not None and homes.moves_in(known, row.person.household)
        except _WrongCell as wrong:
            value = getattr(row.person, wrong.column) or ""
            plan.errors.append(RowError(row.person.row, wrong.column, show(wrong.column, value), wrong.code))
            continue
        if known is None and destination.place_id not in directory.open:
            plan.errors.append(RowError(row.person.row, "team", row.person.team or "", "import.place_closed"))
            continue
        if known is None:
            new = NewVolunteer(row.identity, destination.place_id)
            plan.new.append((new, replace(destination, household=row.person.household)))
            continue
        joins = destination.new_team or (destination.team_id and destination.team_id not in teams.get(known, ()))
        if joins:
            plan.joining.append((known, destination))
        if moves_in:
            plan.housed[known] = row.person.household or ""
        plan.unchanged += not joins and not moves_in
    return plan


def place_of_list(session: Session, place_id: int | None, *, actor: Actor) -> PlaceView:
    """The place for rows that name none, None meaning the center itself.

    Raises NotFound("organisations.place_not_found"), Forbidden("access.denied"),
    Conflict("organisations.place_closed").
    """
    if place_id is None:
        place = queries.top_place(session, actor.center_id)
    else:
        place = queries.get_place(session, place_id, actor.center_id)
    actor.need(Permission.MANAGE_VOLUNTEERS, place.path)
    if place.closed_at is not None:
        raise Conflict("organisations.place_closed")
    return place


class _WrongCell(Exception):
    def __init__(self, column: str, code: str) -> None:
        super().__init__(code)
        self.column, self.code = column, code


def _others(rows: Sequence[Sealed], phones: dict[str, KnownPhone], paths: dict[int, str], actor: Actor) -> int:
    """How many rows have a phone of somebody whom the actor doesn't manage; who isn't a volunteer is the center's."""
    found = [phones[row.identity.phone_index] for row in rows if row.identity.phone_index in phones]
    where = [ROOT if known.volunteer_id is None else paths[known.volunteer_id] for known in found]
    return sum(not actor.may(Permission.MANAGE_VOLUNTEERS, path) for path in where)


def _find(
    row: Sealed,
    destination: Destination,
    phones: dict[str, KnownPhone],
    names: dict[str, list[KnownName]],
    teams: dict[int, set[int]],
) -> int | None:
    """The volunteer that the row means, None for a new one."""
    if row.identity.phone_index is not None:
        known = phones.get(row.identity.phone_index)
        if known is not None and known.name_index != row.identity.name_index:
            raise _WrongCell("phone", "import.phone_of_another")
        return None if known is None else known.volunteer_id
    for namesake in names.get(row.identity.name_index, []):
        same_team = destination.team_id in teams.get(namesake.volunteer_id, ())
        same_place = row.person.team is None and namesake.place_id == destination.place_id
        if namesake.id_last4 == row.person.id_last4 and (same_team or same_place):
            return namesake.volunteer_id
    return None


@dataclass(frozen=True, slots=True)
class _Homes:
    """The current households and places of the volunteers in the list."""

    numbers: dict[int, str]
    paths: dict[int, str]
    actor: Actor

    def manages(self, volunteer_id: int) -> bool:
        """Whether the actor manages this volunteer."""
        return self.actor.may(Permission.MANAGE_VOLUNTEERS, self.paths[volunteer_id])

    def moves_in(self, volunteer_id: int, number: str | None) -> bool:
        """Whether a row assigns a household to a known volunteer; raises _WrongCell instead of moving anybody."""
        if number is None:
            return False
        there = self.numbers.get(volunteer_id)
        if there is not None and household_key(there) != household_key(number):
            raise _WrongCell("household", "import.household_differs")
        if there is None and not self.manages(volunteer_id):
            raise _WrongCell("household", "import.household_elsewhere")
        return there is None


@dataclass(frozen=True, slots=True)
class _Directory:
    """The places and teams to which the actor may assign people, by name."""

    here: PlaceView
    places: dict[str, list[PlaceView]]
    open: frozenset[int]
    teams: dict[str, list[TeamView]]
    make_teams: bool

    @classmethod
    def load(cls, session: Session, place_id: int | None, *, make_teams: bool, actor: Actor) -> "_Directory":
        center_id = actor.center_id
        here = place_of_list(session, place_id, actor=actor)
        paths = actor.paths(Permission.MANAGE_VOLUNTEERS)
        places: dict[str, list[PlaceView]] = {}
        found = all_places(session, center_id, paths=paths)
        for place in found:
            places.setdefault(place.name, []).append(place)
        teams: dict[str, list[TeamView]] = {}
        for team in queries.all_teams(session, center_id, paths=paths):
            teams.setdefault(team.name, []).append(team)
        return cls(here, places, frozenset({here.id, *(place.id for place in found)}), teams, make_teams)

    def destination(self, person: Person) -> Destination:
        place = self._place(person.place)
        if person.team is None:
            return Destination((place or self.here).id, None, None)
        found = [team for team in self.teams.get(person.team, []) if place is None or team.place_id == place.id]
        if len(found) > 1:
            # If the row doesn't decide, the place chosen for the whole list does.
            found = [team for team in found if team.place_id == self.here.id] or found
        if len(found) > 1:
            raise _WrongCell("team", "import.team_ambiguous")
        if found:
            return Destination(place.id if place else found[0].place_id, found[0].id, None)
        if not self.make_teams:
            raise _WrongCell("team", "import.team_unknown")
        return Destination((place or self.here).id, None, person.team)

    def _place(self, name: str | None) -> PlaceView | None:
        if name is None:
            return None
        found = self.places.get(name, [])
        if len(found) > 1:
            raise _WrongCell("place", "import.place_ambiguous")
        if not found:
            raise _WrongCell("place", "import.place_unknown")
        return found[0]


def refuse_errors(errors: Sequence[RowError]) -> None:
    """Raises Rejected("import.has_errors", count=…) if there are any: all or nothing."""
    if errors:
        raise Rejected("import.has_errors", count=len(errors))
