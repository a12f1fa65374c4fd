"""`make bench` still works: it produces every figure of the table, at a size too small to mean anything."""

import math
from pathlib import Path

import pytest

from bench import growth, indexing, proving
from bench.__main__ import SIZES, measure
from bench.measuring import Figure, table
from tests.databases import PostgresServer

GROUPS = {"G4", "G5", "G8", "G9", "G10", "G14", "indexes", "seal", "sealing", "screens", "start"}


@pytest.mark.long
def test_every_figure_comes_out(tmp_path: Path) -> None:
    figures = list(measure(tmp_path, tmp_path, SIZES["tiny"], "", postgres=False))

    assert {figure.name.split(maxsplit=1)[0] for figure in figures} == GROUPS
    assert all(math.isfinite(ratio) and ratio > 0 for figure in figures for ratio in figure.ratios)
    assert len(table(figures).splitlines()) == len(figures) + 1


@pytest.mark.postgres
def test_long_books_and_indexes_are_measured_on_postgresql_too(postgres: PostgresServer, tmp_path: Path) -> None:
    figures = [
        *indexing.cost_on_postgres(postgres, tmp_path, people=2, rounds=1),
        *growth.growth_on_postgres(postgres, (200, 400), times=1, rounds=1),
        *proving.rederiving_on_postgres(postgres, transfers=400, rounds=1),
    ]

    assert {figure.name.split(maxsplit=1)[0] for figure in figures} == {"G8", "G9", "indexes"}
    assert all(math.isfinite(ratio) and ratio > 0 for figure in figures for ratio in figure.ratios)


def test_a_figure_says_whether_its_goal_is_reached() -> None:
    slow, quick = (Figure("G", "a / b", ratios, at_least=0.6) for ratios in ((0.4, 0.5, 0.7), (0.5, 0.6, 0.9)))
    assert [slow.verdict, quick.verdict] == ["NOT reached", "reached"]
    assert [Figure("G", "a / b", (1.2,), at_most=1.1).verdict, Figure("G", "a / b", (1.2,)).verdict] == [
        "NOT reached",
        "",
    ]
    assert "0.50" in table([slow])
