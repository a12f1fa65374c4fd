"""How large a demonstration is: a district with the numbers of a real one, or a village for tests."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Size:
    """Counts of what there is. `visits` to shops are those of the year; `regulars` of a station come often,
    and `home_share` of the activities are at the station of the printed log-ins."""

    institutes: int
    stations: int
    teams: int
    volunteers: int
    activities: int
    shops: int
    visits: int
    regulars: int
    home_share: float

    @property
    def places(self) -> int:
        """The center, its institutes and its stations."""
        return 1 + self.institutes + self.stations


DISTRICT = Size(
    institutes=19,
    stations=59,
    teams=619,
    volunteers=4609,
    activities=650,
    shops=5,
    visits=1180,
    regulars=26,
    home_share=0.09,
)
VILLAGE = Size(
    institutes=1, stations=3, teams=14, volunteers=90, activities=40, shops=1, visits=70, regulars=20, home_share=0.6
)
