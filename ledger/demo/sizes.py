"""Sizes of a demonstration: a village for tests, a district with realistic numbers, a district of a capital."""

from dataclasses import dataclass

_DAYS_OF_A_YEAR, _MONTHS_OF_A_YEAR = 365, 12


@dataclass(frozen=True, slots=True)
class Size:
    """Counts; `activities` and `visits` to shops are per year, for `years` years.

    The `regulars` of a station come often; `home_share` of the activities and `home_visits` of the visits take place
    at the station of the printed log-ins.
    """

    institutes: int
    stations: int
    teams: int
    volunteers: int
    activities: int
    shops: int
    visits: int
    regulars: int
    home_share: float
    home_visits: float = 0.4
    years: int = 1

    @property
    def places(self) -> int:
        """The number of places: the center, its institutes and its stations."""
        return 1 + self.institutes + self.stations

    @property
    def days(self) -> int:
        """The length of the story in days."""
        return self.years * _DAYS_OF_A_YEAR

    @property
    def months(self) -> int:
        """The length of the story in months."""
        return self.years * _MONTHS_OF_A_YEAR


VILLAGE = Size(
    institutes=1, stations=3, teams=14, volunteers=90, activities=40, shops=1, visits=70, regulars=20, home_share=0.6
)
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
# Places, teams, shops and volunteers as in Haidian; stations and shops are as busy as the district's.
HAIDIAN = Size(
    institutes=29,
    stations=648,
    teams=1871,
    volunteers=100_000,
    activities=7_128,
    shops=220,
    visits=13_200,
    regulars=26,
    home_share=0.01,
    home_visits=0.02,
)
SIZES = {"village": VILLAGE, "district": DISTRICT, "haidian": HAIDIAN}
