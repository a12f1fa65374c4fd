"""Commands as they are typed: in this process on a given application, or as a program of their own."""

import sys

from click.testing import CliRunner, Result
from flask import Flask

from ledger.cli import commands


def invoke(app: Flask, *command: str, typed: str | None = None) -> Result:
    """Run `ningxin …` on an application."""
    return CliRunner().invoke(commands, list(command), input=typed, obj=lambda: app)


def line(*command: str) -> tuple[str, ...]:
    """The command line of `ningxin …`, which works in a checkout that was moved too."""
    return (sys.executable, "-m", "ningxin", *command)
