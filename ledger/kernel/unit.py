"""A unit of work: savepoint A {idempotency row, savepoint B {work}}, run on a transaction that somebody else owns."""

from collections.abc import Callable
from contextvars import ContextVar, copy_context
from dataclasses import fields, is_dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.kernel import idempotency
from ledger.kernel.errors import Conflict, Rejected
from ledger.kernel.faults import is_lost_race
from ledger.kernel.idempotency import Once

_inside: ContextVar[bool] = ContextVar("inside_unit", default=False)
_ATTEMPTS = 3


class Unit:
    """Work that stands or falls as one. After a run either `value` holds or `error` says why not.

    It may be run again, each time from nothing, and keeps its caller's context variables whichever thread runs it.
    """

    __slots__ = ("_context", "_once", "_work", "error", "value")

    def __init__(self, work: Callable[[Session], Any], once: Once | None) -> None:
        refuse_inside()
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
        for attempt in range(1, _ATTEMPTS + 1):
            self._forget()
            try:
                with session.begin_nested():
                    self._attempt(session)
                return
            except sa.exc.IntegrityError as error:
                if not is_lost_race(error):
                    raise
                if attempt == _ATTEMPTS:
                    raise Conflict("service.conflict") from error
                session.expunge_all()

    def _forget(self) -> None:
        self.value, self.error = None, None
        if self._once is not None:
            self._once.replayed = False

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
            self.value = value if once is None else idempotency.remember(session, once, value)


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
