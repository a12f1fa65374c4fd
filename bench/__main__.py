"""`python -m bench`: goal, measured and range of each figure, as a table."""

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

from bench import committing, demo, growth, indexing, paths, peers, proving, reading, screens, serving, starting
from bench.measuring import Figure, table
from bench.pgledger import pgledger
from ledger.demo.sizes import DISTRICT, VILLAGE
from ledger.demo.sizes import Size as Demonstration
from tests.databases import PostgresServer, postgres_server


@dataclass(frozen=True)
class Size:
    """How much to measure: counted rounds, repetitions in each, members, the length of a chain and of the books."""

    rounds: int
    times: int
    members: int
    chain: int
    small: int
    large: int
    sealed: int
    people: int
    sales: int
    demonstration: Demonstration = DISTRICT
    makings: int = 3


SIZES = {
    "tiny": Size(
        rounds=1,
        times=1,
        members=3,
        chain=10,
        small=200,
        large=400,
        sealed=4,
        people=2,
        sales=2,
        demonstration=replace(VILLAGE, activities=8, visits=4),
        makings=1,
    ),
    "usual": Size(
        rounds=5,
        times=150,
        members=200,
        chain=1_000,
        small=10_000,
        large=1_000_000,
        sealed=20_000,
        people=150,
        sales=1_000,
    ),
    "huge": Size(
        rounds=5,
        times=150,
        members=200,
        chain=1_000,
        small=10_000,
        large=10_000_000,
        sealed=20_000,
        people=150,
        sales=1_000,
    ),
}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--size", choices=SIZES, default="usual")
    parser.add_argument("--books", type=Path, help="where the long books are kept for the next time, outside the tree")
    parser.add_argument(
        "--only",
        default="",
        help="only groups with: paths, serving, commit, indexes, growth, reading, proofs, demo, screens, start, none",
    )
    parser.add_argument("--peers", type=Path, help="the Python of an environment with django-hordak and psycopg")
    parser.add_argument("--python-accounting", type=Path, help="the Python of an environment with python-accounting")
    parser.add_argument("--pgledger", help="postgresql://… of a database with pgledger, by whom databases can be made")
    parser.add_argument("--no-postgresql", action="store_true", help="SQLite alone")
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ledger-bench-") as folder:
        books = wanted.books or Path(folder)
        books.mkdir(parents=True, exist_ok=True)
        size = SIZES[wanted.size]
        figures = []
        for figure in chain(
            measure(Path(folder), books, size, wanted.only, postgres=not wanted.no_postgresql),
            _beside_others(wanted, Path(folder), size),
        ):
            print(f"{figure.name}: {figure.measured:.2f}", file=sys.stderr, flush=True)
            figures.append(figure)
    print(table(figures))


def _beside_others(wanted: argparse.Namespace, folder: Path, size: Size) -> Iterator[Figure]:
    how_many = {"times": size.times, "chain": size.chain, "rounds": size.rounds}
    if wanted.peers:
        yield from _on_postgres(lambda server: peers.hordak(wanted.peers, server, **how_many))
    if wanted.python_accounting:
        yield from peers.python_accounting(wanted.python_accounting, folder, **how_many)
    if wanted.pgledger:
        yield from pgledger(wanted.pgledger, clients=16, times=size.times // 5 or 1, rounds=size.rounds)


def measure(folder: Path, books: Path, size: Size, only: str, *, postgres: bool) -> Iterator[Figure]:
    """All figures, group by group."""
    work = paths.Work(size.members, size.times, size.chain, size.rounds)
    if only in "paths":
        yield from paths.on_sqlite(folder, work)
        if postgres:
            yield from _on_postgres(lambda server: paths.on_postgres(folder, server, work))
    if only in "serving":
        yield from serving.behind_the_server(folder, people=size.people, rounds=size.rounds)
    if only in "commit":
        yield from committing.one_client(folder, times=size.times, rounds=size.rounds)
    if only in "indexes":
        people = size.people // 3 or 1
        yield from indexing.cost_on_sqlite(folder, people=people, rounds=size.rounds)
        if postgres:
            yield from _on_postgres(
                lambda server: indexing.cost_on_postgres(server, folder, people=people, rounds=size.rounds)
            )
    yield from _in_long_books(folder, books, size, only, postgres=postgres)
    if only in "demo":
        yield from demo.from_nothing(folder, size.demonstration, rounds=size.makings)
    if only in "screens":
        yield from screens.of_a_district(folder, times=size.people, rounds=size.rounds)
    if only in "start":
        yield from starting.of_the_program(rounds=size.rounds)


def _in_long_books(folder: Path, books: Path, size: Size, only: str, *, postgres: bool) -> Iterator[Figure]:
    if only in "growth":
        lengths = (size.small, size.large)
        yield from growth.growth(folder, books, lengths, times=size.times, rounds=size.rounds)
        if postgres:
            yield from _on_postgres(
                lambda server: growth.growth_on_postgres(server, lengths, times=size.times, rounds=size.rounds)
            )
    if only in "reading":
        lengths, sales = (size.small, size.large), (size.sales // 20 or 1, size.sales)
        yield from reading.reading(folder, books, lengths, sales=sales, times=size.times, rounds=size.rounds)
    if only in "proofs":
        yield from proving.rederiving(books, transfers=size.large, rounds=size.rounds)
        if postgres:
            yield from _on_postgres(
                lambda server: proving.rederiving_on_postgres(server, transfers=size.large, rounds=size.rounds)
            )
        yield from proving.sealing_of(folder, batches=size.sealed, rounds=size.rounds)


def _on_postgres(figures: Callable[[PostgresServer], Iterator[Figure]]) -> Iterator[Figure]:
    """Figures from a temporary server; none if PostgreSQL is missing."""
    try:
        with postgres_server() as server:
            yield from figures(server)
    except LookupError as missing:
        print(f"not measured: {missing}")


if __name__ == "__main__":
    main()
