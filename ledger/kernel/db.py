"""The only place that commits.

`in_transaction(work, …)` runs `work(session, …)` as a unit and returns its plain value once that is durable;
`in_snapshot(query, …)` reads one snapshot. A unit uses no network, no password hashing and no second connection,
because it holds the writer and may be run again.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Concatenate, ParamSpec, TypeVar

from sqlalchemy.orm import Session

from ledger.kernel import clock, founding, runtime
from ledger.kernel.actor import Actor
from ledger.kernel.database import Database
from ledger.kernel.errors import LedgerError, Unavailable
from ledger.kernel.idempotency import Once
from ledger.kernel.settings import SettingsError
from ledger.kernel.unit import Unit, refuse_mapped

P = ParamSpec("P")
T = TypeVar("T")
_shared: ContextVar[Session | None] = ContextVar("shared_snapshot", default=None)
_refusal: ContextVar[LedgerError | None] = ContextVar("refusal", default=None)


def in_transaction(work: Callable[Concatenate[Session, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Run `work(session, *args, **kwargs)` as one unit and return its value after COMMIT.

    Raises what the work raised, Unavailable("service.busy") if the database could not be had in time, or
    Unavailable("service.other_installation") if it was founded under other settings.
    """
    return in_transaction_once(None, work, *args, **kwargs)


def in_transaction_once(
    once: Once | None, work: Callable[Concatenate[Session, P], T], /, *args: P.args, **kwargs: P.kwargs
) -> T:
    """`in_transaction` under a key: a second call gets the first one's answer or refusal, and runs nothing.

    Without a key, which API clients may omit, each call runs. Actors among the arguments hold in the unit what they
    still hold then.
    """
    refusal = _refusal.get()
    if refusal is not None:
        raise refusal
    unit = Unit(lambda session: _with_actors_as_now(work, session, args, kwargs), once, now=clock.now())
    value: T = _database().run_unit(unit)
    return value


def _with_actors_as_now(
    work: Callable[..., T], session: Session, args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> T:
    def still(value: Any) -> Any:
        return value.inside(session) if isinstance(value, Actor) else value

    return work(session, *map(still, args), **{name: still(value) for name, value in kwargs.items()})


def in_snapshot(query: Callable[Concatenate[Session, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Read `query(session, *args, **kwargs)` from one snapshot; it must return plain values."""
    shared = _shared.get()
    if shared is None:
        with _database().snapshot() as session:
            value = query(session, *args, **kwargs)
    else:
        value = query(shared, *args, **kwargs)
    refuse_mapped(value)
    return value


@contextmanager
def one_snapshot() -> Iterator[None]:
    """Let all that is read meanwhile come from one snapshot, such as the pages of a list that become one file."""
    with _database().snapshot() as session:
        token = _shared.set(session)
        try:
            yield
        finally:
            _shared.reset(token)


@contextmanager
def nothing_written(refusal: LedgerError) -> Iterator[None]:
    """Let every unit meanwhile raise the refusal instead of running, so that a view shows its form again."""
    token = _refusal.set(refusal)
    try:
        yield
    finally:
        _refusal.reset(token)


def _database() -> Database:
    """The database of this context; asks until it is founded, and then never again, whether it is the right one."""
    here = runtime.current()
    if not here.database.is_known:
        with here.database.snapshot() as session:
            try:
                here.database.is_known = founding.refuse_stranger(session.connection(), here.installation)
            except SettingsError as error:
                raise Unavailable("service.other_installation") from error
    return here.database
