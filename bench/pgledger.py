"""Transfers against pgledger, in a database that already has it, and ours in a new one on the same server, alternating.

Cold: each client uses its own accounts. Hot: all clients take from one account, like an issuer's.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from itertools import count
from typing import Any

import psycopg
import sqlalchemy as sa
from psycopg import sql

from bench.book import Book, new_book
from bench.measuring import Figure, in_turns, wall_seconds
from ledger.kernel.ids import public_id
from ledger.points.policy import POINT
from ledger.points.raw import service as raw

_BATCH = 50
_numbers = count(1)
_Sides = tuple[str, str]


class _Peer:
    """pgledger's accounts, and a connection for each client."""

    def __init__(self, url: str, clients: int) -> None:
        self.connections = [psycopg.connect(url, autocommit=True) for _ in range(clients)]
        self.accounts = [self._account() for _ in range(2 * clients)]

    def transfers(self, client: int, times: int, sides: _Sides) -> None:
        """Make `times` transfers, each with its own call and commit."""
        connection = self.connections[client]
        for _ in range(times):
            connection.execute("SELECT id FROM pgledger_create_transfer(%s, %s, 1)", sides).fetchall()

    def close(self) -> None:
        """Close the connections."""
        for connection in self.connections:
            connection.close()

    def _account(self) -> str:
        name = f"bench {next(_numbers)}"
        row = self.connections[0].execute("SELECT id FROM pgledger_create_account(%s, 'POINT')", [name]).fetchone()
        assert row is not None
        return str(row[0])


class _Ours:
    """The same through the raw ledger."""

    def __init__(self, book: Book, clients: int) -> None:
        self.book = book
        self.accounts = [
            book.run(raw.open_account, POINT, overdraft=True, actor=book.actor) for _ in range(2 * clients)
        ]

    def transfers(self, _client: int, times: int, sides: tuple[int, int]) -> None:
        """Make `times` transfers, each with its own request and commit."""
        for _ in range(times):
            self.book.chain(1, sides=sides)

    def in_requests(self, times: int, sides: tuple[int, int]) -> None:
        """Make `times` transfers in requests of several."""
        for _ in range(0, times, _BATCH):
            self.book.chain(_BATCH, sides=sides)


def pgledger(url: str, *, clients: int, times: int, rounds: int) -> Iterator[Figure]:
    """pgledger's transfer over ours, by the clock, with `clients` clients that each make `times` transfers."""
    address = sa.make_url(url)
    name = f"bench_{public_id(next(_numbers))}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    ours = address.set(drivername="postgresql+psycopg", database=name)
    book = new_book(ours.render_as_string(hide_password=False), members=0)
    book.prepare()
    yield from _figures(_Peer(url, clients), _Ours(book, clients), clients, times, rounds)
    book.database.close()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def _figures(peer: _Peer, own: _Ours, clients: int, times: int, rounds: int) -> Iterator[Figure]:
    def cold(which: Any) -> float:
        pairs = zip(which.accounts[::2], which.accounts[1::2], strict=True)
        return _at_once([partial(which.transfers, client, times, sides) for client, sides in enumerate(pairs)])

    def hot() -> float:
        issuer, *others = peer.accounts[: clients + 1]
        return _at_once([partial(peer.transfers, n, times, (issuer, other)) for n, other in enumerate(others)])

    def batched() -> float:
        return wall_seconds(lambda: own.in_requests(clients * times, (own.accounts[0], own.accounts[1])))

    what = f"its transfer / ours, {clients} clients (PostgreSQL, clock)"
    yield Figure(
        "G6 pgledger, cold", what, in_turns(lambda: cold(own), lambda: cold(peer), rounds=rounds), at_least=2.5
    )
    what = f"its transfer, {clients} clients / one of {_BATCH} in a request (PostgreSQL, clock)"
    yield Figure("G6 pgledger, hot", what, in_turns(batched, hot, rounds=rounds), at_least=10)
    peer.close()


def _at_once(works: list[Callable[[], None]]) -> float:
    with ThreadPoolExecutor(len(works)) as pool:

        def all_of_them() -> None:
            for waiting in [pool.submit(copy_context().run, work) for work in works]:
                waiting.result()

        return wall_seconds(all_of_them)
