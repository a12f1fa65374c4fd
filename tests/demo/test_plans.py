"""What the services send while the demonstration is made costs the same in a long book: nothing walks over all of it.

A village does everything that a product of this kind does, so its statements are most of those that write. SQLite
decides by the statement alone, so the plan of a small book is that of a large one.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from ledger.kernel.database import Database
from ledger.kernel.db import in_snapshot
from ledger.organisations import queries as organisations
from tests.demo.test_district import load, settings_for

GROWING = (
    "account", "attendance", "batch", "card", "identity", "identity_phone", "leaf", "lot", "lot_use", "membership",
    "payer_code", "redemption", "redemption_line", "review_decision", "scan_event", "shift", "signup", "transfer",
    "tree_node", "volunteer",
)  # fmt: skip
# How many transfers were made, asked once at the end.
COUNTED = "SELECT count(*)"
_LISTED = re.compile(r"\((?:\?, )+\?\)")


@contextmanager
def sent_to(engine: sa.Engine) -> Iterator[dict[str, Any]]:
    """One of each statement that the engine is sent, with the values of its first row."""
    sent: dict[str, tuple[str, Any]] = {}

    def hear(_connection: Any, _cursor: Any, text: str, values: Any, _context: Any, _many: bool) -> None:
        row = values[0] if values and isinstance(values[0], list | tuple) else values
        sent.setdefault(_LISTED.sub("(?)", text), (text, row))

    sa.event.listen(engine, "before_cursor_execute", hear)
    yield sent
    sa.event.remove(engine, "before_cursor_execute", hear)


def walks(connection: sa.Connection, text: str, values: Any) -> list[str]:
    """The steps of a statement's plan that go through all rows of a center, or of all."""
    # What is looked for in an empty list is not looked for, whatever the plan says.
    if not text.startswith(("SELECT", "UPDATE", "DELETE", "INSERT")) or text.startswith(COUNTED) or " IN ()" in text:
        return []
    plan = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", tuple(values))]
    return [step for step in plan if is_a_walk(step)]


def is_a_walk(step: str) -> bool:
    """Whether a step of a plan reads a table that grows by nothing, or by its center alone."""
    table = step.split()[1] if step.startswith(("SCAN", "SEARCH")) else ""
    return table in GROWING and (step.startswith("SCAN") or step.endswith("(center_id=?)"))


@pytest.mark.parametrize("own_database_url", ["sqlite"], indirect=True)
def test_nothing_walks_over_the_whole_book(own_database: Database, tmp_path: Path) -> None:
    with sent_to(own_database.writer) as sent:
        load(settings_for(own_database.url, tmp_path))

    assert in_snapshot(organisations.only_center).is_demonstration
    assert len(sent) > 100
    with own_database.snapshot() as session:
        found = {text: walks(session.connection(), text, values) for text, values in sent.values()}
    assert not {text: steps for text, steps in found.items() if steps}


def test_a_walk_is_told_from_a_look_up() -> None:
    assert is_a_walk("SCAN transfer USING COVERING INDEX ix_transfer_center_id_batch_id")
    assert is_a_walk("SEARCH lot USING INDEX sqlite_autoindex_lot_1 (center_id=?)")
    assert not is_a_walk("SEARCH lot USING INDEX sqlite_autoindex_lot_1 (center_id=? AND id=?)")
    assert not is_a_walk("SEARCH block USING INDEX sqlite_autoindex_block_1 (center_id=?)")
