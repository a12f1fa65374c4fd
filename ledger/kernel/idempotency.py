"""One request, one effect: a row per key stores the answer, including refusals."""

import hashlib
import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from ledger.kernel.errors import Conflict, Rejected
from ledger.kernel.prepared import Prepared
from ledger.kernel.sweeping import sweep
from ledger.kernel.types import STRICT, Base, table_of
from ledger.kernel.upserts import insert_or_ignore

KEPT = timedelta(days=90)


class Idempotency(Base):
    """The stored answer of a key: a unit's plain value or its refusal. No personal text, no secret."""

    __tablename__ = "idempotency"
    __table_args__ = (sa.Index(None, "center_id", "created_at"), STRICT)

    center_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    scope: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    request_hash: Mapped[str]
    outcome: Mapped[str]
    code: Mapped[str | None]
    answer: Mapped[str]
    created_at: Mapped[datetime]


@dataclass(slots=True)
class Once:
    """Identifies a request: `scope` is actor and operation, `request_hash` distinguishes bodies.

    `replayed` is set if the answer came from the record and not from the work.
    """

    center_id: int
    scope: str
    key: str
    request_hash: str
    replayed: bool = field(default=False, compare=False)


def hash_request(*parts: object) -> str:
    """A digest of the canonical form of a request: JSON with sorted keys."""
    text = json.dumps(parts, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str)
    # JSON may contain half a surrogate pair, which the field's reader refuses later.
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


_table = table_of(Idempotency)
_VALUES = {
    "outcome": "running",
    "code": None,
    "answer": "null",
}
_INSERT = Prepared(insert_or_ignore(_table).returning(_table.c.key))
# FOR SHARE, so that a demoted primary can't answer from a row that only it has (scale.md, rule 5).
_FIND = Prepared(
    sa.select(_table.c.request_hash, _table.c.outcome, _table.c.code, _table.c.answer)
    .where(
        _table.c.center_id == sa.bindparam("c"),
        _table.c.scope == sa.bindparam("s"),
        _table.c.key == sa.bindparam("k"),
    )
    .with_for_update(read=True)
)
_REMEMBER = Prepared(
    sa.update(_table)
    .where(
        _table.c.center_id == sa.bindparam("c"),
        _table.c.scope == sa.bindparam("s"),
        _table.c.key == sa.bindparam("k"),
    )
    .values({name: sa.bindparam(name) for name in ("outcome", "code", "answer")})
)


def claim(connection: sa.Connection, once: Once, *, now: datetime) -> bool:
    """Claim the key for this unit; False if it has an answer already. Waits for a transaction that holds it."""
    row = {
        "center_id": once.center_id,
        "scope": once.scope,
        "key": once.key,
        "request_hash": once.request_hash,
        "created_at": now,
        **_VALUES,
    }
    return bool(_INSERT.rows_on(connection, row))


def recall(connection: sa.Connection, once: Once) -> Any:
    """The stored value of the key.

    Raises the stored refusal, or Rejected("idempotency.mismatch") if the body differs.
    """
    ((request_hash, outcome, code, answer),) = _FIND.rows_on(connection, _where(once))
    if request_hash != once.request_hash:
        raise Rejected("idempotency.mismatch", key=once.key)
    once.replayed = True
    value = json.loads(answer)
    if outcome == "running":
        raise Conflict("idempotency.in_progress")
    if outcome == "conflict":
        raise Conflict(code, **value)
    if outcome == "rejected":
        raise Rejected(code, **value)
    return value


def remember(connection: sa.Connection, once: Once, value: Any) -> Any:
    """Store the work's value, which must be plain JSON, and return it in the form that a replay will return."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    _write(connection, once, outcome="done", code=None, answer=text)
    return json.loads(text)


def remember_refusal(connection: sa.Connection, once: Once, refusal: Conflict | Rejected) -> None:
    """Store a refusal, so that a retry can't unexpectedly succeed later."""
    outcome = "conflict" if isinstance(refusal, Conflict) else "rejected"
    # Times in the context are stored as text, the form in which answers contain them.
    text = json.dumps(refusal.context, ensure_ascii=False, separators=(",", ":"), default=str)
    _write(connection, once, outcome=outcome, code=refusal.code, answer=text)


def forget_old(session: Session, center_id: int, *, now: datetime) -> int:
    """Sweep keys past their retention. Business keys in the ledger are kept for ever."""
    return sweep(session, _table, _table.c.center_id == center_id, _table.c.created_at < now - KEPT)


def _write(connection: sa.Connection, once: Once, *, outcome: str, code: str | None, answer: str) -> None:
    _REMEMBER.run_on(connection, [_where(once) | {"outcome": outcome, "code": code, "answer": answer}])


def _where(once: Once) -> dict[str, Any]:
    return {"c": once.center_id, "s": once.scope, "k": once.key}
