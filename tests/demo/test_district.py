"""The demonstration: what it contains, that the seed determines it, and that nobody ever sees half of one."""

import shutil
import stat
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.audit.verifying.verify import verify
from ledger.checkin import codes
from ledger.checkin import service as checkin
from ledger.checkin.commands import ScanCommand
from ledger.demo import serving
from ledger.demo.logins import read_logins
from ledger.demo.people_plan import DEMO_PHONE
from ledger.demo.sizes import VILLAGE
from ledger.kernel import clock
from ledger.kernel.clocks import parse_instant
from ledger.kernel.database import Database
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.settings import SettingsError
from ledger.organisations import queries as organisations
from ledger.organisations.service import create_center
from ledger.people.access import credentials, passwords, sessions
from ledger.people.identities import queries as identities
from ledger.people.models import Identity
from ledger.people.policy import demonstration_phone
from ledger.people.volunteers import queries as people
from ledger.places.queries import centers
from ledger.points.book.queries import balance, trial_balance
from ledger.points.policy import POINT, AccountKey
from tests.conftest import made_database
from tests.databases import SOON_ON_SQLITE
from tests.demo.loaded import HAMLET, NOW, Village, load, settings_for
from tests.demo.story import story_of
from tests.log_ins import log_in_of
from tests.runtimes import use_database


def test_it_says_that_it_is_invented(village: Village) -> None:
    center = in_snapshot(organisations.only_center)
    phones = {row[0] for row in village.rows("SELECT phone_hash FROM login_phone")}
    invented = {identities.phone_hash("+86" + demonstration_phone(number)) for number in range(1, 12_000)}

    assert center.is_demonstration
    assert "演示区" in center.name
    assert phones <= invented


def test_it_has_the_sizes_it_promises(village: Village) -> None:
    assert village.count("place") == VILLAGE.places
    assert village.count("team") == VILLAGE.teams
    assert village.count("volunteer") == VILLAGE.volunteers
    assert village.count("activity") == VILLAGE.activities
    assert village.count("shop") == VILLAGE.shops
    assert village.count("item") >= 40


def test_some_are_of_one_household(village: Village) -> None:
    sizes = [row[0] for row in village.rows("SELECT count(*) FROM household_change GROUP BY household_id")]
    assert len(sizes) == village.count("household")
    assert sizes.count(2) > VILLAGE.volunteers // 4
    assert sum(sizes) < VILLAGE.volunteers


def test_the_books_balance(village: Village) -> None:
    with village.database.snapshot() as session:
        lines = trial_balance(session, village.center_id)
        found = verify(session, village.center_id)

    for unit in {line.unit for line in lines}:
        own = [line for line in lines if line.unit == unit]
        assert sum(line.debits for line in own) == sum(line.credits for line in own) > 0
    assert found.clean, found.difference


def test_things_go_wrong_as_they_do(village: Village) -> None:
    """There are forgotten check-outs, reviews, voids, releases and refused scans for pages to show."""
    assert village.count("attendance", "review_reason = 'AUTO_CLOSED' AND status = 'CONFIRMED' AND points = 0") > 0
    assert village.count("attendance", "status = 'PENDING'") >= 3
    assert village.count("attendance", "review_reason = 'DAILY_LIMIT_REVIEW'") > 0
    assert village.count("attendance", "status = 'OPEN'") >= 3
    assert village.count("review_decision") > 0
    assert village.count("redemption", "status = 'VOIDED'") > 0
    assert village.count("redemption", "status = 'RELEASED'") > 0
    assert village.count("scan_event", "outcome = 'refused' AND reason = 'TOO_EARLY'") > 0
    assert {row[0] for row in village.rows("SELECT DISTINCT method FROM scan_event")} == {"screen", "card", "number"}


def test_a_year_ends_now(village: Village) -> None:
    [(first, last)] = village.rows("SELECT min(recorded_at), max(recorded_at) FROM batch")
    moments = [value if isinstance(value, datetime) else parse_instant(value) for value in (first, last)]

    assert timedelta(days=360) < NOW - moments[0] <= timedelta(days=366)
    assert timedelta(0) <= NOW - moments[1] < timedelta(days=3)


def test_only_the_printed_log_ins_have_passwords(village: Village) -> None:
    logins = read_logins(village.settings.data_folder)

    assert [login.role for login in logins] == [
        "admin",
        "auditor",
        "station_manager",
        "clerk",
        "volunteer",
        "second_admin",
    ]
    for login in logins:
        found = log_in_of(login.phone)
        assert passwords.password_is_right(found.password_hash, login.password)
    assert in_snapshot(passwords_set) == len(logins)
    file = village.settings.data_folder / "demo-logins.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def passwords_set(session: Session) -> int:
    """The number of people with a password."""
    query = sa.select(sa.func.count()).select_from(Identity).where(Identity.password_hash.is_not(None))
    return int(session.scalars(query).one())


