"""The commands of `flask --app wsgi …`: each has --help, reports what it does, and exits with 1 on failure."""

from flask import Flask

from ledger.cli import exporting, founding, keeping, proving, running, sealing


def register(app: Flask) -> None:
    """Add the commands."""
    for part in (running, founding, keeping, proving, sealing, exporting):
        for command in part.commands():
            app.cli.add_command(command)
