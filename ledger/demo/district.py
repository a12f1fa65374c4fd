"""The demonstration district: planned from a seed, made by the services in one unit, so all or nothing."""

import gc
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from random import Random

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.audit.verifying import runs, service
from ledger.demo import entering, founding, nightly, serving, shopping
from ledger.demo.logins import Login, make_logins, read_logins, write_logins
from ledger.demo.people_plan import PersonPlan, Population, make_population
from ledger.demo.progress import Progress, Recomputing, Say
from ledger.demo.service_plan import ActivityPlan, make_activities
from ledger.demo.shop_plan import make_visits
from ledger.demo.sizes import Size
from ledger.demo.stage import Act, Stage
from ledger.kernel import clock
from ledger.kernel.actor import system_actor
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.ids import new_id
from ledger.kernel.settings import Settings, SettingsError
from ledger.organisations import queries as organisations
from ledger.people.access import credentials
from ledger.people.access.passwords import hash_password
from ledger.people.identities import queries as identities
from ledger.people.identities.service import NewIdentity, prepare
from ledger.people.volunteers.queries import find_volunteer_by_identity
from ledger.people.volunteers.service import issue_cards
from ledger.places import queries as places
from ledger.points.models import Transfer

SEED = 20_260_101


def load_once(settings: Settings, *, seed: int, size: Size, say: Say) -> None:
    """Load the demonstration into an empty database; does nothing if it is loaded already.

    Raises SettingsError in production and if there is another center.
    """
    if settings.production:
        raise SettingsError("the demonstration's log-ins are no secrets: it never runs with LEDGER_ENV=production")
    there = in_snapshot(places.centers)
    if there and not there[0].is_demonstration:
        raise SettingsError(f"{there[0].name} is in this database; the demonstration goes into an empty one")
    if there:
        _keep_logins(settings, say)
        return
    begun = time.monotonic()
    years = "a year" if size.years == 1 else f"{size.years} years"
    say(f"==> Demonstration district: making {years} of service (once, about a minute for a year of the usual size)")
    logins = make_logins()
    write_logins(settings.data_folder, logins)
    script = write_script(seed, size, clock.now(), logins, say)
    played = time.monotonic()
    with _plan_set_aside():
        transfers = in_transaction(play, script, say)
    rate = transfers / (time.monotonic() - played)
    say(f"    {transfers:,} transfers, {rate:,.0f} a second; recomputing every balance")
    _verify(say)
    say(f"==> Demonstration district: ready ({time.monotonic() - begun:.0f} s)")


def _verify(say: Say) -> None:
    """Recompute the whole book, as the nightly job does, and record the run. Raises SettingsError on a difference."""
    center_id = in_snapshot(organisations.only_center).id
    run = in_transaction(service.begin, actor=system_actor(center_id))
    found = runs.verify_now(run["id"], center_id, also=Recomputing(say))
    in_transaction(service.finish, run["id"], found)
    if not found.clean:
        raise SettingsError(f"the books of the demonstration differ: {found.difference}")
    say(f"    {found.transfers:,} transfers, {found.accounts:,} accounts: no difference")


