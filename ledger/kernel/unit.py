"""A unit of work: the idempotency row and, in a savepoint, the work; the caller owns the transaction."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from dataclasses import fields, is_dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.kernel import idempotency
from ledger.kernel.errors import Conflict, Rejected
from ledger.kernel.idempotency import Once
from ledger.kernel.prepared import CONNECTION

_inside: ContextVar[bool] = ContextVar("inside_unit", default=False)


class Unit:
    """Atomic work. After a run either `value` is valid or `error` is set.

    It may be run again, each time from scratch, and sees its caller's context variables on any thread.
    """

    __slots__ = ("_context", "_now", "_once", "_work", "error", "value")

    def __init__(self, work: Callable[[Session], Any], once: Once | None, *, now: datetime) -> None:
        refuse_inside()
        self._work = work
        self._once = once
        self._now = now
        self._context = copy_context()
        self.value: Any = None
        self.error: BaseException | None = None

    def run(self, connection: sa.Connection) -> None:
        """Run once in an open transaction or savepoint, which the caller rolls back if this raises.

        Refusals are stored in `error` and their rows are kept; other errors are raised.
        """
        self._context.copy().run(self._run, connection)

    def _run(self, connection: sa.Connection) -> None:
        _inside.set(True)
        self.value, self.error = None, None
        once = self._once
        if once is not None:
            once.replayed = False
        try:
            if once is not None and not idempotency.claim(connection, once, now=self._now):
                self.value = idempotency.recall(connection, once)
                return
            with _session(connection) as session:
                value = self._work(session)
        except (Rejected, Conflict) as refusal:
            self._keep(refusal, connection)
        else:
            refuse_mapped(value)
            self.value = value if once is None else idempotency.remember(connection, once, value)

    def _keep(self, refusal: Rejected | Conflict, connection: sa.Connection) -> None:
        self.error = refusal
        once = self._once
        if refusal.keep is not None:
            with _session(connection) as session:
                refusal.keep(session)
        if once is not None and not once.replayed and refusal.code != "idempotency.mismatch":
            idempotency.remember_refusal(connection, once, refusal)


@contextmanager
def _session(connection: sa.Connection) -> Iterator[Session]:
    """A session in a savepoint of its own: all of its changes stay, or none."""
    with Session(connection, join_transaction_mode="create_savepoint", expire_on_commit=False) as session:
        session.info[CONNECTION] = session.connection()
        yield session
        session.commit()


def refuse_inside() -> None:
    """Raises RuntimeError inside a unit, which must use its own session."""
    if _inside.get():
        raise RuntimeError("a unit inside a unit: pass the session on instead")


def refuse_mapped(value: object) -> None:
    """Raises TypeError for a mapped object: outside its unit, lazy loads would have no transaction."""
    if hasattr(value, "_sa_instance_state"):
        raise TypeError(f"{type(value).__name__} is a mapped object; return a plain value")
    for part in _parts(value):
        refuse_mapped(part)


def _parts(value: object) -> list[Any]:
    if isinstance(value, list | tuple | set | frozenset):
        return list(value)
    if isinstance(value, dict):
        return list(value.values())
    if is_dataclass(value):
        return [getattr(value, field.name) for field in fields(value)]
    return []
