"""Metrics of units: count, outcome, duration, and units per COMMIT."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import Counter, Histogram

from ledger.kernel.errors import LedgerError, Unavailable

UNITS = Counter("ningxin_units_total", "Units of work: done, refused, busy (ask again) or failed.", ["outcome"])
UNIT_SECONDS = Histogram(
    "ningxin_unit_seconds",
    "From the call of a unit to its answer, the wait for the writer included.",
    buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
GROUP_SIZE = Histogram(
    "ningxin_group_units",
    "Units that one COMMIT made durable, on SQLite.",
    buckets=(1, 2, 4, 8, 16, 32, 64, 128),
)


@contextmanager
def measured_unit() -> Iterator[None]:
    """Measure the block as one unit."""
    begun, outcome = time.perf_counter(), "failed"
    try:
        yield
        outcome = "done"
    except Unavailable:
        outcome = "busy"
        raise
    except LedgerError:
        outcome = "refused"
        raise
    finally:
        UNITS.labels(outcome).inc()
        UNIT_SECONDS.observe(time.perf_counter() - begun)
