"""The sealer's backlog, as metrics for operators."""

import math

from prometheus_client import Gauge
from sqlalchemy.exc import SQLAlchemyError

from ledger.kernel.db import in_snapshot
from ledger.kernel.errors import Unavailable
from ledger.points.sealing import queries as seal_queries

BACKLOG = Gauge("ningxin_seal_backlog_batches", "Batches that wait for their leaf; not a number while nobody knows.")
LAG = Gauge("ningxin_seal_lag_seconds", "How long the oldest of them has waited; not a number while nobody knows.")


def measure() -> None:
    """Ask the database in use. If it doesn't answer, the other metrics are still served."""
    try:
        found = in_snapshot(seal_queries.backlog)
    except (Unavailable, SQLAlchemyError):
        BACKLOG.set(math.nan)
        LAG.set(math.nan)
    else:
        BACKLOG.set(found.batches)
        LAG.set(found.lag.total_seconds())
