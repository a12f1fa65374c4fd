"""Plans places, teams and people of the demonstration from a seed."""

from dataclasses import dataclass
from random import Random

from ledger.demo import words
from ledger.demo.sizes import Size
from ledger.people.policy import demonstration_phone

CENTER_PLACE = 0
# Phone numbers are numbered consecutively: first the printed log-ins, then staff, then volunteers.
FIRST_LOGIN, FIRST_STAFF, FIRST_VOLUNTEER = 1, 1_000, 10_000
DEMO_VOLUNTEER = 0
DEMO_PHONE = FIRST_LOGIN + 4


@dataclass(frozen=True, slots=True)
class PlacePlan:
    """A place; `parent` is its position in the list, None for the center."""

    kind: str
    name: str
    short: str
    parent: int | None


@dataclass(frozen=True, slots=True)
class PersonPlan:
    """A volunteer: `place` and `teams` are positions; `batch` is the month of registration, 0 the first day.

    `method` is how they usually check in: by phone, card or number.
    """

    name: str
    gender: str
    phone: str | None
    id_last4: str | None
    place: int
    teams: tuple[int, ...]
    batch: int
    method: str


@dataclass(frozen=True, slots=True)
class Population:
    """Places, teams and people; `teams` are (place, name), `regulars` the volunteers of each station."""

    places: tuple[PlacePlan, ...]
    teams: tuple[tuple[int, str], ...]
    people: tuple[PersonPlan, ...]
    regulars: dict[int, tuple[int, ...]]
    home: int


def make_population(rng: Random, size: Size) -> Population:
    """Draw the places, teams and people."""
    places = _places(rng, size)
    stations = [position for position, place in enumerate(places) if place.kind == "station"]
    teams = _teams(places, size)
    people = _people(rng, size, stations, teams)
    regulars = {station: [] for station in stations}  # type: dict[int, list[int]]
    for position, person in enumerate(people):
        if person.batch == 0:
            regulars[person.place].append(position)
    home = stations[0]
    return Population(places, teams, people, {at: tuple(some) for at, some in regulars.items()}, home)


def household_of(population: Population, position: int) -> str | None:
    """The number of a volunteer's household: of every three consecutive volunteers at a station, two are a family."""
    family, single = divmod(position // len(population.regulars), 3)
    station = population.places[population.people[position].place]
    return None if single == 2 else f"{station.short}{family + 1:03d}"


def draw_name(rng: Random, *, woman: bool) -> str:
    """An invented name typical of a village."""
    family = rng.choice(words.COMMON_SURNAMES if rng.random() < 0.6 else words.SURNAMES)
    given = words.WOMEN if woman else words.MEN
    first = rng.choice(given)
    return family + (first if rng.random() < 0.15 else first + rng.choice(given.replace(first, "")))


def _places(rng: Random, size: Size) -> tuple[PlacePlan, ...]:
    names = words.place_names()
    rng.shuffle(names)
    drawn = iter(name for name in names if not words.HOME_STATION.startswith(name))
    places = [PlacePlan("center", words.CENTER, "云溪", None)]
    for number in range(size.institutes):
        short = words.HOME_INSTITUTE if number == 0 else next(drawn) + rng.choice(words.TOWN_KINDS)
        places.append(PlacePlan("institute", f"{short}实践所", short, CENTER_PLACE))
    for number in range(size.stations):
        short = words.HOME_STATION if number == 0 else next(drawn) + rng.choice(words.STATION_KINDS)
        places.append(PlacePlan("station", f"{short}实践站", short, 1 + number % size.institutes))
    return tuple(places)


def _teams(places: tuple[PlacePlan, ...], size: Size) -> tuple[tuple[int, str], ...]:
    kinds = words.TEAMS
    return tuple(
        (number % len(places), places[number % len(places)].short + kinds[number // len(places) % len(kinds)])
        for number in range(size.teams)
    )


def _people(rng: Random, size: Size, stations: list[int], teams: tuple[tuple[int, str], ...]) -> tuple[PersonPlan, ...]:
    own_teams: dict[int, list[int]] = {}
    for number, (place, _) in enumerate(teams):
        own_teams.setdefault(place, []).append(number)
    return tuple(
        _person(rng, number, stations[number % len(stations)], own_teams, size) for number in range(size.volunteers)
    )


def _person(rng: Random, number: int, place: int, own_teams: dict[int, list[int]], size: Size) -> PersonPlan:
    early = number < size.regulars * size.stations
    woman = number == DEMO_VOLUNTEER or rng.random() < 0.58
    has_phone = number == DEMO_VOLUNTEER or rng.random() < 0.88
    choices = own_teams.get(place, [])
    teams = rng.sample(choices, min(len(choices), 2 if rng.random() < 0.2 else 1))
    usual = "phone" if number == DEMO_VOLUNTEER else rng.choices(("phone", "card", "number"), (50, 35, 15))[0]
    return PersonPlan(
        name="王桂兰" if number == DEMO_VOLUNTEER else draw_name(rng, woman=woman),
        gender="female" if woman else "male",
        phone=demonstration_phone(DEMO_PHONE if number == DEMO_VOLUNTEER else FIRST_VOLUNTEER + number)
        if has_phone
        else None,
        id_last4=f"{rng.randrange(1000):03}{rng.choice('0123456789X')}" if rng.random() < 0.7 else None,
        place=place,
        teams=tuple(sorted(teams)),
        batch=0 if early else rng.randrange(1, size.months),
        method=usual if has_phone or usual != "phone" else "card",
    )
