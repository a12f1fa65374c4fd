"""The places and teams that a list may name, by the one key of names, and what they mean in a row."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.orm import Session

from ledger.kernel.actor import Actor
from ledger.kernel.characters import name_key, settle
from ledger.kernel.errors import Conflict
from ledger.kernel.permissions import Permission
from ledger.organisations import queries
from ledger.organisations.imports.rows import Person
from ledger.organisations.queries import TeamView
from ledger.places.queries import PlaceView, all_places

# How exports write several teams, and people several names.
_TEAM_SIGNS = "、，,;；/／\n\r"
_BETWEEN_TEAMS = re.compile(f"[{_TEAM_SIGNS}]+")
# Of a team's name that has such signs itself.
_MOST_PARTS = 6
# The place above, where several places have one name.
_ABOVE = " / "


class WrongCell(Exception):
    """A cell that is read and can't be followed: its column, and the code and context of the fault."""

    def __init__(self, column: str, code: str, **context: Any) -> None:
        super().__init__(code)
        self.column, self.code, self.context = column, code, context


@dataclass(frozen=True, slots=True)
class Destination:
    """What a row assigns: a place, existing and new teams, and for new volunteers a household."""

    place_id: int
    teams: tuple[int, ...] = ()
    new_teams: tuple[str, ...] = ()
    household: str | None = None


@dataclass(frozen=True, slots=True)
class Own:
    """Where a known volunteer is already: whatever is there stays meant by its name, also elsewhere or closed."""

    place_id: int
    place_name: str
    teams: dict[str, list[int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Directory:
    """The places and teams to which the actor may assign people, by name."""

    here: PlaceView
    places: dict[str, list[PlaceView]]
    open: frozenset[int]
    teams: dict[str, list[TeamView]]
    make_teams: bool

    @classmethod
    def load(cls, session: Session, place_id: int | None, *, make_teams: bool, actor: Actor) -> "Directory":
        """The directory of the actor; raises what place_of_list raises."""
        center_id = actor.center_id
        here = place_of_list(session, place_id, actor=actor)
        paths = actor.paths(Permission.MANAGE_VOLUNTEERS)
        places, teams = defaultdict(list), defaultdict(list)
        labels = place_labels(session, center_id)
        found = all_places(session, center_id, paths=paths)
        for place in found:
            for key in {name_key(place.name), name_key(labels[place.id])}:
                places[key].append(place)
        for team in queries.all_teams(session, center_id, paths=paths):
            teams[name_key(team.name)].append(team)
        return cls(here, dict(places), frozenset({here.id, *(each.id for each in found)}), dict(teams), make_teams)

    def destination(self, person: Person, own: Own | None) -> Destination:
        """What a row assigns to a new or a known volunteer. Raises WrongCell."""
        place_id = self._place(person.place, own)
        teams: list[int] = []
        new: list[str] = []
        based = place_id
        for name in self._team_names(person.team, own):
            found = self._team(name, place_id, own)
            teams += [team_id for team_id, _ in found]
            based = based or (found[0][1] if found else None)
            new += [] if found else [name]
        if new and not self.make_teams:
            raise WrongCell("team", "import.team_unknown")
        at = based or (self.here.id if own is None else own.place_id)
        return Destination(at, tuple(dict.fromkeys(teams)), tuple(dict.fromkeys(new)))

    def _place(self, name: str | None, own: Own | None) -> int | None:
        if name is None:
            return None
        key = name_key(name)
        if own is not None and key == name_key(own.place_name):
            return own.place_id
        found = self.places.get(key, [])
        if len(found) != 1:
            raise WrongCell("place", "import.place_ambiguous" if found else "import.place_unknown")
        return found[0].id

    def _team_names(self, text: str | None, own: Own | None) -> Iterator[str]:
        """The names in a cell: the longest run of its parts that is a team, else each part."""
        written = (text or "").strip(_TEAM_SIGNS + " ")
        parts, seams = _BETWEEN_TEAMS.split(written), _BETWEEN_TEAMS.findall(written)
        while parts:
            most = min(len(parts), _MOST_PARTS)
            count = next((n for n in range(most, 1, -1) if self._knows(_sewn(parts[:n], seams), own)), 1)
            if name := settle(_sewn(parts[:count], seams)):
                yield name
            parts, seams = parts[count:], seams[count:]

    def _knows(self, name: str, own: Own | None) -> bool:
        key = name_key(name)
        return key in self.teams or (own is not None and key in own.teams)

    def _team(self, name: str, place_id: int | None, own: Own | None) -> list[tuple[int, int | None]]:
        """The team with this name as (id, place), or all of the person's own, [] for a new one. Raises WrongCell."""
        key = name_key(name)
        if own is not None and key in own.teams:
            return [(team_id, None) for team_id in own.teams[key]]
        found = [team for team in self.teams.get(key, []) if place_id is None or team.place_id == place_id]
        if len(found) > 1:
            # If the row doesn't decide, the place chosen for the whole list does.
            found = [team for team in found if team.place_id == self.here.id] or found
        if len(found) > 1:
            raise WrongCell("team", "import.team_ambiguous")
        return [(team.id, team.place_id) for team in found]


def _sewn(parts: Sequence[str], seams: Sequence[str]) -> str:
    return "".join(part + seam for part, seam in zip(parts, [*seams[: len(parts) - 1], ""], strict=True))


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


def place_labels(session: Session, center_id: int) -> dict[int, str]:
    """What a list calls each place: its name, after that of the place above if several places have that name."""
    places = all_places(session, center_id, closed=True)
    names = {place.id: place.name for place in places}
    keys = [name_key(place.name) for place in places]
    several = {key for key, count in Counter(keys).items() if count > 1}
    return {
        place.id: f"{names[place.parent_id]}{_ABOVE}{place.name}" if place.parent_id and key in several else place.name
        for place, key in zip(places, keys, strict=True)
    }
