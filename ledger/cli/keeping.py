"""Commands for maintenance: backup, restore, receipts, certificate."""

from pathlib import Path

import click

from ledger.cli.console import (
    center_named,
    database,
    installation,
    settings,
    told,
    told_before_migration,
    told_of_any_database,
)
from ledger.cli.doctor.certificate import RESTART
from ledger.kernel import backup as copies
from ledger.kernel import clock, last_backup
from ledger.kernel.clocks import SystemClock
from ledger.kernel.db import in_transaction
from ledger.kernel.last_backup import LastBackup
from ledger.kernel.private_files import make_folder
from ledger.kernel.restored import FACTOR, PASSWORD, Restored
from ledger.kernel.restored_bars import BLOCK, CARD, HOUSEHOLD, PHONE
from ledger.shop.numbering import go_on_behind
from ledger.web import certificates

_PATH = click.Path(path_type=Path, dir_okay=False)
_SINCE = {
    FACTOR: "the second factor had ended since the backup, so it is ended here too.",
    CARD: "a card had been revoked since the backup, so it is revoked here too. Print a new one.",
    BLOCK: "the volunteer had been blocked since the backup, so is blocked here too.",
    HOUSEHOLD: "the household had changed since the backup, which is not carried. Register it again.",
    PHONE: "the phone number had changed since the backup, and is the old one here. Change it again.",
}


def commands() -> list[click.Command]:
    """The commands."""
    return [backup, restore, receipts, certificate]


@click.command("backup")
@click.argument("file", type=_PATH)
@told_before_migration
def backup(file: Path) -> None:
    """Write a copy of the database to FILE, which must not exist yet. The service can keep running."""
    copies.back_up(settings().database_url, file)
    last_backup.note(settings().data_folder, LastBackup(SystemClock().now(), file))
    click.echo(f"Backed up to {file} ({file.stat().st_size / 1_000_000:.1f} MB).")
    click.echo("Keep LEDGER_SECRET_KEY apart from it: without the secret, names and phone numbers are unreadable.")


@click.command("restore")
@click.argument("file", type=_PATH)
@click.option("--force", is_flag=True, help="Replace an existing database; it is kept under another name.")
@told_of_any_database
def restore(file: Path, force: bool) -> None:
    """Replace the database by the copy in FILE. Stop the service first; the old one may be damaged.

    If it is killed, the next command says which of the two books is there.
    """
    database().close()
    if file.is_file():
        # On a new machine, where nothing else has made it.
        make_folder(settings().data_folder)
    done = copies.restore(settings().database_url, file, installation=installation(), force=force)
    if done.old is not None:
        click.echo(f"The previous database is kept as {done.old}.")
    _say_restored(done)
    click.echo(f"Restored from {file}. Next: ningxin migrate, then verify")
    if done.ended is None:
        click.echo("Receipts that were printed since the backup are not known here. Name the highest of each shop with")
        click.echo("ningxin receipts NUMBER, so that no number is printed twice.")


@click.command("receipts")
@click.argument("number")
@click.option("--center", "named", help="Name or id of the center, if there are several.")
@told
def receipts(number: str, named: str | None) -> None:
    """After a restore, go on behind NUMBER, the highest receipt of a shop that was printed.

    NUMBER as on the paper: LY-2026-000318. What the book lacks is recorded, so that verify does not miss it.
    """
    lacking = in_transaction(go_on_behind, number, center_named(named).id)
    recorded = f"{lacking} numbers are recorded as lacking; the next receipt follows {number}."
    click.echo(recorded if lacking else "The book knows that receipt, so nothing was changed.")


def _say_restored(done: Restored) -> None:
    click.echo("Everybody is logged out, and codes that were not used are void.")
    if done.made_at is not None:
        click.echo(f"The last thing that the backup knows is of {done.made_at}.")
        click.echo(f"{done.roles} roles are in force in it: see ningxin user list, and end with ningxin user revoke")
        click.echo("what was ended since.")
    for center in done.frozen:
        click.echo(f"{center}: the book is frozen. An administrator and an auditor release it, after ningxin verify.")
    if done.waiting:
        click.echo(f"{done.waiting} proposals wait in it. What was rejected or withdrawn since waits again: reject it.")
    if done.ended is None:
        click.echo(
            "Whose password, role, card, block, household or phone number has changed since the backup can't be told "
            "here: there is nothing to compare."
        )
        click.echo(
            "Recovery codes are void, since one may have been used, but second factors are on as they were then."
        )
        click.echo("End one that was lost or ended since with ningxin user remove-factor.")
        return
    for name, why in done.ended:
        click.echo(f"{name}: {_SINCE.get(why) or _password_void(why)}")


def _password_void(why: str) -> str:
    what = "the password or second factor had changed" if why == PASSWORD else f"the role {why} had ended"
    return f"{what} since the backup, so the password is void. A new code: ningxin user code"


@click.command("certificate")
@click.argument("names", nargs=-1, required=True)
@told_of_any_database
def certificate(names: tuple[str, ...]) -> None:
    """Make a TLS certificate for this machine's NAMES (addresses or host names). A local network needs its own.

    Phones trust it once the root certificate is installed on them; see the README, A village set-up.
    """
    folder = settings().data_folder / "tls"
    try:
        previous_end = certificates.make_certificates(folder, list(names), now=clock.now())
    except certificates.CannotCertify as error:
        raise click.ClickException(str(error)) from error
    if previous_end is not None:
        click.echo("The root certificate is issued anew with the same key and name. Phones that trust the previous one")
        click.echo(f"keep working until it ends on {previous_end.date()}; install the new one on them before.")
    click.echo(f"Install on phones:  {folder / certificates.ROOT_CERTIFICATE}")
    click.echo(f"LEDGER_TLS_CERT={folder / certificates.SERVER_CERTIFICATE}")
    click.echo(f"LEDGER_TLS_KEY={folder / certificates.SERVER_KEY}")
    click.echo(f"A service that runs shows it only after it was started again; {RESTART}")
