"""Commands that prove the books: verify."""

import sys

import click
from flask_babel import force_locale

from ledger.audit import service
from ledger.audit.runs import Teller
from ledger.audit.verification import Verification, verify
from ledger.audit.words import STEP_WORDS, difference_words
from ledger.cli.console import told
from ledger.kernel.actor import system_actor
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.organisations import queries as organisations
from ledger.organisations.queries import CenterView


def commands() -> list[click.Command]:
    """The commands."""
    return [verify_books]


@click.command("verify")
@told
def verify_books() -> None:
    """Recompute every balance of every center from its transfers and sources; exit 1 on any difference."""
    centers = in_snapshot(organisations.centers)
    if not centers:
        click.echo("There is no center yet, so there is nothing to verify.")
    with force_locale("en"):
        found = [_verify(center) for center in centers]
    if not all(each.clean for each in found):
        raise SystemExit(1)


def _verify(center: CenterView) -> Verification:
    """Verify a center and keep what was found, so that the console says so as well."""
    run = in_transaction(service.begin, actor=system_actor(center.id))
    teller = Teller(run["id"], center.id, also=_show)
    found = in_snapshot(verify, center.id, progress=teller)
    in_transaction(service.finish, run["id"], found)
    click.echo(f"\r\033[K{center.name}: " if _is_terminal() else f"{center.name}: ", nl=False)
    click.echo(f"{found.transfers:,} transfers, {found.batches:,} batches, {found.accounts:,} accounts: ", nl=False)
    click.echo("no difference." if found.difference is None else f"DIFFERENT. {difference_words(found.difference)}")
    return found


def _show(step: str, done: int, total: int) -> None:
    if _is_terminal():
        click.echo(f"\r\033[K  {STEP_WORDS[step]} {done:,}" + (f" / {total:,}" if total else ""), nl=False)


def _is_terminal() -> bool:
    return sys.stdout.isatty()
