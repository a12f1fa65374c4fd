"""The application that a WSGI server runs, behind a proxy that reads requests whole: `gunicorn wsgi:app`."""

import atexit
from contextlib import suppress

import sqlalchemy as sa
from flask import Flask

from config import load_settings, read_environment
from ledger.app import create_app
from ledger.kernel.errors import Unavailable
from ledger.kernel.settings import SettingsError

# gunicorn takes it for "can't be loaded" and stops, instead of starting the worker again and again.
_NOT_LOADED = 4


def load() -> Flask:
    """The application; a server that must not run it ends with one sentence."""
    try:
        app = create_app(load_settings(read_environment(), missing="refused"))
        # A database that does not answer yet is asked again by the first request.
        with suppress(sa.exc.DBAPIError, Unavailable):
            app.extensions["runtime"].refuse_stranger()
        # After a stop the main file has all facts, whichever server it was.
        atexit.register(app.extensions["runtime"].database.close)
    except SettingsError as error:
        error.show()
        raise SystemExit(_NOT_LOADED) from error
    return app


app = load()
