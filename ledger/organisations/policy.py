"""Pure decisions about places and teams: which kind belongs under which, valid names, and distance."""

import math
from collections.abc import Iterable

import ledger.organisations.errors  # noqa: F401 - registers the words of the refusals
from ledger.kernel.characters import name_key, settle
from ledger.kernel.errors import Rejected
from ledger.kernel.ids import public_id

CENTER, INSTITUTE, STATION = "center", "institute", "station"
UNDER: dict[str, tuple[str, ...]] = {CENTER: (INSTITUTE, STATION), INSTITUTE: (STATION,), STATION: ()}
NAME_LENGTH = 60
_EARTH_RADIUS_METRES = 6_371_000


def clean_name(text: str) -> str:
    """The name of a place or team without stray spaces. Raises Rejected("organisations.name_invalid")."""
    name = settle(text)
    if not 1 <= len(name) <= NAME_LENGTH or not name.isprintable():
        raise Rejected("organisations.name_invalid", most=NAME_LENGTH)
    return name


def is_named(names: Iterable[str], name: str) -> bool:
    """Whether the name is among the names, however it is written."""
    key = name_key(name)
    return any(name_key(each) == key for each in names)


def check_kind(kind: str, *, under: str) -> None:
    """Raises Rejected("organisations.kind_not_here") unless `kind` belongs under `under`."""
    if kind not in UNDER.get(under, ()):
        raise Rejected("organisations.kind_not_here")


def check_position(latitude: float | None, longitude: float | None) -> None:
    """Raises Rejected("organisations.position_invalid") unless both are valid (WGS-84 degrees) or both are missing."""
    if latitude is None and longitude is None:
        return
    if latitude is None or longitude is None or not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        raise Rejected("organisations.position_invalid")


def path_under(parent_path: str, place_id: int) -> str:
    """The path of a place: its parent's and its own public id, between slashes."""
    return f"{parent_path}{public_id(place_id)}/"


def metres_between(one: tuple[float, float], other: tuple[float, float]) -> float:
    """The distance between two positions (latitude and longitude in degrees) along the ground, in metres."""
    (lat1, lon1), (lat2, lon2) = (tuple(map(math.radians, position)) for position in (one, other))
    half = math.sin((lat2 - lat1) / 2) ** 2 + math.cos(lat1) * math.cos(lat2) * math.sin((lon2 - lon1) / 2) ** 2
    return 2 * _EARTH_RADIUS_METRES * math.asin(math.sqrt(min(1.0, half)))
