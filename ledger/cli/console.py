"""Shared by all commands: settings, database, and failures reported in one sentence."""

from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import click
import psycopg
import sqlalchemy as sa
from cryptography.exceptions import InvalidTag
from flask import Flask, current_app

from ledger.kernel import runtime
from ledger.kernel.database import Database
from ledger.kernel.db import in_snapshot
from ledger.kernel.engines import is_sqlite
from ledger.kernel.errors import LedgerError, NotFound, Unavailable, text_of
from ledger.kernel.founding import Installation, refuse_founded
from ledger.kernel.ids import public_id
from ledger.kernel.migrations import refuse_unmigrated
from ledger.kernel.runtime import Runtime
from ledger.kernel.settings import Settings, SettingsError
from ledger.kernel.sqlite_copies import founded_in
from ledger.kernel.sqlite_files import file_of, finish_restore
from ledger.places import queries as places
from ledger.places.queries import CenterView

P = ParamSpec("P")
R = TypeVar("R")
# What the world around a command can do to it; anything else is a fault of ours, with a traceback.
_NO_CENTER = "organisations.center_not_found"
TROUBLES = (LedgerError, sa.exc.SQLAlchemyError, psycopg.Error, OSError, InvalidTag)


def told(command: Callable[P, R]) -> Callable[P, R]:
    """Run a command on a migrated database of this installation; report a failure in one sentence with exit code 1.

    A database that another installation founded is refused first, so that no command reads or writes it.
    """
    return _told(command, _refuse_unmigrated)


def told_before_migration(command: Callable[P, R]) -> Callable[P, R]:
    """`told` for a command that makes the schema, checks it itself, or copies it whatever it is."""
    return _told(command, _refuse_stranger)


def told_of_any_database(command: Callable[P, R]) -> Callable[P, R]:
    """`told` for a command that must also run where the database can't be read; if it can, strangers are refused."""
    return _told(command, _refuse_known_stranger)


def _refuse_unmigrated() -> None:
    _refuse_stranger()
    refuse_unmigrated(database().writer)


def _refuse_stranger() -> None:
    runtime.current().refuse_stranger()


def _refuse_known_stranger() -> None:
    url = settings().database_url
    if is_sqlite(url):
        refuse_founded(founded_in(file_of(url)), installation(), called=file_of(url))
        return
    with suppress(sa.exc.DBAPIError):
        runtime.current().refuse_stranger()


def _told(command: Callable[P, R], refuse: Callable[[], None]) -> Callable[P, R]:
    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        app = application()
        with app.app_context(), runtime.within(app.extensions["runtime"]):
            try:
                _finish_restore()
                refuse()
                return command(*args, **kwargs)
            except TROUBLES as error:
                raise click.ClickException(sentence(error)) from error
            finally:
                # The last connection moves what SQLite's log holds into the main file.
                database().close()

    return run


def _finish_restore() -> None:
    url = settings().database_url
    said = finish_restore(file_of(url)) if is_sqlite(url) else None
    if said is not None:
        click.echo(said, err=True)


def application() -> Flask:
    """Make the application that the command is called on. Raises SettingsError."""
    make: Callable[[], Flask] = click.get_current_context().obj
    return make()


def settings() -> Settings:
    """The settings of the application."""
    found: Settings = current_app.config["SETTINGS"]
    return found


def database() -> Database:
    """The database of the application."""
    return runtime.current().database


def installation() -> Installation:
    """Who comes to the database."""
    return runtime.current().installation


def refuse_unready() -> None:
    """Raises SettingsError for a database that must not be served: another's, an old schema or missing guards."""
    refuse: Callable[[Runtime], None] = current_app.extensions["refuse_unready"]
    refuse(runtime.current())


def center_named(name: str | None) -> CenterView:
    """The center with this name or public id, or the only center if `name` is None.

    Raises NotFound("organisations.center_not_found"), SettingsError if several centers require a name.
    """
    there = in_snapshot(places.centers)
    fitting = [each for each in there if name in (None, each.name, public_id(each.id))]
    if not fitting and name is not None and there:
        raise SettingsError(
            f"there is no center {name!r} here; choose one with --center: {_listed(there)} ({_NO_CENTER})"
        )
    if not fitting:
        raise NotFound(_NO_CENTER)
    if len(fitting) > 1:
        raise SettingsError(f"more than one center matches; choose one with --center: {_listed(fitting)}")
    return fitting[0]


def _listed(centers: Iterable[CenterView]) -> str:
    return ", ".join(f"{each.name} ({public_id(each.id)})" for each in centers)


def sentence(error: BaseException) -> str:
    """What went wrong and what to do, for whoever typed the command."""
    if isinstance(error, LedgerError) and not isinstance(error, Unavailable):
        return _registered(error)
    if isinstance(error, InvalidTag):
        return "what is stored can't be decrypted: LEDGER_SECRET_KEY is not the one it was encrypted with"
    cause = database().cause_of(error)
    if cause is not None:
        return cause
    if isinstance(error, LedgerError):
        return _registered(error)
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename} can't be read or written: {error.strerror}"
    return str(error).strip().partition("\n")[0] or type(error).__name__


def _registered(error: LedgerError) -> str:
    text = text_of(error.code)
    told = {name: str(value) for name, value in error.context.items()}
    parts = (part.format_map(_Blank(told)) for part in (text.en, text.next_en))
    return ". ".join(parts) + f" ({error.code})"


class _Blank(dict[str, Any]):
    def __missing__(self, name: str) -> str:
        return "…"