def test_the_volunteer_can_try_everything_at_once(village: Village) -> None:
    """A balance for a bag of rice, a history, a known card, and a shift that is open right now."""
    member = in_snapshot(people.find_volunteer_by_phone, demonstration_phone(DEMO_PHONE), village.center_id)
    assert member is not None
    card = in_snapshot(people.find_volunteer_by_card, village.login("volunteer").card, village.center_id)
    points = in_snapshot(balance, AccountKey(POINT, "member", member.id), village.center_id)
    history = village.count("attendance", f"volunteer_id = {member.id} AND status = 'CONFIRMED'")
    redeemed = village.count("redemption", f"volunteer_id = {member.id} AND status = 'CONFIRMED'")

    assert card is not None
    assert card.volunteer_id == member.id
    assert points.available >= 3000
    assert history >= 5
    assert redeemed >= 1


def test_the_volunteer_checks_in_now_without_a_question(village: Village) -> None:
    with clock.at(NOW):
        actor = in_snapshot(sessions.load_actor, village_token(village))
    assert actor is not None
    [(station_id,)] = village.rows("SELECT id FROM place WHERE name = '柳荫村实践站'")
    shown = codes.screen_code(village.center_id, station_id, 1, NOW)
    command = ScanCommand(client_scan_id="try-it-0001", code=shown.code)

    with clock.at(NOW):
        answer = in_transaction(checkin.scan, command, actor=actor)

    assert (answer.outcome, answer.reason) == ("ok", "OK_IN")


def village_token(village: Village) -> str:
    """Log the volunteer in on a phone, as of the current clock, and return the token."""
    found = log_in_of(village.login("volunteer").phone)
    opened = in_transaction(credentials.open_session, found.identity_id, kind="device", center_id=village.center_id)
    return opened.token


def test_it_is_loaded_once(village: Village) -> None:
    before = village.count("batch"), (village.settings.data_folder / "demo-logins.json").read_bytes()

    assert load(village.settings) == []
    assert before == (village.count("batch"), (village.settings.data_folder / "demo-logins.json").read_bytes())


def told(own_database: Database, folder: Path, seed: int) -> tuple[list[Any], list[Any]]:
    """Load a hamlet and read its story: who was where when, and every receipt."""
    folder.mkdir()
    load(settings_for(own_database.url, folder), seed=seed, size=HAMLET)
    return story_of(own_database)


@pytest.mark.parametrize("own_database_url", ["sqlite"], indirect=True)
def test_the_same_seed_tells_the_same_year(
    own_database: Database, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    first = told(own_database, tmp_path / "a", 7)
    for seed, same in ((7, True), (8, False)):
        request.param = "sqlite"
        with made_database(request, migrated=True) as url:
            another = Database(url)
            use_database(another)
            assert (told(another, tmp_path / f"b{seed}", seed) == first) is same
            another.close()


@pytest.mark.parametrize("own_database_url", SOON_ON_SQLITE, indirect=True)
def test_a_load_that_was_cut_short_leaves_nothing(
    own_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_for(own_database.url, tmp_path)

    def pull_the_plug(*_args: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(serving, "decide", pull_the_plug)
        with pytest.raises(KeyboardInterrupt):
            load(settings, size=HAMLET)
    assert in_snapshot(centers) == []

    load(settings, size=HAMLET)
    assert len(in_snapshot(centers)) == 1


def test_log_ins_that_were_lost_are_made_anew(village: Village, tmp_path: Path) -> None:
    elsewhere = replace(village.settings, data_folder=tmp_path)
    load(elsewhere)
    new = {login.role: login for login in read_logins(tmp_path)}
    found = log_in_of(new["clerk"].phone)
    assert found is not None
    assert passwords.password_is_right(found.password_hash, new["clerk"].password)
    card = in_snapshot(people.find_volunteer_by_card, new["volunteer"].card, village.center_id)
    assert card is not None
    assert card.revoked_at is None
    # Later tests log in with the new passwords.
    shutil.copyfile(tmp_path / "demo-logins.json", village.settings.data_folder / "demo-logins.json")


def test_it_never_mixes_with_real_people(own_database: Database, tmp_path: Path) -> None:
    in_transaction(create_center, name="柳荫社区")

    with pytest.raises(SettingsError, match="柳荫社区"):
        load(settings_for(own_database.url, tmp_path))


def test_it_never_runs_in_production(own_database: Database, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="production"):
        load(replace(settings_for(own_database.url, tmp_path), environment="production"))
    assert in_snapshot(centers) == []
