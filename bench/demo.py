"""Building the demonstration from nothing: what it costs the services to make a village or a district in one unit."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from bench.book import opened, sqlite_book
from bench.measuring import Figure, cpu_seconds
from bench.recording import Recorder, replay_unit, sqlite_driver
from ledger.demo import district
from ledger.demo.logins import make_logins
from ledger.demo.sizes import Size
from ledger.kernel import clock
from ledger.kernel.db import in_transaction
from ledger.kernel.migrations import upgrade

_AWARDS = 1_000
_TRANSFERS_OF_AN_AWARD = 2


def from_nothing(folder: Path, size: Size, *, rounds: int) -> Iterator[Figure]:
    """Transfers per processor second, and the cost of one over two cheaper ways, measured in the same run.

    One replays all statements of the services, reads and savepoints too, by the bare driver; the other posts awards
    by the ledger alone, many in one unit as here. Planning and verification are left out.
    """
    rates, over_sql, over_awards = [], [], []
    for round_ in range(rounds):
        before, path = (folder / f"demo-{round_}-{name}.sqlite3" for name in ("empty", "full"))
        upgrade(f"sqlite:///{before}")
        path.write_bytes(before.read_bytes())
        processor, transfers, recorder = _play(path, size)
        rates.append(transfers / processor)
        with closing(sqlite_driver(before)) as driver:
            over_sql.append(cpu_seconds(lambda: [replay_unit(driver, unit) for unit in recorder.units]) / processor)  # noqa: B023
        over_awards.append(processor / transfers / _award_seconds(folder))
    yield Figure("G14 demonstration", "transfers a second (SQLite, CPU)", tuple(rates), at_least=3_000)
    yield Figure("G14 demonstration", "raw SQL / services (SQLite, CPU)", tuple(over_sql))
    yield Figure("G14 demonstration", "a transfer / one of a unit of awards (CPU)", tuple(over_awards))


def _play(path: Path, size: Size) -> tuple[float, int, Recorder]:
    """Processor seconds, the number of transfers, and the statements sent to the writer."""
    with closing(opened(f"sqlite:///{path}")) as database:
        script = district.write_script(district.SEED, size, clock.now(), make_logins(), lambda _line: None)
        recorder = Recorder(database.writer, savepoints=True)
        made: list[int] = []
        with recorder.listening():
            processor = cpu_seconds(lambda: made.append(in_transaction(district.play, script, lambda _line: None)))
        return processor, made[0], recorder


def _award_seconds(folder: Path) -> float:
    """Processor seconds per transfer when a unit posts many awards."""
    with sqlite_book(folder, members=50) as book:
        return cpu_seconds(lambda: book.awards(_AWARDS)) / (_AWARDS * _TRANSFERS_OF_AN_AWARD)
