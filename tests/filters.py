"""What pages read of their addresses: every name that the source has, and the values that one page takes."""

import ast
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from ledger.kernel.ids import public_id
from ledger.web import asked
from tests.source import dotted, package
from tests.tour import Tour

# What is typed into a field of text, by its name; `number` is how a person types it, not how the API reads it.
TYPED = {
    "q": ("1", "+8613800000000", "王桂兰"),
    "who": ("1", "+8613800000000"),
    "household": ("柳荫017",),
    "number": ("1",),
    "receipt": ("2026-1",),
    "unit": ("point",),
}
# Keys that pages name in their own words.
POINTS_AT = {"station": "station_id", "transfer": "transfer_id", "new": "identity_id", "revoked": "grant_id"}
FROM = ("from", "since")
# Values that only fill in a form.
FILLS_IN = ("verbatim", "everything")

Values = dict[str, tuple[str, ...]]


def names_in_the_source() -> set[str]:
    """Every parameter that pages read, found in the source."""
    return {name for _reader, name in _read_in_the_source()}


def filters_in_the_source() -> set[str]:
    """Those of them that decide what is read from the database."""
    return {name for reader, name in _read_in_the_source() if reader not in FILLS_IN}


def _read_in_the_source() -> set[tuple[str, str]]:
    return {
        (dotted(node.func).removeprefix("asked."), str(node.args[0].value))
        for source in package()
        for node in source.nodes()
        if isinstance(node, ast.Call) and dotted(node.func).startswith("asked.") and node.args
        if isinstance(node.args[0], ast.Constant) and isinstance(node.args[0].value, str)
    }


@contextmanager
def heard_filters(tour: Tour) -> Iterator[Values]:
    """The filters that pages read meanwhile, each with values to try."""
    heard: Values = {}

    def listen(reader: str, values: Callable[..., tuple[str, ...]]) -> None:
        read = getattr(asked, reader)

        def reading(name: str, *args: Any, **kwargs: Any) -> Any:
            heard.setdefault(name, values(name, *args))
            return read(name, *args, **kwargs)

        patch.setattr(asked, reader, reading)

    with pytest.MonkeyPatch.context() as patch:
        listen("choice", lambda _name, among: tuple(among))
        listen("text", lambda name: TYPED[name])
        listen("has", lambda _name: ("1",))
        listen("day", lambda name: ("2010-01-01" if name in FROM else "2150-01-01",))
        listen("end_of_minute", lambda _name: ("2026-06-01T00:00",))
        for reader in ("key", "pointer"):
            listen(reader, lambda name: (public_id(int(tour.keys[POINTS_AT.get(name, name)])),))
        yield heard
