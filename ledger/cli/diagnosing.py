"""The command that says what is wrong with an installation: doctor."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from functools import partial

import click
from flask import Flask

from ledger.cli.console import TROUBLES, application, sentence
from ledger.cli.doctor import address, certificate, copies, data, machine
from ledger.cli.doctor.data import Moments
from ledger.cli.doctor.finding import Finding, ok, wrong
from ledger.kernel import clock, runtime
from ledger.kernel.clocks import SystemClock
from ledger.kernel.settings import Settings, SettingsError

_machine = SystemClock()


def commands() -> list[click.Command]:
    """The commands."""
    return [doctor]


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
def doctor(as_json: bool) -> None:
    """Examine this installation, and say what is wrong, what that means and what to do. Exits with 1 on anything wrong.

    It looks at the address, the certificate, disk, files, backups, database, clock and jobs, and goes on after each.
    """
    findings = _examine()
    click.echo(_as_json(findings) if as_json else "\n".join(_as_lines(findings)))
    if _worst(findings) == "wrong":
        raise SystemExit(1)


def _examine() -> list[Finding]:
    try:
        app = application()
    except SettingsError as error:
        return [wrong("settings", error.message, "correct that, then type ningxin doctor again")]
    with app.app_context(), runtime.within(app.extensions["runtime"]):
        try:
            return list(_look(app, app.config["SETTINGS"]))
        finally:
            runtime.current().database.close()


def _look(app: Flask, here: Settings) -> Iterator[Finding]:
    """What can be told without the database, then what it tells. Files first: whoever opens a database closes them."""
    yield ok("settings", f"{here.environment}, from {here.file or 'the environment alone'}")
    # Each part is looked at whatever is wrong with another.
    yield from _tried("files", lambda: [machine.files(here)])
    yield from address.look(here)
    yield from _tried("certificate", lambda: [certificate.look(here, _machine.now())])
    yield from _tried("disk", partial(machine.disk, here))
    yield from _tried("backup", lambda: [copies.look(here, _machine.now())])
    health = data.health(runtime.current(), sentence)
    yield health
    if health.state == "ok":
        yield from _look_inside(app, here)


def _look_inside(app: Flask, here: Settings) -> Iterator[Finding]:
    current = runtime.current()
    yield from _tried("PostgreSQL", partial(data.postgres, current))
    secret = list(_tried("secret", lambda: [data.secret(current)]))
    yield from secret
    if secret[0].state == "wrong":
        return
    schema = list(_tried("schema", lambda: [data.schema(current, app.extensions["refuse_unready"])]))
    yield from schema
    yield from _tried("clock", lambda: _moments(here, is_readable=schema[0].state == "ok"))


def _moments(here: Settings, *, is_readable: bool) -> Iterator[Finding]:
    """What the newest moments say of clock and jobs; of an old schema, none are known."""
    moments = data.read_moments(runtime.current()) if is_readable else Moments()
    now = clock.now()
    yield data.judge_clock(moments, now, local=now.astimezone(clock.zone()), rehearsal=here.clock_file is not None)
    if is_readable:
        yield data.judge_jobs(moments, _machine.now())


def _tried(check: str, look: Callable[[], Iterable[Finding]]) -> Iterator[Finding]:
    """What a look finds; one that fails is a finding too."""
    try:
        yield from list(look())
    except SettingsError as error:
        yield wrong(check, error.message, "correct that, then type ningxin doctor again")
    except (*TROUBLES, ValueError) as error:
        yield wrong(check, sentence(error), "correct that, then type ningxin doctor again")


def _worst(findings: list[Finding]) -> str:
    return max((finding.state for finding in findings), key=("ok", "warning", "wrong").index)


def _as_json(findings: list[Finding]) -> str:
    report = {"state": _worst(findings), "findings": [asdict(finding) for finding in findings]}
    return json.dumps(report, ensure_ascii=False, indent=2)


def _as_lines(findings: list[Finding]) -> Iterator[str]:
    for finding in findings:
        yield f"{finding.state:9}{finding.check:16}{finding.says}"
        if finding.next:
            yield f"{'':9}{'':16}-> {finding.next}"
    count = Counter(finding.state for finding in findings)
    yield f"{count['wrong']} wrong, {count['warning']} warnings, {count['ok']} ok"
