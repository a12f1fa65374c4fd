"""The first days of the demonstration: places, staff, teams, volunteers with their cards."""

from datetime import timedelta
from itertools import count

import sqlalchemy as sa

from ledger.demo import words
from ledger.demo.logins import LOGIN_ROLES
from ledger.demo.people_plan import DEMO_VOLUNTEER, FIRST_LOGIN, FIRST_STAFF, draw_name, household_of
from ledger.demo.stage import Member, Stage, member_actor, staff_actor
from ledger.kernel import clock
from ledger.organisations import queries as organisation_queries
from ledger.organisations import service as organisations
from ledger.people.access import credentials, staff
from ledger.people.households import service as households
from ledger.people.models import Volunteer
from ledger.people.policy import demonstration_phone
from ledger.people.volunteers import registration
from ledger.people.volunteers import service as people
from ledger.people.volunteers.card_tokens import new_token
from ledger.places.queries import all_places
from ledger.rules import service as rules
from ledger.rules.policy import RuleBody


def found_center(stage: Stage) -> None:
    """Make the center with its first rule, places and teams."""
    organisations.create_center(stage.session, name=words.CENTER, is_demonstration=True, center_id=stage.center_id)
    top = organisation_queries.top_place(stage.session, stage.center_id)
    stage.places.append(top.id)
    for place in stage.population.places[1:]:
        parent_id = stage.places[place.parent or 0]
        latitude, longitude = 36.4 + stage.rng.uniform(-0.2, 0.2), 102.4 + stage.rng.uniform(-0.3, 0.3)
        place_id = organisations.add_place(
            stage.session,
            parent_id=parent_id,
            kind=place.kind,
            name=place.name,
            latitude=round(latitude, 5),
            longitude=round(longitude, 5),
            actor=stage.system,
        )
        stage.places.append(place_id)
    paths = {place.id: place.path for place in all_places(stage.session, stage.center_id)}
    stage.paths = [paths[place_id] for place_id in stage.places]
    for place_position, name in stage.population.teams:
        place_id = stage.places[place_position]
        stage.teams.append(organisations.add_team(stage.session, place_id=place_id, name=name, actor=stage.system))


def first_rule(stage: Stage) -> None:
    """Publish rule 1: one point an hour."""
    body = RuleBody(early_minutes=20)
    rules.add_version(stage.session, body, effective_from=clock.now() - timedelta(hours=1), actor=stage.system)


def second_rule(stage: Stage) -> None:
    """Publish rule 2: check-in opens half an hour before the start."""
    rules.add_version(stage.session, RuleBody(), effective_from=clock.now(), actor=stage.system)


def hire_staff(stage: Stage) -> None:
    """Hire the people of the printed log-ins, and a manager and a clerk at every station."""
    phones = count(FIRST_STAFF)
    for role, login in LOGIN_ROLES.items():
        if login.granted:
            phone = demonstration_phone(FIRST_LOGIN + login.count)
            at = 0 if login.granted in ("admin", "auditor") else stage.population.home
            _hire(stage, login.name, phone, login.granted, at, printed_as=role)
    for position, place in enumerate(stage.population.places):
        if place.kind != "station":
            continue
        for role, group in (("station_manager", stage.managers), ("clerk", stage.clerks)):
            if position not in group:
                name = draw_name(stage.rng, woman=stage.rng.random() < 0.5)
                _hire(stage, name, demonstration_phone(next(phones)), role, position)


def _hire(stage: Stage, name: str, phone: str, role: str, place: int, *, printed_as: str = "") -> None:
    identity_id = staff.hire(
        stage.session,
        name=name,
        phone=phone,
        role=role,
        place_id=stage.places[place],
        household=None,
        actor=stage.system,
    )
    actor = staff_actor(identity_id, stage.center_id, role, stage.paths[place])
    group = {"station_manager": stage.managers, "clerk": stage.clerks}.get(role)
    if group is not None:
        group[place] = actor
    if role == "admin":
        stage.admins.append(actor)
    if printed_as:
        credentials.set_password(stage.session, identity_id, stage.center_id, password_hash=stage.passwords[printed_as])


def register_batch(batch: int, stage: Stage) -> None:
    """Register a month's volunteers, with teams and households, and cards for those who use one."""
    people_plan = stage.population.people
    positions = [at for at, person in enumerate(people_plan) if person.batch == batch]
    rows = [registration.NewVolunteer(stage.sealed[at], stage.places[people_plan[at].place]) for at in positions]
    ids = registration.register_volunteers(stage.session, rows, actor=stage.system)
    volunteers = dict(zip(positions, ids, strict=True))
    pairs = [(stage.teams[team], volunteers[at]) for at in positions for team in people_plan[at].teams]
    organisations.join_teams(stage.session, pairs, actor=stage.system)
    homes = {volunteers[at]: household_of(stage.population, at) for at in positions}
    households.set_households(stage.session, homes, actor=stage.system)
    cards = {at: new_token() for at in positions if people_plan[at].method == "card"}
    if DEMO_VOLUNTEER in volunteers:
        cards[DEMO_VOLUNTEER] = stage.demo_card
    holders = [volunteers[at] for at in cards]
    people.issue_cards(stage.session, holders, actor=stage.system, tokens=list(cards.values()))
    _remember(stage, volunteers, cards)
    if DEMO_VOLUNTEER in volunteers:
        demo = stage.members[DEMO_VOLUNTEER].actor.identity_id
        credentials.set_password(stage.session, demo, stage.center_id, password_hash=stage.passwords["volunteer"])


def _remember(stage: Stage, volunteers: dict[int, int], cards: dict[int, str]) -> None:
    table = Volunteer.__table__
    query = sa.select(table.c.id, table.c.identity_id, table.c.number).where(
        table.c.center_id == stage.center_id, table.c.id >= min(volunteers.values(), default=0)
    )
    rows = {row.id: row for row in stage.session.connection().execute(query)}
    for at, volunteer_id in volunteers.items():
        row = rows[volunteer_id]
        actor = member_actor(row.identity_id, stage.center_id, volunteer_id)
        stage.members[at] = Member(volunteer_id, actor, row.number, cards.get(at, ""))
