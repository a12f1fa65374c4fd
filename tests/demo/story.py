"""The story that a demonstration tells: who was where when, and every receipt."""

from typing import Any

from ledger.kernel.database import Database
from tests.runtimes import KEYRING

STORY = """
    SELECT i.name, v.number, s.starts_at, a.status, a.opened_at, a.closed_at, a.minutes, a.points, a.review_reason
    FROM attendance a JOIN shift s ON s.id = a.shift_id JOIN volunteer v ON v.id = a.volunteer_id
    JOIN identity i ON i.center_id = v.center_id AND i.id = v.identity_id ORDER BY a.opened_at, v.number
"""
RECEIPTS = """
    SELECT v.number, r.status, r.total, r.receipt_year, r.receipt_number, r.balance_after, r.created_at
    FROM redemption r JOIN volunteer v ON v.id = r.volunteer_id ORDER BY r.created_at, v.number
"""


def story_of(database: Database) -> tuple[list[Any], list[Any]]:
    """The visits and the receipts of a village, the same for the same seed."""
    with database.snapshot() as session:
        connection = session.connection()
        visits = [(opened(name), *row) for name, *row in connection.exec_driver_sql(STORY)]
        return visits, [tuple(row) for row in connection.exec_driver_sql(RECEIPTS)]


def opened(name: bytes) -> str:
    """A sealed name, which is another text each time that it is sealed."""
    return KEYRING.open(bytes(name), label="identity.name")
