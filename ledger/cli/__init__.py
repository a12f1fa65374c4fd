"""The commands of `flask --app wsgi …`: each has --help, says what it does, and ends with 1 on trouble."""

from flask import Flask

from ledger.cli import console, founding, keeping, proving, running


def register(app: Flask, *, ready: console.Ready) -> None:
    """Add the commands; `ready` raises SettingsError for a database that must not be served."""
    app.extensions["ready"] = ready
    for command in (*running.commands(), *founding.commands(), *keeping.commands(), *proving.commands()):
        app.cli.add_command(command)
