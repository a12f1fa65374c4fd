"""The command that seals the books: seal."""

import sys

import click

from ledger.cli.console import told
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.places import queries as places
from ledger.places.queries import CenterView
from ledger.points.sealing import keys as seal_keys
from ledger.points.sealing import queries as seal_queries
from ledger.points.sealing.keys import KeyView
from ledger.points.sealing.service import MOST_PER_BLOCK, seal


def commands() -> list[click.Command]:
    """The commands."""
    return [seal_books]


@click.command("seal")
@click.option("--new-key", is_flag=True, help="Then retire the signing key; a new one signs from now on.")
@told
def seal_books(new_key: bool) -> None:
    """Seal all waiting batches of every center and print each center's checkpoint. A job does it every two minutes."""
    centers = in_snapshot(places.centers)
    if not centers:
        click.echo("There is no center yet, so there is nothing to seal.")
    for center in centers:
        _seal(center)
        if new_key:
            _say_key(center, in_transaction(seal_keys.change_key, center.id))


def _seal(center: CenterView) -> None:
    """Seal one block per unit, so that other units can run in between."""
    sealed, last, total = 0, MOST_PER_BLOCK, in_snapshot(seal_queries.count_waiting, center.id)
    while last >= MOST_PER_BLOCK:
        last = in_transaction(seal, center.id)
        sealed += last
        _show(sealed, total)
    click.echo("\r\033[K" if sys.stdout.isatty() else "", nl=False)
    click.echo(f"{center.name}: {sealed:,} batches sealed.")
    checkpoint = in_snapshot(seal_queries.find_checkpoint, center.id)
    if checkpoint is not None:
        click.echo(checkpoint.text)


def _say_key(center: CenterView, key: KeyView) -> None:
    click.echo(f"{center.name}: this key signs from now on; tell everybody who kept the previous one.\n{key.text}")


def _show(sealed: int, total: int) -> None:
    if sys.stdout.isatty():
        click.echo(f"\r\033[K  sealing {sealed:,} / {max(sealed, total):,}", nl=False)
