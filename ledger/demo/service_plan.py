"""Plans the years of service: activities, shifts, and when people come, leave or forget to check out."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from random import Random
from zoneinfo import ZoneInfo

from ledger.demo import words
from ledger.demo.people_plan import DEMO_VOLUNTEER, Population
from ledger.demo.sizes import Size
from ledger.kernel.clock import local_day

DAYS_AHEAD = 12
WATCH_DAYS = 31
_STARTS = (time(8), time(8, 30), time(9), time(14), time(14, 30), time(15), time(18, 30))
_MINUTES = (90, 120, 120, 120, 150, 180)


@dataclass(frozen=True, slots=True, eq=False)
class Presence:
    """A person's part in a shift. Without `came_at` they didn't come, without `left_at` they forgot to check out.

    `oddity` is a special event: "early" a scan before check-in opens, "twice" a double scan, "asked" a walk-in who had
    to confirm. `review` is when somebody decides on a doubtful attendance, and how.
    """

    volunteer: int
    method: str
    signed_up_at: datetime | None
    came_at: datetime | None
    left_at: datetime | None
    oddity: str = ""
    review: tuple[datetime, bool] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class ShiftPlan:
    """A shift at a station (a position among the places) and its people."""

    station: int
    starts_at: datetime
    ends_at: datetime
    people: tuple[Presence, ...]


@dataclass(frozen=True, slots=True)
class ActivityPlan:
    """An activity at a station, published at `announced_at`."""

    station: int
    team: int | None
    name: str
    category: str
    announced_at: datetime
    shifts: tuple[ShiftPlan, ...]


def make_activities(
    rng: Random, size: Size, population: Population, now: datetime, zone: ZoneInfo
) -> list[ActivityPlan]:
    """Draw the activities of the years that end at `now`, and announced ones for the days after."""
    planner = _Planner(rng, size, population, now, zone)
    special = [*planner.special()]
    usual = [planner.usual() for _ in range(size.activities * size.years - len(special))]
    return special + usual


class _Planner:
    """Draws activities one by one, so that no two overlap at a station."""

    def __init__(self, rng: Random, size: Size, population: Population, now: datetime, zone: ZoneInfo) -> None:
        self._rng = rng
        self._size = size
        self._population = population
        self._now = now
        self._zone = zone
        self._first_day = local_day(now - timedelta(days=size.days), zone) + timedelta(days=2)
        self._taken: set[tuple[int, datetime]] = set()
        self._stations = list(population.regulars)
        self._teams: dict[int, list[int]] = {}
        for number, (place, _) in enumerate(population.teams):
            self._teams.setdefault(place, []).append(number)

    def usual(self) -> ActivityPlan:
        """An activity at some time in those years, sometimes with a second shift a week later."""
        rng = self._rng
        home = self._population.home
        station = home if rng.random() < self._size.home_share else rng.choice(self._stations)
        starts_at = self._free_start(station)
        minutes = rng.choice(_MINUTES)
        starts = [starts_at]
        week_later = starts_at + timedelta(days=7)
        if rng.random() < 0.12 and self._take(station, week_later):
            starts.append(week_later)
        usually = starts_at - timedelta(days=rng.randint(5, 9), hours=rng.randint(0, 5))
        announced_at = min(max(usually, self._opening()), self._now - timedelta(hours=1))
        category, names = rng.choice(words.DEEDS)
        shifts = tuple(self._shift(station, at, minutes, announced_at) for at in starts)
        return self._activity(station, rng.choice(names), category, announced_at, shifts)

    def special(self) -> Iterator[ActivityPlan]:
        """Activities for the printed log-ins at their station: past, running, tomorrow's, permanent; and a long day."""
        home, now = self._population.home, self._now
        announced_at = now - timedelta(days=4, hours=3)
        begun = _rounded(now - timedelta(minutes=50))
        yesterday = self._day(-1, time(9))
        flood = self._day(-120, time(8))
        midnights = [self._day(ahead, time(0)).astimezone(UTC) for ahead in range(WATCH_DAYS + 1)]
        # No shift is longer than a day, even when clocks go back.
        watch = tuple(ShiftPlan(home, at, min(after, at + timedelta(days=1)), ()) for at, after in pairwise(midnights))
        yield self._activity(home, "社区巡逻", "治安", announced_at, (self._running(begun),))
        tomorrow = self._shift(home, self._day(1, time(9)), 120, announced_at, with_demo=True)
        yield self._activity(home, "村道清扫", "环保", announced_at, (tomorrow,))
        yield self._activity(home, "敬老探访", "助老", announced_at, (self._forgetful(yesterday, announced_at),))
        yield self._activity(home, words.WATCH[1], words.WATCH[0], announced_at, watch)
        self._taken |= {(home, flood.replace(hour=hour)) for hour in (0, 12)}
        before = flood - timedelta(days=1)
        yield self._activity(home, words.FLOOD[1], words.FLOOD[0], before, (self._long_day(flood),))

    def _running(self, begun: datetime) -> ShiftPlan:
        """A running shift: some people are there, and the demonstration's volunteer has signed up and can check in."""
        regulars = [each for each in self._population.regulars[self._population.home] if each != DEMO_VOLUNTEER]
        people = [
            Presence(each, self._method(each), None, begun + timedelta(minutes=3 + 7 * place), None)
            for place, each in enumerate(regulars[:5])
        ]
        signed_up = self._now - timedelta(days=1, hours=2)
        people.append(Presence(DEMO_VOLUNTEER, "phone", signed_up, None, None))
        people += [Presence(each, "card", signed_up, None, None) for each in regulars[5:8]]
        return ShiftPlan(self._population.home, begun, begun + timedelta(hours=4), tuple(people))

    def _forgetful(self, starts_at: datetime, announced_at: datetime) -> ShiftPlan:
        """Yesterday's shift: three people forgot to check out, and nobody has decided yet."""
        shift = self._shift(self._population.home, starts_at, 120, announced_at)
        people = [
            Presence(each.volunteer, each.method, each.signed_up_at, each.came_at, None if place < 3 else each.left_at)
            for place, each in enumerate(shift.people)
        ]
        return ShiftPlan(shift.station, shift.starts_at, shift.ends_at, tuple(people))

    def _long_day(self, starts_at: datetime) -> ShiftPlan:
        """Nine hours at the dam: above the daily limit, so it needs a review."""
        ends_at = starts_at + timedelta(hours=9)
        people = tuple(
            Presence(
                each,
                "card",
                None,
                starts_at - timedelta(minutes=10 - place),
                ends_at + timedelta(minutes=place),
                review=(ends_at + timedelta(days=1, minutes=place), True),
            )
            for place, each in enumerate(self._population.regulars[self._population.home][1:7])
        )
        return ShiftPlan(self._population.home, starts_at, ends_at, people)

    def _shift(
        self, station: int, starts_at: datetime, minutes: int, announced_at: datetime, *, with_demo: bool = False
    ) -> ShiftPlan:
        ends_at = starts_at + timedelta(minutes=minutes)
        pool = self._population.regulars[station]
        wanted = min(len(pool), self._rng.choice((8, 9, 9, 10, 10, 11, 11, 12)))
        # People early in the list come more often: a few do most of the work, as everywhere.
        drawn = sorted(pool, key=lambda each: -(self._rng.random() ** (1 + pool.index(each) / 6)))[:wanted]
        often = DEMO_VOLUNTEER in pool and DEMO_VOLUNTEER not in drawn and self._rng.random() < 0.8
        if (with_demo and DEMO_VOLUNTEER not in drawn) or often:
            drawn[-1] = DEMO_VOLUNTEER
        people = tuple(self._presence(each, starts_at, ends_at, announced_at) for each in drawn)
        return ShiftPlan(station, starts_at, ends_at, people)

    def _presence(self, volunteer: int, starts_at: datetime, ends_at: datetime, announced_at: datetime) -> Presence:
        rng = self._rng
        came_at: datetime | None = starts_at + timedelta(minutes=rng.randint(-18, 6), seconds=rng.randrange(60))
        left_at: datetime | None = ends_at + timedelta(minutes=rng.randint(-3, 22), seconds=rng.randrange(60))
        signed_up_at, review = None, None
        if rng.random() < 0.4:
            signed_up_at = announced_at + (starts_at - announced_at) * rng.uniform(0.1, 0.9)
        luck = rng.random()
        if luck < 0.05:
            came_at = starts_at + timedelta(minutes=rng.randint(15, 40))
        elif luck < 0.08:
            left_at = ends_at - timedelta(minutes=rng.randint(20, 40))
        elif luck < 0.115 and volunteer != DEMO_VOLUNTEER:
            left_at, decided_at = None, ends_at + timedelta(days=rng.randint(1, 8), hours=rng.randint(1, 4))
            review = (decided_at, rng.random() < 0.85)
        elif luck < 0.135 and signed_up_at is not None:
            came_at = left_at = None
        return Presence(volunteer, self._method(volunteer), signed_up_at, came_at, left_at, self._oddity(), review)

    def _oddity(self) -> str:
        return self._rng.choices(("", "early", "twice", "asked"), (94, 1, 2, 3))[0]

    def _method(self, volunteer: int) -> str:
        return self._population.people[volunteer].method

    def _activity(
        self, station: int, name: str, category: str, announced_at: datetime, shifts: Sequence[ShiftPlan]
    ) -> ActivityPlan:
        team = self._rng.choice(self._teams.get(station) or [None])
        return ActivityPlan(station, team, name, category, announced_at, tuple(shifts))

    def _free_start(self, station: int) -> datetime:
        while True:
            day = self._first_day + timedelta(days=self._rng.randrange(self._size.days - 2 + DAYS_AHEAD))
            if day.weekday() < 5 and self._rng.random() < 0.35:
                continue
            starts_at = datetime.combine(day, self._rng.choice(_STARTS), self._zone)
            if self._take(station, starts_at):
                return starts_at

    def _take(self, station: int, starts_at: datetime) -> bool:
        """Reserve half a day at a station; the days around now at the home station are kept for special activities."""
        if station == self._population.home and abs(starts_at - self._now) < timedelta(days=2):
            return False
        half = starts_at.replace(hour=starts_at.hour // 12 * 12, minute=0)
        if (station, half) in self._taken:
            return False
        self._taken.add((station, half))
        return True

    def _opening(self) -> datetime:
        return datetime.combine(self._first_day - timedelta(days=1), time(12), self._zone)

    def _day(self, ahead: int, at: time) -> datetime:
        return datetime.combine(local_day(self._now, self._zone) + timedelta(days=ahead), at, self._zone)


def _rounded(instant: datetime) -> datetime:
    return instant.replace(minute=instant.minute // 5 * 5, second=0, microsecond=0)
