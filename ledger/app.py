"""Assembles the application from explicit lists of blueprints, error handlers and loaders."""

from collections.abc import Iterable
from functools import partial
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import sqlalchemy as sa
from flask import Blueprint, Flask

from ledger.activities import api as activities_api
from ledger.activities import pages as activities_pages
from ledger.approvals import api as approvals_api
from ledger.approvals.desk import Desk
from ledger.audit import api as audit_api
from ledger.audit import pages as audit_pages
from ledger.checkin import api as checkin_api
from ledger.checkin import pages as checkin_pages
from ledger.checkin.arrivals import Arrivals
from ledger.checkin.kinds import HOURS
from ledger.home import pages as home_pages
from ledger.home import preferences_pages
from ledger.home.reader import load_reader
from ledger.kernel import channels, outbox_measures
from ledger.kernel.append_only import missing_guards, strange_code
from ledger.kernel.clocks import Clock, FileClock, SystemClock
from ledger.kernel.database import Database
from ledger.kernel.engines import is_sqlite
from ledger.kernel.keyring import Keyring
from ledger.kernel.migrations import refuse_unmigrated
from ledger.kernel.planning import knows_sizes
from ledger.kernel.runtime import Runtime, within
from ledger.kernel.settings import Settings, SettingsError
from ledger.organisations import api as organisations_api
from ledger.organisations import pages as organisations_pages
from ledger.people import api as people_api
from ledger.people import pages as people_pages
from ledger.people.access import api as log_ins_api
from ledger.people.access import credentials, holders, sessions, step_up_pages
from ledger.people.access import kinds as access
from ledger.people.households.together import housemates
from ledger.people.volunteers import api as full_names_api
from ledger.people.volunteers import queries as people
from ledger.places.models import Center
from ledger.points import api as points_api
from ledger.points.closing import api as closing_api
from ledger.points.closing import kinds as closing
from ledger.points.corrections import kinds as corrections
from ledger.points.expiry import api as lots_api
from ledger.points.expiry import kinds as expiry
from ledger.points.proofs import api as proof_api
from ledger.points.sealing import measures as seal_measures
from ledger.rules import api as rules_api
from ledger.rules import pages as rules_pages
from ledger.shop import api as shop_api
from ledger.shop import pages as shop_pages
from ledger.shop import shelf_api
from ledger.tables import APPEND_ONLY, SHARED, STEADY
from ledger.web import (
    bodies,
    cookies,
    formats,
    guard,
    health,
    last_use,
    links,
    listed,
    locale,
    logs,
    once,
    openapi,
    page_context,
    problem,
    security,
    summaries,
)
from ledger.web.fields import IdConverter
from ledger.web.forwarded import Forwarded

API_BLUEPRINTS = (
    people_api.bp,
    log_ins_api.bp,
    full_names_api.bp,
    organisations_api.bp,
    activities_api.bp,
    checkin_api.bp,
    shop_api.bp,
    shelf_api.bp,
    points_api.bp,
    lots_api.bp,
    proof_api.bp,
    closing_api.bp,
    approvals_api.bp,
    audit_api.bp,
    rules_api.bp,
)
PAGE_BLUEPRINTS: tuple[Blueprint, ...] = (
    health.bp,
    home_pages.bp,
    audit_pages.bp,
    preferences_pages.bp,
    rules_pages.bp,
    people_pages.bp,
    organisations_pages.bp,
    activities_pages.bp,
    checkin_pages.bp,
    shop_pages.bp,
)
# Actions that need two people, who must not share a household.
APPROVALS = Desk(
    kinds=(
        corrections.adjustment(people.get_volunteer),
        closing.CLOSE,
        closing.REOPEN,
        expiry.RELEASE,
        corrections.CLAWBACK,
        HOURS,
        access.GRANT,
        access.CODE,
        access.FACTOR,
        access.HOUSEHOLD,
        access.CONTACT,
    ),
    housemates=housemates,
    holders=holders.holders,
    owes=holders.owes,
)


