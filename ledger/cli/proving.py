"""The command that proves the books: verify."""

import sys
from dataclasses import replace
from pathlib import Path

import click
from flask_babel import force_locale
from sqlalchemy.orm import Session

from ledger.audit.checks.finding import Difference
from ledger.audit.checks.granted import find_ungiven, ungiven_words
from ledger.audit.checks.log_ins import find_unlinked, unlinked_words
from ledger.audit.checks.strays import find_strays, stray_words
from ledger.audit.naming.words import STEP_WORDS, difference_words
from ledger.audit.verifying import outside, runs, service
from ledger.audit.verifying.outside import Kept
from ledger.audit.verifying.verify import Verification
from ledger.cli.console import told
from ledger.kernel.actor import system_actor
from ledger.kernel.append_only import strange_code
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.places import queries as places
from ledger.places.queries import CenterView
from ledger.proof.notes import NoteError


def commands() -> list[click.Command]:
    """The commands."""
    return [verify_books]


@click.command("verify")
@click.option(
    "--since-last", is_flag=True, help="Check only what is new since the last verification, if that was clean."
)
@click.option(
    "--against",
    metavar="CHECKPOINT",
    help="Compare with a checkpoint kept elsewhere: a file, its text, or - for standard input.",
)
@click.option("--key", help="The key (name+id+key) that must have signed it; by default one of this database's.")
@told
def verify_books(since_last: bool, against: str | None, key: str | None) -> None:
    """Recompute all balances and seals of all centers from the facts; exit 1 on any difference.

    Facts of centers that do not exist are a difference too, and so are people whom their phone number does not lead to.
    """
    kept = _read(against, key) if against is not None else None
    centers = in_snapshot(places.centers)
    if not centers:
        click.echo("There is no center yet, so there is nothing to verify.")
    with force_locale("en"):
        found = [_verify(center, kept, since_last=since_last) for center in centers]
    others = [stray_words(each) for each in in_snapshot(find_strays)]
    unlinked = [in_snapshot(find_unlinked, center.id) for center in centers]
    others += [unlinked_words(each) for each in unlinked if not each.clean]
    others += [ungiven_words(each) for center in centers for each in in_snapshot(find_ungiven, center.id)]
    others += [f"the database has a {each} that is none of ours: see what it does" for each in in_snapshot(_strange)]
    for said in others:
        click.echo(f"DIFFERENT. {said}")
    if others or not all(each.clean for each in found):
        raise SystemExit(1)


def _strange(session: Session) -> list[str]:
    return strange_code(session.connection())


def _read(against: str, key: str | None) -> Kept:
    """The given checkpoint: text with several lines, or else the path of a file."""
    try:
        if against == "-":
            note = sys.stdin.read()
        else:
            note = against if "\n" in against else Path(against).read_text(encoding="utf-8")
        return in_snapshot(outside.read, note, key)
    except (NoteError, OSError, UnicodeDecodeError) as error:
        raise click.ClickException(f"This is not a checkpoint to compare with: {error}") from error


def _verify(center: CenterView, kept: Kept | None, *, since_last: bool) -> Verification:
    """Verify a center and store the findings, so that the console shows them too."""
    mine = kept if kept is not None and kept.center_id == center.id else None
    run = in_transaction(service.begin, actor=system_actor(center.id), since_last=since_last)
    found = runs.verify_now(run["id"], center.id, also=_show, against=mine.head if mine is not None else None)
    if mine is not None and not mine.signed:
        found = replace(found, difference=Difference("outside_key", "checkpoint", mine.head.size))
    in_transaction(service.finish, run["id"], found)
    click.echo(f"\r\033[K{center.name}: " if _is_terminal() else f"{center.name}: ", nl=False)
    click.echo(f"{found.transfers:,} transfers, {found.batches:,} batches, {found.accounts:,} accounts: ", nl=False)
    click.echo("no difference." if found.difference is None else f"DIFFERENT. {difference_words(found.difference)}")
    if mine is not None and found.clean:
        click.echo(f"{center.name}: the log still has the {mine.head.size:,} leaves of the kept checkpoint.")
    return found


def _show(step: str, done: int, total: int) -> None:
    if _is_terminal():
        click.echo(f"\r\033[K  {STEP_WORDS[step]} {done:,}" + (f" / {total:,}" if total else ""), nl=False)


def _is_terminal() -> bool:
    return sys.stdout.isatty()
