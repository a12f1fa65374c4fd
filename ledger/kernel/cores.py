"""How much of the machine the server takes: which cores its requests run on, and how many threads answer them.

On SQLite requests keep to one core: threads of Python on two cores wait for the interpreter's lock instead of working
(decision 19). Jobs have all cores in any case: what they ask the database runs without that lock.
"""

import os
from dataclasses import dataclass

ALL = 0
# What the process was given, asked before a thread is kept to a part of it.
_THERE: frozenset[int] = frozenset(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else frozenset()
THREADS = 48
# On one core more threads than this only wait for each other.
_THREADS_ON_ONE_CORE = 16


@dataclass(frozen=True, slots=True)
class Share:
    """What the server takes: `cores` is empty where it takes all there are."""

    cores: frozenset[int]
    threads: int
    why: str

    def __str__(self) -> str:
        there = len(_THERE) or os.cpu_count() or 1
        taken = f"{len(self.cores)} of {there} cores" if self.cores else f"all cores ({there})"
        return f"{taken} and {self.threads} threads: {self.why}"


def choose(*, embedded: bool, cores: int | None, threads: int | None) -> Share:
    """The share of a server; `cores` (ALL for all) and `threads` are what the settings say, if anything.

    `embedded` is whether its database runs in the process itself.
    """
    taken, why = _cores(embedded, cores)
    usual = _THREADS_ON_ONE_CORE if len(taken) == 1 else THREADS
    return Share(taken, threads or usual, why if threads is None else f"{why}; threads as LEDGER_THREADS says")


def keep_to(share: Share) -> None:
    """Keep this thread, and all that it starts from now on, to the cores of a share."""
    if share.cores:
        os.sched_setaffinity(0, share.cores)


def roam() -> None:
    """Let this thread use all cores again: for long work that asks the database most of the time."""
    if _THERE:
        os.sched_setaffinity(0, _THERE)


def all_there() -> list[int]:
    """The cores that the process was given; empty where the system can't say."""
    return sorted(_THERE)


def _cores(embedded: bool, wanted: int | None) -> tuple[frozenset[int], str]:
    """Which cores, and why; the last ones, for the first answer most interrupts."""
    there = all_there()
    if not there:
        return frozenset(), "this system can't keep a process to a core"
    if len(there) == 1:
        return frozenset(), "there is no other"
    if wanted is None and embedded:
        return frozenset(there[-1:]), "on SQLite one core answers faster than several; LEDGER_CORES changes it"
    if wanted is None:
        return frozenset(), "LEDGER_CORES is not set"
    if wanted > len(there):
        return frozenset(), f"LEDGER_CORES says {wanted}, but there are {len(there)}"
    return frozenset(there[-wanted:] if ALL < wanted < len(there) else ()), "as LEDGER_CORES says"