@contextmanager
def _plan_set_aside() -> Iterator[None]:
    """Keep the garbage collector off the plan, where it finds nothing: that saves a tenth of the time."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


@dataclass(frozen=True, slots=True)
class Script:
    """Everything prepared before the unit, which can be run again from here. People are sealed for the center."""

    center_id: int
    size: Size
    seed: int
    now: datetime
    population: Population
    sealed: list[NewIdentity]
    activities: list[ActivityPlan]
    visits: list[tuple[datetime, shopping.Visit]]
    passwords: dict[str, str]
    card: str


def write_script(seed: int, size: Size, now: datetime, logins: list[Login], say: Say) -> Script:
    """Write the story of the years that end at `now`: determined by the seed, except for passwords and cards."""
    rng = Random(seed)  # noqa: S311 - the same story for the same seed, nothing secret
    say(f"    {size.places:,} places, {size.volunteers:,} volunteers: planning, and sealing their names")
    population = make_population(rng, size)
    center_id = new_id()
    return Script(
        center_id=center_id,
        size=size,
        seed=rng.randrange(1 << 32),
        now=now,
        population=population,
        sealed=[_seal(person, center_id) for person in population.people],
        activities=make_activities(rng, size, population, now, clock.zone()),
        visits=make_visits(rng, size, now, clock.zone()),
        passwords={
            login.role: hash_password(login.password, phone=login.phone, names=[login.name]) for login in logins
        },
        card=next(login.card for login in logins if login.card),
    )


def _seal(person: PersonPlan, center_id: int) -> NewIdentity:
    return prepare(
        name=person.name,
        center_id=center_id,
        phone=person.phone,
        gender=person.gender,
        id_last4=person.id_last4,
        demonstration=True,
    )


def play(session: Session, script: Script, say: Say) -> int:
    """Play it in one unit, so that an interrupted load leaves nothing behind; returns the number of transfers."""
    if session.get_bind().dialect.name == "sqlite":
        # 128 MB, so that pages changed repeatedly are written once.
        session.connection().exec_driver_sql("PRAGMA cache_size=-131072")
    luck = Random(script.seed)  # noqa: S311 - the same story for the same seed, nothing secret
    stage = Stage(
        session,
        script.center_id,
        script.size,
        script.population,
        script.sealed,
        script.passwords,
        script.card,
        luck,
    )
    _note_everything(stage, script)
    progress = Progress(script.now - timedelta(days=script.size.days), script.now, say)
    for at in stage.play(script.now):
        progress.reach(at)
    return int(session.scalar(sa.select(sa.func.count()).select_from(Transfer)) or 0)


def _note_everything(stage: Stage, script: Script) -> None:
    opening = script.now - timedelta(days=script.size.days)
    first_day = opening.astimezone(clock.zone()).replace(hour=8, minute=0, second=0, microsecond=0)
    steps: tuple[Act, ...] = (
        founding.found_center,
        founding.first_rule,
        founding.hire_staff,
        partial(founding.register_batch, 0),
        shopping.open_shops,
        shopping.first_goods,
    )
    for number, step in enumerate(steps):
        stage.note(first_day + timedelta(minutes=20 * number), step)
    for month in range(1, script.size.months):
        stage.note(first_day + timedelta(days=30 * month, hours=1), partial(founding.register_batch, month))
        stage.note(first_day + timedelta(days=30 * month, hours=2), partial(shopping.restock, month))
    stage.note(first_day + timedelta(days=120), founding.second_rule)
    stage.note(first_day + timedelta(days=200), shopping.change_price)
    for end_of_grace in nightly.expiry_days(first_day, script.now):
        stage.note(end_of_grace, nightly.expire_points)
    for activity in script.activities:
        _note_activity(stage, activity)
    for at, visit in script.visits:
        stage.note(at, partial(shopping.visit, visit))
    for week, morning in enumerate(entering.mornings(first_day, script.now)):
        stage.note(morning, partial(entering.log_in, week))
    stage.note(script.now - timedelta(days=9), entering.guess)
    for night in nightly.sealing_nights(first_day, script.now):
        stage.note(night, nightly.seal)


def _note_activity(stage: Stage, activity: ActivityPlan) -> None:
    stage.note(activity.announced_at, partial(serving.announce, activity))
    for shift in activity.shifts:
        for presence in shift.people:
            if presence.signed_up_at is not None:
                stage.note(presence.signed_up_at, partial(serving.sign_up, shift, presence))
            if presence.oddity == "early":
                stage.note(shift.starts_at - timedelta(minutes=55), partial(serving.knock_early, shift, presence))
            if presence.came_at is not None:
                stage.note(presence.came_at, partial(serving.come, shift, presence))
            if presence.left_at is not None:
                stage.note(presence.left_at, partial(serving.leave, shift, presence))
            if presence.review is not None:
                stage.note(presence.review[0], partial(serving.decide, shift, presence))
        if any(presence.came_at and presence.left_at is None for presence in shift.people):
            stage.note(shift.ends_at + timedelta(minutes=36), serving.close_forgotten)


def _keep_logins(settings: Settings, say: Say) -> None:
    """If the file of log-ins is gone, give the same people new passwords, and the volunteer a new card."""
    if read_logins(settings.data_folder):
        return
    logins = make_logins()
    center_id = in_snapshot(organisations.only_center).id
    for login in logins:
        password_hash = hash_password(login.password, phone=login.phone, names=[login.name])
        in_transaction(_give_anew, login, password_hash, center_id)
    write_logins(settings.data_folder, logins)
    say("==> Demonstration district: its log-ins were lost; here are new ones")


def _give_anew(session: Session, login: Login, password_hash: str, center_id: int) -> None:
    identity_id = identities.find_identity_by_phone(session, login.phone, center_id)
    if identity_id is None:
        return
    credentials.set_password(session, identity_id, center_id, password_hash=password_hash)
    volunteer = find_volunteer_by_identity(session, identity_id, center_id)
    if login.card and volunteer is not None:
        issue_cards(session, [volunteer.id], actor=system_actor(center_id), tokens=[login.card])
