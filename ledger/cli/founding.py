"""Commands about the center and its people: init, user, import."""

import shlex
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import click
from sqlalchemy.orm import Session

from ledger.cli.console import center_named, installation, settings, told, told_before_migration
from ledger.kernel import clock
from ledger.kernel.actor import system_actor
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.errors import NotFound
from ledger.kernel.migrations import upgrade
from ledger.kernel.private_files import new_file
from ledger.kernel.settings import SettingsError
from ledger.organisations import queries as organisation_queries
from ledger.organisations import service as organisations
from ledger.organisations.imports.command import Options, import_file
from ledger.organisations.imports.questions import QUESTIONS
from ledger.organisations.imports.rows import COLUMNS, HINTS, empty_form
from ledger.people.access import credentials, on_server, sessions, staff
from ledger.people.access.passwords import hash_password
from ledger.people.access.staff import Post
from ledger.people.identities import queries as identities
from ledger.people.policy import ROLES, household_said, show_phone
from ledger.places import queries as places
from ledger.rules import service as rules
from ledger.rules.policy import RuleBody
from ledger.web.spreadsheets import KINDS, to_csv, to_xlsx


def commands() -> list[click.Command]:
    """The commands."""
    return [init, user, import_]


@click.command("init")
@click.option("--center", "center_name", prompt="Name of the center", help="For example 柳荫社区.")
@click.option("--name", prompt="Name of the administrator", help="For example 李建国.")
@click.option("--phone", prompt="Phone of the administrator", help="The log-in name.")
@click.option(
    "--household",
    prompt="Household of the administrator (number in the village's register, or none)",
    help="Number in the village's register, or none: people of one household decide nothing for each other.",
)
@click.option("--password", "ask", is_flag=True, help="Ask for a password here instead of printing a code.")
@told_before_migration
def init(center_name: str, name: str, phone: str, *, household: str, ask: bool) -> None:
    """Make the first center, its administrator and rule 1 (1 point an hour). Does nothing if there is a center."""
    if not center_name.strip():
        raise SettingsError("the center's name can't be empty: give one with --center, for example 柳荫社区")
    upgrade(settings().database_url, installation=installation())
    there = in_snapshot(places.centers)
    if there:
        raise SettingsError(
            f"there is already a center ({there[0].name}), so nothing was changed; for another installation set "
            "LEDGER_DATA_FOLDER or LEDGER_DATABASE_URL to another place"
        )
    password_hash = None
    if ask:
        password = click.prompt("Password of the administrator", hide_input=True, confirmation_prompt=True)
        password_hash = hash_password(password, phone=phone, names=[name])
    code = in_transaction(_found, center_name, _Admin(name, phone, household_said(household)), password_hash)
    click.echo(f"{center_name} is ready, and {name} is its administrator.")
    _say_code(phone, code, center_named(None).id) if code else click.echo(
        f"Log in at {settings().base_url} with {phone}."
    )


@dataclass(frozen=True, slots=True)
class _Admin:
    """The first administrator; without a household if it is None."""

    name: str
    phone: str
    household: str | None


def _found(session: Session, center_name: str, admin: _Admin, password_hash: str | None) -> str | None:
    """Make the first center in one unit; returns the activation code if no password was given."""
    center_id = organisations.create_center(session, name=center_name)
    actor = system_actor(center_id)
    top = organisation_queries.top_place(session, center_id)
    identity_id = staff.hire(session, **asdict(admin), role="admin", place_id=top.id, actor=actor)
    rules.add_version(session, RuleBody(), effective_from=clock.now(), actor=actor)
    if password_hash is None:
        return credentials.make_activation_code(session, identity_id, actor=actor)
    credentials.set_password(session, identity_id, center_id, password_hash=password_hash)
    return None


def _say_code(phone: str, code: str, center_id: int) -> None:
    lasts = in_snapshot(credentials.code_lasts, _identity(phone, center_id), center_id)
    hours = int(lasts.total_seconds() // 3600)
    click.echo(
        f"Activation code: {code} (valid once, within {f'{lasts.days} days' if hours > 24 else f'{hours} hours'})"
    )
    click.echo(f"Set a password with {phone} and this code at {settings().base_url}/first-password")
    click.echo(f"or open {settings().base_url}/first-password#{credentials.slip_fragment(code, center_id)}")


_IF_SEVERAL = click.option("--center", "named", help="Name or id of the center, if there are several.")


@click.group("user")
def user() -> None:
    """List staff; give a role, a code, or end somebody's log-ins and roles, where nobody else may.

    It works while the book is frozen, is shown to everybody who decides or audits, and never decides about points.
    """


def _on_server(command: click.decorators.FC) -> click.decorators.FC:
    """The options of what is done to somebody on the server."""
    command = click.option("--reason", required=True, help="Why; shown to everybody who decides or audits. No names.")(
        command
    )
    return click.option("--center", "named", required=True, help="Name or id of the center, as 柳荫社区.")(command)


@user.command("grant")
@click.argument("phone")
@click.argument("role", type=click.Choice(tuple(ROLES)))
@click.option("--name", required=True, help="The person's name, as registered if the phone number is known.")
@click.option("--household", required=True, help="Number in the village's register, or none.")
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), help="Last day of the role.")
@_on_server
@told
def grant(phone: str, role: str, *, name: str, household: str, until: datetime | None, named: str, reason: str) -> None:
    """Give the person with PHONE the ROLE for the whole center; their code and password end if they rise by it."""
    center_id = center_named(named).id
    top = in_snapshot(organisation_queries.top_place, center_id)
    post = Post(role, top.id, household_said(household), None if until is None else until.date())
    in_transaction(on_server.grant, name=name, phone=phone, post=post, reason=reason, center_id=center_id)
    click.echo(f"{name} is {role} of {named} now. Without a password they need a code:")
    click.echo(shlex.join(("ningxin", "user", "code", phone, "--center", named, "--reason", reason)))


