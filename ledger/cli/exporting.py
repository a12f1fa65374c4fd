"""Commands that export the book: hledger and beancount for third-party tools, bundle for auditors."""

import io
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, TextIO

import click

from ledger.audit.exports.bundle import write_bundle
from ledger.audit.exports.writing import STYLES
from ledger.audit.exports.writing import export as write_book
from ledger.cli.console import center_named, told
from ledger.kernel import clock
from ledger.kernel.db import in_snapshot
from ledger.kernel.private_files import whole_file
from ledger.kernel.settings import SettingsError

_STDOUT = "-"


def commands() -> list[click.Command]:
    """The commands."""
    return [export]


@click.group("export")
def export() -> None:
    """Export the whole book for third-party tools or an auditor, with everything needed to check it."""


def _choices(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the arguments shared by the exports of journals."""
    path = click.Path(path_type=Path, dir_okay=False, allow_dash=True)
    command = click.option("--month-ends", is_flag=True, help="Also state the balances at each month's end.")(command)
    command = click.option("--center", "named", help="Name or id of the center, if there are several.")(command)
    return click.argument("file", type=path)(command)


@export.command("hledger")
@_choices
@told
def export_hledger(file: Path, named: str | None, month_ends: bool) -> None:
    """Write the book to FILE (- is stdout) as a journal. Then: hledger check --strict -f FILE"""
    _export("hledger", file, named, month_ends=month_ends)


@export.command("beancount")
@_choices
@told
def export_beancount(file: Path, named: str | None, month_ends: bool) -> None:
    """Write the book to FILE (- is stdout) for beancount. Then: bean-check FILE"""
    _export("beancount", file, named, month_ends=month_ends)


@export.command("bundle")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--center", "named", help="Name or id of the center, if there are several.")
@told
def export_bundle(file: Path, named: str | None) -> None:
    """Write the whole log with its proofs to FILE, a zip. Then, anywhere: python verifier/verify_bundle.py FILE"""
    center = center_named(named)
    with _written(file) as out:
        done = in_snapshot(write_bundle, center.id, out, progress=_Teller())
    sealed = f"{done.leaves:,} sealed batches, {done.unsealed:,} that wait, {done.checkpoints:,} checkpoints"
    click.echo(f"{center.name}: {done.transfers:,} transfers, {sealed} exported.", err=True)


def _export(tool: str, file: Path, named: str | None, *, month_ends: bool) -> None:
    center = center_named(named)
    with _opened(file) as out:
        done = in_snapshot(
            write_book,
            center.id,
            STYLES[tool],
            out,
            zone=clock.zone(),
            month_ends=month_ends,
            progress=_Teller(),
        )
    counts = f"{done.transfers:,} transfers, {done.batches:,} batches, {done.accounts:,} accounts"
    click.echo(f"{center.name}: {counts} exported.", err=True)


@contextmanager
def _opened(file: Path) -> Iterator[TextIO]:
    """Open the file as text, or stdout for "-"."""
    if str(file) == _STDOUT:
        yield sys.stdout
        return
    with _written(file) as out:
        text = io.TextIOWrapper(out, encoding="utf-8", newline="\n")
        yield text
        text.flush()
        text.detach()


@contextmanager
def _written(file: Path) -> Iterator[BinaryIO]:
    """A file that gets its name only once it is complete, and that only its owner can read."""
    try:
        with whole_file(file) as out:
            yield out
    except OSError as error:
        raise SettingsError(f"{file} can't be written: {error.strerror}") from error


class _Teller:
    """Reports progress on stderr: in place on a terminal, by tenths elsewhere."""

    def __init__(self) -> None:
        self._told = 0

    def __call__(self, done: int, total: int) -> None:
        """Report progress in batches."""
        tenths = done * 10 // total if total else 10
        if sys.stderr.isatty():
            click.echo(f"\r\033[K  {done:,} / {total:,} batches" if done < total else "\r\033[K", nl=False, err=True)
        elif tenths > self._told:
            self._told = tenths
            click.echo(f"  {tenths * 10:3} %  {done:,} / {total:,} batches", err=True)
