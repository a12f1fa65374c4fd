"""The commands of `flask --app wsgi …`: each has --help, says what it does, and ends with 1 on trouble."""

from flask import Flask

from ledger.cli import founding, keeping, proving, running


def register(app: Flask) -> None:
    """Add the commands."""
    for command in (*running.commands(), *founding.commands(), *keeping.commands(), *proving.commands()):
        app.cli.add_command(command)
