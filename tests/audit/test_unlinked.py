"""Every phone number leads to its person and to nobody else: rows without the other are named."""

import logging
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from ledger import jobs
from ledger.audit.checks.log_ins import Unlinked, find_unlinked
from ledger.kernel import runtime
from ledger.kernel.database import Database
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.ids import public_id
from ledger.people.identities.queries import phone_hash
from ledger.people.models import LoginPhone
from ledger.people.volunteers import service
from tests.audit.test_command import own_app, verify
from tests.log_ins import log_ins
from tests.phones import fresh_phone
from tests.test_jobs import job
from tests.world import World

__all__ = ["own_app"]


def lose(phone: str, center_id: int) -> None:
    """Delete what leads from a number to a center."""
    own = (LoginPhone.phone_hash == phone_hash(f"+86{phone}"), LoginPhone.center_id == center_id)
    in_transaction(lambda session: session.connection().execute(sa.delete(LoginPhone).where(*own)).close())


def lead_to_nobody(center_id: int) -> None:
    row = {"phone_hash": phone_hash("+8613800138000"), "center_id": center_id}
    in_transaction(lambda session: session.connection().execute(sa.insert(LoginPhone), row).close())


def test_only_the_rows_of_the_own_center_are_named(world: World, database: Database) -> None:
    other, phone = World(database), fresh_phone()
    for each in (world, other):
        in_transaction(service.register_volunteer, name="王小兰", phone=phone, actor=each.builder)
        in_transaction(service.register_volunteer, name="没有电话", actor=each.builder)
        assert in_snapshot(find_unlinked, each.center_id) == Unlinked(each.center_id, (), 0)
    (mine,) = (each.identity_id for each in log_ins(phone) if each.center_id == world.center_id)
    lose(phone, world.center_id)
    lead_to_nobody(other.center_id)
    assert in_snapshot(find_unlinked, world.center_id) == Unlinked(world.center_id, (mine,), 0)
    assert in_snapshot(find_unlinked, other.center_id) == Unlinked(other.center_id, (), 1)


def test_verify_and_the_night_name_them_and_the_book_stays_open(
    own_app: Flask, own_database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    world = World(own_database)
    assert verify(own_app).exit_code == 0
    lead_to_nobody(world.center_id)

    result = verify(own_app)

    assert result.exit_code == 1
    said = f"in the center {public_id(world.center_id)}, 1 phone numbers lead to nobody"
    assert f"DIFFERENT. {said}" in result.output
    night = datetime.now(UTC).replace(hour=19, minute=0, second=0, microsecond=0) + timedelta(days=1)
    with caplog.at_level(logging.ERROR):
        jobs.run(runtime.current(), job("verify"), at=night)
    assert said in caplog.text
    assert world.add_volunteer().volunteer_id
    with own_database.reader.connect() as connection:
        assert connection.execute(sa.text("SELECT count(*) FROM book_freeze")).scalar_one() == 0
