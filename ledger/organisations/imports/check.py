"""Plan an import row by row: new volunteers, known volunteers, and faults. Reads only."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace

from sqlalchemy.orm import Session

from ledger.kernel.actor import Actor
from ledger.kernel.errors import Conflict, Rejected
from ledger.organisations.imports.directory import Destination, Directory, WrongCell
from ledger.organisations.imports.known import Known, Sealed, differences
from ledger.organisations.imports.rows import Person, RowError, show
from ledger.people.identities.service import prepare
from ledger.people.volunteers.registration import NewVolunteer


@dataclass(slots=True)
class Plan:
    """What an import would do. `joining` are known volunteers who aren't in all of their row's teams yet; `housed` are
    known volunteers without a household, with the number in their row. `others` counts the rows that tell of somebody
    whom the actor doesn't manage: by phone or number, or as a member of the actor's team.

    What a person should know: rows taken for somebody `by_name` alone, with the number; new people with a namesake in
    `namesakes`, with the numbers; cells that `differ` from what is registered, and change nothing.
    """

    errors: list[RowError] = field(default_factory=list)
    new: list[tuple[NewVolunteer, Destination]] = field(default_factory=list)
    joining: list[tuple[int, Destination]] = field(default_factory=list)
    housed: dict[int, str] = field(default_factory=dict)
    unchanged: int = 0
    others: int = 0
    by_name: list[tuple[int, str]] = field(default_factory=list)
    namesakes: list[tuple[int, list[str]]] = field(default_factory=list)
    differ: list[tuple[int, str]] = field(default_factory=list)
    known: list[tuple[Person, int, Destination]] = field(default_factory=list)
    rows_new: list[int] = field(default_factory=list)

    @property
    def new_teams(self) -> list[tuple[int, str]]:
        """New teams as (place, name), in the order of the list."""
        rows = [destination for _, destination in [*self.new, *self.joining]]
        return list(dict.fromkeys((row.place_id, name) for row in rows for name in row.new_teams))

    def digest(self) -> str:
        """What is shown of the plan, so that nothing else is written."""
        new = [(row, asdict(where)) for row, (_, where) in zip(self.rows_new, self.new, strict=True)]
        known = [(person.row, who, asdict(where)) for person, who, where in self.known]
        told = [new, known, sorted(self.housed.items()), self.by_name, self.namesakes, self.differ]
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


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
    directory = Directory.load(session, place_id, make_teams=make_teams, actor=actor)
    known = Known.load(session, rows, actor)
    plan = Plan(others=known.others(rows))
    found: dict[int, int | None] = {}
    for row in rows:
        with _faults_of(row, plan):
            found[row.person.row] = known.by_key(row)
    # Whoever is found by number or phone is nobody else's by name.
    for row in sorted(rows, key=lambda each: found.get(each.person.row) is None):
        if row.person.row in found:
            with _faults_of(row, plan):
                _decide(plan, row, found[row.person.row], directory, known)
    plan.differ = sorted(differences(session, plan.known, known))
    return plan


@contextmanager
def _faults_of(row: Sealed, plan: Plan) -> Iterator[None]:
    try:
        yield
    except WrongCell as wrong:
        value = show(wrong.column, getattr(row.person, wrong.column) or "")
        plan.errors.append(RowError(row.person.row, wrong.column, value, wrong.code, wrong.context))


def _decide(plan: Plan, row: Sealed, keyed: int | None, directory: Directory, known: Known) -> None:
    """Put a row where it belongs in the plan; `keyed` is whose number or phone it has. Raises WrongCell."""
    person = row.person
    volunteer_id = keyed
    if keyed is None:
        destination = directory.destination(person, None)
        volunteer_id = known.by_name(row, destination)
    if volunteer_id is None:
        if destination.place_id not in directory.open:
            raise WrongCell("team", "import.place_closed")
        known.house_new(row)
        _add(plan, row, replace(destination, household=person.household), known)
        return
    if known.claimed.setdefault(volunteer_id, person.row) != person.row:
        column = next((each for each in ("number", "phone") if getattr(person, each)), "name")
        raise WrongCell(column, "import.person_again", other_row=known.claimed[volunteer_id])
    if keyed is None:
        # Its household tells of them; who has a phone or number is counted already.
        plan.others += not known.manages(volunteer_id)
        plan.by_name.append((person.row, known.views[volunteer_id].number))
    _keep(plan, person, volunteer_id, directory.destination(person, known.own(volunteer_id)), known)


def _add(plan: Plan, row: Sealed, destination: Destination, known: Known) -> None:
    plan.new.append((NewVolunteer(row.identity, destination.place_id), destination))
    plan.rows_new.append(row.person.row)
    if namesakes := known.namesakes(row):
        plan.namesakes.append((row.person.row, namesakes))


def _keep(plan: Plan, person: Person, volunteer_id: int, destination: Destination, known: Known) -> None:
    """A known volunteer, who may join teams or get a household. Raises WrongCell."""
    moves_in = known.moves_in(volunteer_id, person.household)
    there = {team_id for team_id, _ in known.teams.get(volunteer_id, ())}
    joins = bool(destination.new_teams) or not there.issuperset(destination.teams)
    if joins:
        plan.joining.append((volunteer_id, destination))
    if moves_in:
        plan.housed[volunteer_id] = person.household or ""
    plan.known.append((person, volunteer_id, destination))
    plan.unchanged += not joins and not moves_in


def refuse_errors(errors: Sequence[RowError]) -> None:
    """Raises Rejected("import.has_errors", count=…) if there are any: all or nothing."""
    if errors:
        raise Rejected("import.has_errors", count=len(errors))


def refuse_others(plan: Plan, shown: str | None) -> None:
    """Raises Conflict("import.changed_since") unless the plan is the one whose digest was shown."""
    if shown is not None and plan.digest() != shown:
        raise Conflict("import.changed_since")