@user.command("list")
@_IF_SEVERAL
@told
def list_users(named: str | None) -> None:
    """List everybody with a role."""
    for person in in_snapshot(sessions.staff, system_actor(center_named(named).id)):
        roles = ", ".join(sorted({role.role for role in person.roles}))
        state = "password set" if person.has_password else "no password yet"
        click.echo(f"{show_phone(person.phone or '')}\t{person.name}\t{roles}\t{state}")


@user.command("code")
@click.argument("phone")
@_on_server
@told
def new_code(phone: str, named: str, reason: str) -> None:
    """Print a new activation code for the person with PHONE; earlier ones stop working."""
    center_id = center_named(named).id
    code = in_transaction(on_server.code, _identity(phone, center_id), reason=reason, center_id=center_id)
    _say_code(phone, code, center_id)


@user.command("revoke")
@click.argument("phone")
@click.option("--role", "role", type=click.Choice(tuple(ROLES)), help="Take this role away as well, at every place.")
@_on_server
@told
def revoke(phone: str, role: str | None, named: str, reason: str) -> None:
    """End all log-ins and codes of the person with PHONE, on all devices."""
    center_id = center_named(named).id
    in_transaction(on_server.revoke, _identity(phone, center_id), role=role, reason=reason, center_id=center_id)
    click.echo(f"{phone} is logged out everywhere." + (f" The role {role} has ended." if role else ""))


@user.command("remove-factor")
@click.argument("phone")
@_on_server
@told
def remove_factor(phone: str, named: str, reason: str) -> None:
    """End the lost second factor of the person with PHONE, and all their log-ins; the password stays."""
    center_id = center_named(named).id
    in_transaction(on_server.remove_factor, _identity(phone, center_id), reason=reason, center_id=center_id)
    click.echo(f"{phone} logs in with the password alone, until they turn a second factor on again.")


def _identity(phone: str, center_id: int) -> int:
    identity_id = in_snapshot(identities.find_identity_by_phone, phone, center_id)
    if identity_id is None:
        raise NotFound("people.identity_not_found")
    return identity_id


@click.group("import")
def import_() -> None:
    """Import a station's existing data."""


_COLUMNS = "\n".join(f"  {zh}, {en}: {HINTS[column][1]}" for column, (zh, en) in COLUMNS.items())


@import_.command("volunteers", epilog="\b\nColumns of the list, in any order; others are not used:\n" + _COLUMNS)
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--form", is_flag=True, help="Write an empty form to FILE (.xlsx or .csv) and import nothing.")
@click.option("--dry-run", is_flag=True, help="Only check and report.")
@click.option("--sheet", default="", help="The sheet to read; otherwise the first visible one that isn't empty.")
@click.option(
    "--yes", multiple=True, type=click.Choice(tuple(QUESTIONS)), help="Answer this question about the file by yes."
)
@click.option(
    "--language", type=click.Choice(["zh", "en"]), default="zh", show_default=True, help="Language of the report."
)
@click.option("--make-teams", is_flag=True, help="Create teams that the list names and that don't exist yet.")
@_IF_SEVERAL
@told
def import_volunteers(file: Path, *, form: bool, named: str | None, **options: Any) -> None:
    """Import a list of volunteers (xlsx or csv): fully checked, all or nothing, safe to repeat.

    It says what was read beside what stands in the file, and asks where that may be something else to people.
    """
    if form:
        _write_form(file, options["language"])
        return
    if not file.is_file():
        raise click.BadParameter(f"there is no file {file}", param_hint="FILE")
    if not import_file(file, Options(**options), actor=system_actor(center_named(named).id), say=click.echo):
        raise click.exceptions.Exit(1)


def _write_form(file: Path, language: str) -> None:
    """Write the empty form; a file that is there stays."""
    kind = file.suffix.lower().removeprefix(".")
    if kind not in KINDS:
        raise click.BadParameter("the form is an .xlsx or a .csv", param_hint="FILE")
    lines = empty_form(language)
    try:
        with new_file(file) as opened:
            opened.write(to_csv(lines) if kind == "csv" else to_xlsx(lines, is_form=True))
    except FileExistsError:
        raise click.BadParameter(f"{file} is there already", param_hint="FILE") from None
    click.echo(f"Wrote {file}.")
