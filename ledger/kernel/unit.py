"""A unit of work: savepoint A {idempotency row, savepoint B {work}}, run on a transaction that somebody else owns."""

import sqlite3
from collections.abc import Callable
from contextvars import ContextVar, copy_context
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.kernel import idempotency
from ledger.kernel.errors import Conflict, LedgerError, Rejected
from ledger.kernel.idempotency import Once

_inside: ContextVar[bool] = ContextVar("inside_unit", default=False)

_UNIQUE_VIOLATIONS = {sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY, "23505"}
_ATTEMPTS = 3


class Unit:
    """Work that stands or falls as one. After a run either `value` holds or `error` says why not.

    It may be run again, each time from nothing, and keeps its caller's context variables whichever thread runs it.
    """

    __slots__ = ("_context", "_once", "_work", "error", "value")

    def __init__(self, work: Callable[[Session], Any], once: Once | None) -> None:
        if _inside.get():
            raise RuntimeError("in_transaction inside in_transaction: pass the session on instead")
        self._work = work
        self._once = once
        self._context = copy_context()
        self.value: Any = None
        self.error: BaseException | None = None

    def run(self, session: Session) -> None:
        """One run on the session's open transaction, with a rerun when a unique key was lost to somebody else.

        Refusals end up in `error` with their rows kept; any other error is raised after savepoint A is rolled back.
        """
        self._context.copy().run(self._run, session)

    def _run(self, session: Session) -> None:
        _inside.set(True)
        self.value, self.error = None, None
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                with session.begin_nested():
                    self._attempt(session)
                return
            except sa.exc.IntegrityError as error:
                if not _lost_race(error):
                    raise
                if attempt == _ATTEMPTS:
                    raise Conflict("service.conflict") from error
                session.expunge_all()

    def _attempt(self, session: Session) -> None:
        once = self._once
        try:
            if once is not None and not idempotency.claim(session, once):
                self.value = idempotency.recall(session, once)
                return
            with session.begin_nested():
                value = self._work(session)
                session.flush()
        except (Rejected, Conflict) as refusal:
            session.expunge_all()
            self.error = refusal
            if refusal.keep is not None:
                refusal.keep(session)
            if once is not None and not once.replayed and refusal.code != "idempotency.mismatch":
                idempotency.remember_refusal(session, once, refusal)
        else:
            refuse_mapped(value)
            if once is not None:
                idempotency.remember(session, once, value)
            self.value = value


def refuse_mapped(value: object) -> None:
    """A mapped object must not leave its unit: what it would load later belongs to no transaction."""
    for part in value if isinstance(value, list | tuple) else (value,):
        if hasattr(part, "_sa_instance_state"):
            raise TypeError(f"{type(part).__name__} is a mapped object; return a plain value")


def _lost_race(error: sa.exc.IntegrityError) -> bool:
    cause = error.orig
    code = getattr(cause, "sqlite_errorcode", None) or getattr(cause, "sqlstate", None)
    return code in _UNIQUE_VIOLATIONS


def is_refusal(error: BaseException) -> bool:
    """Whether the error is one of ours, which a person is told, or a fault."""
    return isinstance(error, LedgerError)