def create_app(settings: Settings, *, database: Database | None = None, clock: Clock | None = None) -> Flask:
    """Create the application for these settings, optionally on an open database and with a given clock."""
    app = Flask(__name__)
    app.config.update(
        SETTINGS=settings,
        SECRET_KEY=settings.secret_key,
        **cookies.settings_of_session(https=settings.https),
    )
    app.url_map.converters["id"] = IdConverter
    app.extensions["measures"] = (seal_measures.measure, outbox_measures.measure)
    app.extensions["approvals"] = APPROVALS
    app.extensions["arrivals"] = Arrivals()
    app.extensions["refuse_unready"] = refuse_unready
    _register_runtime(app, _runtime_of(settings, database=database, clock=clock))
    app.wsgi_app = Forwarded(app.wsgi_app, settings.proxies)  # type: ignore[assignment, method-assign]
    for kit in (logs, locale, formats, links, summaries, problem, bodies, once):
        kit.register(app)
    security.register(app, settings)
    guard.register(app, sessions.load_holder)
    last_use.register(app, credentials.note_use)
    bodies.register_json(app)
    step_up_pages.register(app)
    page_context.register(app, load_reader)
    openapi.register(app, API_BLUEPRINTS)
    for blueprint in PAGE_BLUEPRINTS:
        app.register_blueprint(blueprint)
    listed.register(app)
    guard.refuse_unmarked(app)
    return app


def _runtime_of(settings: Settings, *, database: Database | None = None, clock: Clock | None = None) -> Runtime:
    """Make the runtime that the settings describe."""
    return Runtime(
        database=database or Database(settings.database_url),
        clock=clock or (FileClock(settings.clock_file) if settings.clock_file is not None else SystemClock()),
        keyring=Keyring(settings.secret_key),
        routes=channels.routes_of(settings.checkpoints, settings.host_name),
        host=settings.host_name,
        zone=settings.timezone,
        environment=settings.environment,
    )


def refuse_unready(here: Runtime) -> None:
    """Raises SettingsError unless the database is of this installation, with the newest schema and all guards.

    Nothing else may run by itself in it: it could change what is written. SQLite must also know its tables' sizes.
    """
    founded = here.refuse_stranger()
    refuse_unmigrated(here.database.writer)
    with here.database.writer.connect() as connection:
        unclaimed = not founded and connection.execute(sa.select(Center.id).limit(1)).first() is not None
        missing, strange = missing_guards(connection, APPEND_ONLY), strange_code(connection)
        sized = knows_sizes(connection, steady=STEADY, shared=SHARED)
    if not sized:
        raise SettingsError("the database does not know how large its tables grow: run ningxin migrate")
    if unclaimed:
        raise SettingsError("the database lacks the row that says whose it is; it was changed by hand")
    if missing:
        raise SettingsError(f"the database lacks its guards {', '.join(missing)}; it was changed by hand")
    if strange:
        raise SettingsError(_to_drop(strange, tool="sqlite3" if is_sqlite(here.database.url) else "psql"))


def _to_drop(strange: list[str], *, tool: str) -> str:
    drop = "; ".join(f"DROP {each}" for each in sorted(strange, reverse=True))
    return (
        f"the database has what is none of ours and may change what is written ({', '.join(strange)}): see what it "
        f'does, type "{drop}" in {tool}, then run ningxin verify, or restore a backup'
    )


def _register_runtime(app: Flask, runtime: Runtime) -> None:
    """Make the runtime current for each request, and only then: the thread may serve other applications too."""
    app.extensions["runtime"] = runtime
    app.wsgi_app = partial(_answer_within, runtime, app.wsgi_app)  # type: ignore[method-assign]


def _answer_within(
    runtime: Runtime, answer: WSGIApplication, request: WSGIEnvironment, start_response: StartResponse
) -> Iterable[bytes]:
    with within(runtime):
        return answer(request, start_response)
