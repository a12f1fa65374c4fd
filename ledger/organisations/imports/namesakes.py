"""Rows of one list that may mean one person: by number, by phone, or by a name that nothing else tells apart. Pure."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ledger.kernel.characters import name_key
from ledger.organisations.imports.rows import Person
from ledger.people.policy import household_key


@dataclass(frozen=True, slots=True)
class Alike:
    """A row that may mean the person of another one. Without a `code` it is a question, else a fault of the column."""

    person: Person
    other_row: int
    code: str = ""
    column: str = "name"


def alike(people: Sequence[Person]) -> list[Alike]:
    """Rows that mean the person of an earlier row, or may do so."""
    return [*_same_number(people), *_same_phone(people), *_same_name(people)]


def _same_number(people: Iterable[Person]) -> Iterator[Alike]:
    seen: dict[str, int] = {}
    for person in people:
        if person.number and (other := seen.setdefault(person.number, person.row)) != person.row:
            yield Alike(person, other, "import.number_twice", "number")


def _same_phone(people: Iterable[Person]) -> Iterator[Alike]:
    seen: dict[str, Person] = {}
    for person in people:
        if person.phone and (other := seen.setdefault(person.phone, person)) is not person:
            again = name_key(other.name) == name_key(person.name)
            yield Alike(person, other.row, "import.person_again" if again else "import.phone_twice", "phone")


def _same_name(people: Iterable[Person]) -> Iterator[Alike]:
    """Two people with one name are told apart by number, phone, household or the last four digits."""
    groups: dict[str, list[Person]] = defaultdict(list)
    for person in people:
        groups[name_key(person.name)].append(person)
    for namesakes in groups.values():
        if len(namesakes) > 1:
            yield from _in_group(namesakes)


def _in_group(namesakes: Sequence[Person]) -> Iterator[Alike]:
    last4s, homes = Counter(each.id_last4 for each in namesakes), Counter(_home(each) for each in namesakes)
    bare = [each for each in namesakes if not each.phone and not each.number]
    told = Counter(_told(each) for each in bare)
    first: dict[tuple[str | None, ...], int] = {}
    asked: set[int] = set()
    for person in bare:
        if told[_told(person)] > 1:
            if (other := first.setdefault(_told(person), person.row)) != person.row:
                yield Alike(person, other, "import.namesakes")
        elif not _alone(person.id_last4, last4s) and not _alone(_home(person), homes):
            other = next(each.row for each in namesakes if each is not person)
            if other not in asked:
                asked.add(person.row)
                yield Alike(person, other)


def _told(person: Person) -> tuple[str | None, ...]:
    """All that is told of somebody beside the name."""
    return (person.id_last4, _home(person), _key(person.team), _key(person.place))


def _alone(value: str | None, among: Counter[str | None]) -> bool:
    """Whether everybody of the group has a value, and nobody else this one."""
    return value is not None and among[value] == 1 and None not in among


def _home(person: Person) -> str | None:
    return person.household and household_key(person.household)


def _key(name: str | None) -> str | None:
    return name and name_key(name)
