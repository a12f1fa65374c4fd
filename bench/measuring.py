"""Ratios of two ways to do the same, alternating in one run, so that other load on the machine hits both."""

import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

Timed = Callable[[], float]


@dataclass(frozen=True)
class Figure:
    """A line of the table: the goal, if any, and the ratio of each round. `ours` says what is divided by what."""

    name: str
    ours: str
    ratios: tuple[float, ...]
    at_least: float | None = None
    at_most: float | None = None

    @property
    def measured(self) -> float:
        """The median of the rounds."""
        return statistics.median(self.ratios)

    @property
    def verdict(self) -> str:
        """Whether the goal is reached; empty if there is none."""
        if self.at_least is not None:
            return "reached" if self.measured >= self.at_least else "NOT reached"
        if self.at_most is not None:
            return "reached" if self.measured <= self.at_most else "NOT reached"
        return ""

    @property
    def goal(self) -> str:
        """The goal in words."""
        if self.at_least is not None:
            return f">= {self.at_least:g}"
        return f"<= {self.at_most:g}" if self.at_most is not None else "-"


def cpu_seconds(work: Callable[[], object]) -> float:
    """Processor time of this process for `work`; waiting for the disk or for others doesn't count."""
    begun = time.process_time()
    work()
    return time.process_time() - begun


def wall_seconds(work: Callable[[], object]) -> float:
    """Time by the clock for `work`, if another process does part of it."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def written_bytes() -> int:
    """Bytes that this process has handed to the system to write."""
    lines = Path("/proc/self/io").read_text(encoding="ascii").splitlines()
    return int(dict(line.split(": ") for line in lines)["wchar"])


def bytes_of(work: Callable[[], object]) -> float:
    """Bytes that this process hands to the system for `work`."""
    before = written_bytes()
    work()
    return written_bytes() - before


def in_turns(first: Timed, second: Timed, *, rounds: int) -> tuple[float, ...]:
    """second / first for each round, after a warm-up round."""
    first(), second()
    ratios = []
    for _ in range(rounds):
        one = first()
        ratios.append(second() / one)
    return tuple(ratios)


def table(figures: Iterable[Figure]) -> str:
    """All figures, one line each."""
    lines = [("what", "ratio of", "goal", "measured", "range", "")]
    lines += [
        (
            figure.name,
            figure.ours,
            figure.goal,
            f"{figure.measured:.2f}",
            f"{min(figure.ratios):.2f} .. {max(figure.ratios):.2f}",
            figure.verdict,
        )
        for figure in figures
    ]
    return aligned(lines)


def aligned(lines: Sequence[Sequence[str]]) -> str:
    """Lines of cells under each other."""
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in lines)
