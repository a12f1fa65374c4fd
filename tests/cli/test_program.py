"""`ningxin` itself: it has our commands alone, and loads a command only to run it."""

import re
import subprocess
import sys

import click
from click.testing import CliRunner

from ledger.cli import COMMANDS, commands
from tests.cli.test_strangers import all_commands
from tests.commands import line
from tests.crash.server import ROOT

TYPED = re.compile(r"(?<!from )\bflask (?:--app \S+ )?(?P<command>[a-z]+)\b")
TOLD_IN = ("README.md", "CHANGELOG.md", "Makefile", "docs/**/*.md", "ledger/**/*.py", "ledger/**/*.html")


def test_help_lists_our_commands_alone_with_what_each_is_for() -> None:
    context = click.Context(commands)
    told = {name: text for named in COMMANDS.values() for name, text in named.items()}
    assert commands.list_commands(context) == list(told)
    for name, text in told.items():
        command = commands.get_command(context, name)
        assert command is not None
        assert command.get_short_help_str(200).rstrip(".") == text.rstrip("."), name
    assert commands.get_command(context, "shell") is None


def test_every_command_has_its_help() -> None:
    there = dict(all_commands(commands))
    promised = "init demo serve scheduler verify backup restore migrate"
    assert {*promised.split()} <= {words[0] for words in there}
    for words in there:
        result = CliRunner().invoke(commands, [*words, "--help"])
        assert result.exit_code == 0
        assert len(result.output.splitlines()) > 3, words


def test_help_and_a_mistyped_name_load_no_command() -> None:
    """They answer at once: what makes a start slow is what the commands need. `make bench` measures it."""
    heavy = {"flask", "sqlalchemy", "wsgi", "config", "cryptography"}
    for typed in ("--help", "virefy"):
        program = (
            "import atexit, sys, ningxin\n"
            f"atexit.register(lambda: print('loaded:', sorted({heavy} & sys.modules.keys())))\n"
            f"sys.argv[1:] = [{typed!r}]\n"
            "ningxin.main()"
        )
        done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
        assert done.stdout.endswith("loaded: []\n"), done.stdout


def test_a_start_loads_no_dictionary() -> None:
    """Those of pinyin take 57 MB and a fifth of a start, and are read where goods are put on a shelf."""
    program = "import sys, ledger.app; print('pypinyin' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout == "False\n", done.stderr


def test_a_mistyped_name_is_one_sentence() -> None:
    done = subprocess.run(line("virefy"), cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stderr.splitlines()[-1]) == (2, "Error: No such command 'virefy'.")


def test_there_is_one_way_to_name_a_command() -> None:
    names = {name for named in COMMANDS.values() for name in named}
    wrong = [
        f"{path.relative_to(ROOT)}: {found[0]}"
        for pattern in TOLD_IN
        for path in ROOT.glob(pattern)
        for found in TYPED.finditer(path.read_text(encoding="utf-8"))
        if found["command"] in names
    ]
    assert wrong == [], "say `ningxin …`"
