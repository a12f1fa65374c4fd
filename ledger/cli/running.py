"""Commands that run the service: migrate, serve, scheduler, demo."""

import signal
import threading
from dataclasses import replace

import click
from flask import Flask, current_app

from ledger import jobs
from ledger.cli.console import database, installation, refuse_unready, settings, told_before_migration
from ledger.demo import district
from ledger.demo.logins import logins_as_json, logins_as_table, read_logins
from ledger.demo.sizes import DISTRICT, SIZES, Size
from ledger.kernel import cores, runtime
from ledger.kernel.cores import Share
from ledger.kernel.db import in_snapshot
from ledger.kernel.engines import is_sqlite
from ledger.kernel.migrations import upgrade
from ledger.kernel.runtime import Runtime
from ledger.kernel.settings import SettingsError, refuse_exposed
from ledger.places import queries as places
from ledger.web import server


def commands() -> list[click.Command]:
    """The commands."""
    return [migrate, serve, scheduler, demo]


@click.command("serve")
@click.option("--demo", is_flag=True, help="Migrate, load the demonstration if needed, and print its log-ins.")
@click.option("--host", help="Address to listen on; LEDGER_HOST by default.")
@click.option("--port", type=click.IntRange(1, 65535), help="Port to listen on; LEDGER_PORT by default.")
@told_before_migration
def serve(demo: bool, host: str | None, port: int | None) -> None:
    """Serve pages and API, and run the jobs, until stopped. LEDGER_TLS_CERT and LEDGER_TLS_KEY switch on https."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    _move(app, host, port)
    with server.taken(settings().host, settings().port):
        if demo:
            _prepare_demonstration()
        refuse_unready()
        here = settings()
        server.refuse_unfit(here.certificate)
        share = cores.choose(embedded=is_sqlite(here.database_url), cores=here.cores, threads=here.threads)
        _say_where(demo, share)
        _serve(app, share)


@click.command("scheduler")
@told_before_migration
def scheduler() -> None:
    """Run the jobs in a process of their own, next to servers without them (gunicorn), until stopped."""
    refuse_unready()
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    running = jobs.start(runtime.current())
    click.echo(f"{len(jobs.SCHEDULE)} jobs are running; Ctrl-C ends them.")
    stopped.wait()
    running.shutdown()


@click.command("migrate")
@told_before_migration
def migrate() -> None:
    """Migrate the database to the newest schema, and write how large its tables grow. SQLite plans by that."""
    changed = upgrade(settings().database_url, installation=installation())
    click.echo("Migrated to the newest schema." if changed else "The schema is the newest.")


@click.command("demo")
@click.option("--logins", is_flag=True, help="Only print the log-ins again.")
@click.option("--json", "as_json", is_flag=True, help="Print them as JSON.")
@click.option("--seed", default=district.SEED, show_default=True, help="A different seed makes a different year.")
@click.option("--size", "size_name", type=click.Choice(list(SIZES)), default="district", show_default=True)
@click.option("--small", "size_name", flag_value="village", help="Same as --size village; takes a few seconds.")
@click.option("--years", type=click.IntRange(1, 10), default=1, show_default=True, help="Years of service, ending now.")
@told_before_migration
def demo(logins: bool, as_json: bool, seed: int, size_name: str, years: int) -> None:
    """Load the demonstration district into an empty database, and print log-ins to try."""
    if not logins:
        size = replace(SIZES[size_name], years=years)
        _prepare_demonstration(seed=seed, size=size, quiet=as_json)
    here = in_snapshot(places.centers)
    found = read_logins(settings().data_folder) if here and here[0].is_demonstration else []
    if not found:
        raise SettingsError("there are no demonstration log-ins here: run ningxin demo first")
    base_url = settings().base_url
    click.echo(logins_as_json(found, base_url) if as_json else logins_as_table(found, base_url))


def _prepare_demonstration(*, seed: int = district.SEED, size: Size = DISTRICT, quiet: bool = False) -> None:
    if settings().production:
        raise SettingsError("the demonstration's secrets are public: it never runs with LEDGER_ENV=production")
    upgrade(settings().database_url, installation=installation())
    say = (lambda _line: None) if quiet else _say_line
    district.load_once(settings(), seed=seed, size=size, say=say)


def _say_line(line: str) -> None:
    click.echo(line)


def _say_where(demo: bool, share: Share) -> None:
    here = settings()
    if demo:
        click.echo(logins_as_table(read_logins(here.data_folder), here.base_url))
    click.echo(f"    {share}")
    if not here.base_url.endswith(f"://{here.host}:{here.port}"):
        click.echo(f"    listening on {here.host}, port {here.port}")
    click.echo(f"==> Serving at {here.base_url} (Ctrl-C stops)")


def _move(app: Flask, host: str | None, port: int | None) -> None:
    """Serve at another address than the settings'; the base URL in codes follows if it was the default."""
    old = settings()
    new = replace(old, host=host or old.host, port=port or old.port)
    scheme = "https" if old.https else "http"
    if old.base_url == f"{scheme}://{old.host}:{old.port}":
        new = replace(new, base_url=f"{scheme}://{new.host}:{new.port}")
    refuse_exposed(new)
    app.config["SETTINGS"] = new


def _serve(app: Flask, share: Share) -> None:
    here = settings()
    # Connections opened before a fork belong to the parent; the worker opens its own.
    database().close()
    try:
        server.serve(
            app,
            host=here.host,
            port=here.port,
            certificate=here.certificate,
            tls_min=here.tls_min,
            share=share,
            in_worker=_start_jobs,
        )
    finally:
        database().settle()


def _start_jobs(app: Flask) -> None:
    here: Runtime = app.extensions["runtime"]
    here.database.hold()
    jobs.start(here)
