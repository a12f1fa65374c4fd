"""Metrics of the outbox's backlog."""

import math

from prometheus_client import Gauge
from sqlalchemy.exc import SQLAlchemyError

from ledger.kernel import clock, outbox
from ledger.kernel.db import in_snapshot
from ledger.kernel.errors import Unavailable

WAITING = Gauge("ningxin_outbox_waiting_messages", "Messages not sent yet; not a number while nobody knows.")
OLDEST = Gauge("ningxin_outbox_oldest_seconds", "How long the oldest of them has waited; 0 where none does.")


def measure() -> None:
    """Measure the application's database. If it doesn't answer, the other metrics must still be served."""
    try:
        number, oldest = in_snapshot(outbox.backlog)
    except (Unavailable, SQLAlchemyError):
        WAITING.set(math.nan)
        OLDEST.set(math.nan)
    else:
        WAITING.set(number)
        OLDEST.set(max(0.0, (clock.now() - oldest).total_seconds()) if oldest is not None else 0)
