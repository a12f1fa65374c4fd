"""A unit of work: the idempotency row and, in a savepoint, the work; on a transaction that is somebody else's."""

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
    """Work that stands or falls as one. After a run either `value` holds or `error` says why not.

    It may be run again, each time from nothing, and keeps its caller's context variables whichever thread runs it.
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
        """One run on an open transaction, or within a savepoint, of which the caller takes back what raised.

        Refusals end up in `error` with their rows kept; any other error is raised.
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
    """A session within a savepoint of its own: all of it stays, or nothing."""
    with Session(connection, join_transaction_mode="create_savepoint", expire_on_commit=False) as session:
        session.info[CONNECTION] = session.connection()
        yield session
        session.commit()


def refuse_inside() -> None:
    """Raises RuntimeError inside a unit: whatever it needs it does through its own session."""
    if _inside.get():
        raise RuntimeError("a unit inside a unit: pass the session on instead")


def refuse_mapped(value: object) -> None:
    """A mapped object must not leave its unit: what it would load later belongs to no transaction."""
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
