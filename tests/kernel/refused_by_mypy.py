"""Calls that mypy must refuse; they never run.

mypy checks this file together with `ledger` and reports unused ignores. So `make check` fails here if the arguments of
a unit are no longer checked, or if a permission may be asked for without its place.
"""

from sqlalchemy.orm import Session

from ledger.kernel.actor import Actor
from ledger.kernel.db import in_transaction, in_transaction_once
from ledger.kernel.idempotency import Once
from ledger.kernel.paths import ROOT
from ledger.kernel.permissions import Permission


def greet(session: Session, name: str, *, times: int) -> str:
    """Work with a service's signature."""
    return f"{session.info['greeting']} {name * times}"


def accepted(once: Once | None) -> list[str]:
    """Correct calls need no ignore."""
    return [in_transaction(greet, "a", times=1), in_transaction_once(once, greet, "a", times=1)]


def refused(once: Once) -> None:
    """One mistake per line, with and without a key."""
    in_transaction(greet, 1, times=1)  # type: ignore[arg-type]
    in_transaction(greet, "a", times="1")  # type: ignore[arg-type]
    in_transaction(greet, "a")  # type: ignore[call-arg]
    in_transaction(greet, "a", 1)  # type: ignore[call-arg]
    in_transaction(greet, "a", times=1, once=once)  # type: ignore[call-arg]
    in_transaction_once(once, greet, 1, times=1)  # type: ignore[arg-type]
    in_transaction_once(once, greet, "a", times="1")  # type: ignore[arg-type]
    in_transaction_once(once, greet, "a")  # type: ignore[call-arg]
    in_transaction_once(once, greet, "a", 1)  # type: ignore[call-arg]
    in_transaction_once("key", greet, "a", times=1)  # type: ignore[arg-type]
    wrong: int = in_transaction_once(once, greet, "a", times=1)  # type: ignore[assignment]
    del wrong


def placed(actor: Actor) -> bool:
    """A permission is asked for at a place."""
    actor.need(Permission.DECIDE, ROOT)
    return actor.may(Permission.DECIDE, ROOT)


def nowhere(actor: Actor) -> None:
    """Without a place, neither compiles."""
    actor.need(Permission.DECIDE)  # type: ignore[call-arg]
    actor.may(Permission.DECIDE)  # type: ignore[call-arg]
