"""Group commit without other clients: what the queue and the leader cost a single client."""

from collections.abc import Iterator
from pathlib import Path

from bench.book import sqlite_book
from bench.measuring import Figure, in_turns, wall_seconds


def one_client(folder: Path, *, times: int, rounds: int) -> Iterator[Figure]:
    """The same awards, with group commit and plain commit; by the clock, which includes the disk."""
    with sqlite_book(folder, members=20) as book:

        def awards(*, plainly: bool) -> float:
            book.plainly = plainly
            return wall_seconds(lambda: [book.award() for _ in range(times)])

        ratios = in_turns(lambda: awards(plainly=False), lambda: awards(plainly=True), rounds=rounds)
        yield Figure("G4 group commit, one client", "plain commit / group (SQLite, clock)", ratios, at_least=0.95)
