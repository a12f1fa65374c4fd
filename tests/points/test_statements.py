"""The statements of a posting: the same on both databases, none sent twice."""

import re
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.kernel.database import Database
from ledger.kernel.db import in_transaction, in_transaction_once
from ledger.kernel.idempotency import Once
from ledger.kernel.ids import new_id
from ledger.points.book import opening, service
from ledger.points.policy import POINT, AccountKey, Movement, Source
from ledger.points.raw import service as raw
from ledger.points.raw.service import WantedTransfer
from tests.world import everything

ISSUANCE, MEMBER = AccountKey(POINT, "issuance"), AccountKey(POINT, "member", 7)
KEPT = ["INSERT idempotency", "SAVEPOINT", "RELEASE", "UPDATE idempotency"]


def short(text: str) -> str:
    """A statement as its verb and table."""
    written = re.match(r"(INSERT|UPDATE) (?:INTO )?(\w+)", text)
    if written is not None:
        return " ".join(written.groups())
    read = [table for table in re.findall(r"FROM (\w+)", text) if table not in ("book_freeze", "counted")]
    return f"SELECT {read[0]}" if read else text.split(maxsplit=1)[0]


def heard(database: Database, work: Callable[..., Any], *args: Any, center: int, **kwargs: Any) -> list[str]:
    """The statements of a unit."""
    sent: list[str] = []

    def hear(_connection: Any, _cursor: Any, text: str, *_: Any) -> None:
        sent.append(short(text))

    once = Once(center, "test", str(new_id()), "hash")
    sa.event.listen(database.writer, "before_cursor_execute", hear)
    try:
        in_transaction_once(once, work, *args, **kwargs)
    finally:
        sa.event.remove(database.writer, "before_cursor_execute", hear)
    return [each for each in sent if each != "BEGIN"]


def award(session: Session, center: int) -> int:
    """Award points from the issuance account."""
    move = Movement(ISSUANCE, MEMBER, 100, "award")
    source = Source("test", str(new_id()), "post")
    return service.post(session, [move], source=source, actor=everything(center), reason="test").batch_id


def transfer(session: Session, center: int, sides: tuple[int, int]) -> str:
    """One transfer of the raw ledger."""
    wanted = WantedTransfer(str(new_id()), *sides, 1, POINT)
    return str(raw.transfer_all(session, [wanted], actor=everything(center))["results"][0]["status"])


@pytest.fixture
def sides(center: int) -> tuple[int, int]:
    """Two free accounts, and a member with points."""
    in_transaction(opening.lock_accounts, {ISSUANCE, MEMBER}, center)
    first, second = (
        in_transaction(raw.open_account, POINT, overdraft=True, actor=everything(center)) for _ in range(2)
    )
    return first, second


@pytest.mark.usefixtures("sides")
def test_an_award_reads_its_accounts_and_writes_its_rows(database: Database, center: int) -> None:
    rows = ["INSERT batch", "INSERT unsealed", "INSERT transfer", "INSERT lot", "UPDATE account"]
    assert heard(database, award, center, center=center) == [*KEPT[:2], "SELECT account", *rows, *KEPT[2:]]


def test_a_raw_transfer_reads_its_accounts_and_its_name(
    database: Database, center: int, sides: tuple[int, int]
) -> None:
    rows = ["INSERT batch", "INSERT unsealed", "INSERT transfer", "UPDATE account"]
    reads = ["SELECT account", "SELECT transfer"]
    assert heard(database, transfer, center, sides, center=center) == [*KEPT[:2], *reads, *rows, *KEPT[2:]]
