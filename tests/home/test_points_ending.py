"""A volunteer's home page about time: which points expire next, which are in grace, and what is owed."""

import re
from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from ledger.kernel import clock
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.points.book import queries as ledger
from ledger.points.book import service as points
from ledger.points.corrections import clawback
from ledger.points.models import Transfer
from ledger.points.policy import POINT, AccountKey, Movement, Source
from tests.databases import on_sqlite
from tests.shop import counter
from tests.world import Person, World


def shown(client: FlaskClient, path: str, person: Person, language: str = "zh") -> str:
    """The visible text of a page on one line."""
    answer = client.get(path, headers=person.headers | {"Accept": "text/html", "Accept-Language": language})
    assert answer.status_code == 200, answer.status_code
    page = re.sub(r'<(script|style|svg).*?</\1>|<span class="nx-minor">', "", answer.get_data(as_text=True), flags=re.S)
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


@pytest.mark.parametrize(
    ("language", "said"),
    [("zh", "其中 2027年12月31日到期 30.00"), ("en", "Of these, good until 31 December 2027 30.00")],
)
@on_sqlite
def test_home_says_what_ends_next_and_when(client: FlaskClient, world: World, language: str, said: str) -> None:
    volunteer = world.add_volunteer()
    counter.give_points(world, volunteer, 3_000, good_until=date(2027, 12, 31))
    counter.give_points(world, volunteer, 500, good_until=date(2028, 12, 31))

    assert said in shown(client, "/me", volunteer, language)


@on_sqlite
def test_home_says_that_points_are_in_their_grace(client: FlaskClient, world: World) -> None:
    yesterday = clock.today() - timedelta(days=1)
    volunteer = world.add_volunteer()
    counter.give_points(world, volunteer, 3_000, good_until=yesterday)

    assert "在宽限里的" in shown(client, "/me", volunteer)


@pytest.mark.parametrize(
    ("language", "said"),
    [("zh", "欠账 下次挣的先还 欠 0.80 分"), ("en", "Debt the next awards pay it first 0.80 points owed")],
)
def test_home_names_a_debt_in_plain_words(client: FlaskClient, world: World, language: str, said: str) -> None:
    volunteer = world.add_volunteer()
    counter.give_points(world, volunteer, 200)
    member = AccountKey(POINT, "member", volunteer.volunteer_id)
    assert "欠账" not in shown(client, "/me", volunteer)
    award = in_snapshot(_credited, world, member)
    spent = Movement(member, AccountKey(POINT, "redeemed", 9), 80, "redemption")
    in_transaction(points.post, [spent], source=Source("test", f"debt-{award}", "post"), actor=world.builder, reason="")
    in_transaction(clawback.claw_back, award, actor=world.builder, reason="clawback")

    assert said in shown(client, "/me", volunteer, language)


def _credited(session: Session, world: World, key: AccountKey) -> int:
    account = ledger.accounts_by_key(session, [key], world.center_id)[key]
    query = sa.select(Transfer.id).where(
        Transfer.center_id == world.center_id, Transfer.credit_account_id == account.id
    )
    return int(session.scalars(query).one())
