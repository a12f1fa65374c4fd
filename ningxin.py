"""The console script `ningxin`: its commands, on the application that the settings describe."""

import gc
from importlib import import_module
from typing import TYPE_CHECKING

from ledger.cli import commands, missing

if TYPE_CHECKING:
    from flask import Flask


def main() -> None:
    """Run the command that was typed; also `python -m ningxin`."""
    gc.disable()  # Code that loads leaves no garbage; the search for some took a quarter of a start.
    commands(prog_name="ningxin", obj=make_application)


def make_application() -> "Flask":
    """The application. It is loaded for a command that runs, so that --help and a mistyped name answer at once."""
    config, app = import_module("config"), import_module("ledger.app")
    made: Flask = app.create_app(config.load_settings(config.read_environment(), missing=missing()))
    gc.freeze()
    gc.enable()
    return made


if __name__ == "__main__":
    main()
