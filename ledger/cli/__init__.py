"""The commands of `ningxin`: each has --help, reports what it does, and exits with 1 on failure.

A command's module is loaded when it is called by name, so that what one of them needs costs the others nothing.
"""

from importlib import import_module
from typing import Literal

import click

# In the order of --help: what a command is for, as its docstring begins, by name within the module that defines it.
COMMANDS = {
    "founding": {
        "init": "Make the first center, its administrator and rule 1 (1 point an hour).",
        "user": "List staff; give a role, a code, or end somebody's log-ins and roles, where nobody else may.",
        "import": "Import a station's existing data.",
    },
    "running": {
        "migrate": "Migrate the database to the newest schema, and write how large its tables grow.",
        "serve": "Serve pages and API, and run the jobs, until stopped.",
        "scheduler": "Run the jobs in a process of their own, next to servers without them (gunicorn), until stopped.",
        "demo": "Load the demonstration district into an empty database, and print log-ins to try.",
    },
    "diagnosing": {"doctor": "Examine this installation, and say what is wrong, what that means and what to do."},
    "proving": {"verify": "Recompute all balances and seals of all centers from the facts; exit 1 on any difference."},
    "sealing": {"seal": "Seal all waiting batches of every center and print each center's checkpoint."},
    "exporting": {
        "export": "Export the whole book for third-party tools or an auditor, with everything needed to check it."
    },
    "keeping": {
        "backup": "Write a copy of the database to FILE, which must not exist yet.",
        "restore": "Replace the database by the copy in FILE.",
        "receipts": "After a restore, go on behind NUMBER, the highest receipt of a shop that was printed.",
        "certificate": "Make a TLS certificate for this machine's NAMES (addresses or host names).",
    },
}
# They make an installation where there is none; every other command needs one, and writes nothing before it finds it.
FOUNDING = frozenset({"init", "migrate", "demo"})
_MODULES = {name: module for module, named in COMMANDS.items() for name in named}


class _ByName(click.Group):
    """A group that knows what its commands are for before any of them is loaded."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names in the order of --help."""
        return list(_MODULES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load the command with this name, None if there is none."""
        if cmd_name not in _MODULES:
            return None
        there: list[click.Command] = import_module(f"{__name__}.{_MODULES[cmd_name]}").commands()
        return next(command for command in there if command.name == cmd_name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of --help."""
        with formatter.section("Commands"):
            formatter.write_dl([row for named in COMMANDS.values() for row in named.items()])


@click.group("ningxin", cls=_ByName)
def commands() -> None:
    """The ledger of a volunteer service: hours, points and goods."""


def missing() -> Literal["made", "refused", "needless"]:
    """What the command that was typed does where there is no installation: it makes one, is refused, or needs none."""
    typed = click.get_current_context()
    if typed.info_name == "certificate":
        return "needless"
    founds = typed.info_name in FOUNDING or typed.params.get("demo")
    return "made" if founds and not typed.params.get("logins") else "refused"
