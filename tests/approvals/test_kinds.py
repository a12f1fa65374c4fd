"""Every kind of proposal words its subject and its consequence, in both languages."""

import re
from collections.abc import Callable
from dataclasses import fields
from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from ledger.app import APPROVALS
from ledger.approvals.desk import Kind, SubjectWords
from ledger.approvals.queries import ProposalView
from ledger.audit.approving import presenter
from ledger.kernel import clock
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.ids import new_id, public_id
from ledger.points.book import service as points
from ledger.points.expiry import service as expiry
from ledger.points.policy import POINT, AccountKey, Movement, Source
from tests.approvals.office import Office
from tests.checkin.days import Day
from tests.factors import turn_on
from tests.phones import fresh_phone
from tests.plans import sent_to

CHINESE = re.compile("[\u4e00-\u9fff]")
NAME = "W. Lan"


def award(office: Office, amount: int = 900) -> int:
    """The transfer of an award that expired long ago."""
    to = AccountKey(POINT, "member", office.volunteer.volunteer_id)
    given = Movement(AccountKey(POINT, "issuance"), to, amount, "award", good_until=date(2020, 1, 1))
    source = Source("test", str(new_id()), "post")
    posted = in_transaction(points.post, [given], source=source, actor=office.world.builder, reason="test")
    return posted.transfer_ids[0]


def prepared_run(office: Office) -> int:
    """A prepared run of expiry."""
    award(office)
    return in_transaction(expiry.prepare, expiry.last_day_over(), actor=office.first.actor)


def grant_of(office: Office) -> dict[str, Any]:
    """A role for somebody at a station."""
    who = office.world.add_staff("clerk", name=NAME).identity_id
    where = {"place_id": public_id(office.world.add_station(f"North {who}"))}
    return {"identity_id": public_id(who), "role": "admin", "household": None} | where


def lost_factor(office: Office) -> dict[str, Any]:
    """Somebody with a second factor."""
    clerk = office.world.add_staff("clerk", name=NAME)
    turn_on(office.world, clerk)
    return {"identity_id": public_id(clerk.identity_id)}


def served(office: Office) -> int:
    """An attendance of two hours, confirmed."""
    world, now = office.world, clock.now().replace(minute=0, second=0, microsecond=0)
    day = Day(world, world.add_staff("clerk"), world.add_staff("station_manager"), office.volunteer)
    if before := day.visits():
        return int(before[0]["id"])
    start = now - timedelta(hours=30)
    with clock.at(start - timedelta(days=1)):
        world.sign_up(world.add_shift(start), office.volunteer)
    day.card(start)
    attendance_id: int = day.card(start + timedelta(hours=2)).attendance["id"]
    return attendance_id


# An example payload for each kind; a new kind needs one.
EXAMPLES: dict[str, Callable[[Office], dict[str, Any]]] = {
    "points.adjustment": lambda office: office.payload(1250),
    "points.period_close": lambda office: {"month": "2026-05"},
    "points.period_reopen": lambda office: {"month": "2026-05"},
    "points.expiry_release": lambda office: {"run_id": public_id(prepared_run(office))},
    "points.clawback": lambda office: {"transfer_id": public_id(award(office))},
    "checkin.hours": lambda office: {"attendance_id": public_id(served(office)), "ended_at": None},
    "people.grant": grant_of,
    "people.factor": lost_factor,
    "people.household": lambda office: {
        "identity_id": public_id(office.world.add_staff("clerk", name=NAME).identity_id),
        "household": "17",
    },
    "people.contact": lambda office: {
        "identity_id": public_id(office.world.add_staff("clerk", name=NAME).identity_id),
        "name": "W. Lana",
        "phone": fresh_phone(),
    },
    "people.code": lambda office: {"identity_id": public_id(office.world.add_staff("auditor", name=NAME).identity_id)},
}
HAVE_A_FIGURE = {"points.adjustment": "+12.50", "points.expiry_release": "−9.00", "points.clawback": "−9.00",
                 "checkin.hours": "120"}  # fmt: skip


def proposal_of(kind: str, payload: dict[str, Any], office: Office) -> ProposalView:
    """A proposal that waits for a decision."""
    return ProposalView(
        id=new_id(),
        kind=kind,
        subject_ref="",
        member_id=office.volunteer.volunteer_id,
        payload=payload,
        reason="",
        status="proposed",
        proposed_by=office.first.actor.identity_id,
        proposed_at=clock.now(),
        decided_by=None,
        decided_at=None,
        note=None,
        result_ref=None,
        remarks=None,
    )


def example_of(kind: Kind, office: Office) -> ProposalView:
    """A proposal of this kind with its example."""
    return proposal_of(kind.name, EXAMPLES[kind.name](office), office)


def say(session: Session, kind: Kind, proposal: ProposalView, center_id: int) -> tuple[str, SubjectWords, str]:
    """All words of a kind for a proposal."""
    [subject] = kind.subject_words(session, [proposal], center_id, {proposal.member_id or 0: NAME})
    return str(kind.title), subject, kind.consequence(session, proposal, center_id, subject.text)


def test_every_kind_has_an_example_here() -> None:
    assert EXAMPLES.keys() == {kind.name for kind in APPROVALS.kinds}


@pytest.mark.parametrize("kind", APPROVALS.kinds, ids=lambda kind: kind.name)
def test_a_kind_says_what_it_is_about_and_what_it_would_do(office: Office, app: Flask, kind: Kind) -> None:
    proposal = example_of(kind, office)

    said = {}
    for language in ("zh", "en"):
        with app.test_request_context(headers={"Accept-Language": language}):
            said[language] = in_snapshot(say, kind, proposal, office.world.center_id)

    for title, subject, consequence in said.values():
        assert title
        assert subject.text
        assert subject.text.split()[-1] in consequence  # the name, the month, the day
        assert HAVE_A_FIGURE.get(kind.name, "") in subject.figure
        assert bool(subject.figure) == (kind.name in HAVE_A_FIGURE)
    assert not any(CHINESE.search(f"{title} {subject} {end}") for title, subject, end in [said["en"]])
    assert all(CHINESE.search(each) for each in (said["zh"][0], said["zh"][2]))


@pytest.mark.parametrize("kind", APPROVALS.kinds, ids=lambda kind: kind.name)
def test_a_long_list_of_proposals_sends_as_many_statements_as_a_short_one(
    office: Office, app: Flask, kind: Kind
) -> None:
    proposals = [example_of(kind, office) for _ in range(50)]

    def sent(number: int) -> list[str]:
        with app.test_request_context(), sent_to(office.world.database.reader) as heard:
            rows = in_snapshot(presenter.rows, proposals[:number], office.world.center_id, APPROVALS)
        assert [row.proposal for row in rows] == proposals[:number]
        return heard.taken()

    assert len(sent(50)) == len(sent(2)) > 0


def test_proposals_of_several_kinds_keep_their_order_and_their_words(office: Office, app: Flask) -> None:
    given = [
        ("points.adjustment", office.payload(1250)),
        ("points.clawback", {"transfer_id": public_id(award(office, 300))}),
        ("points.period_close", {"month": "2026-05"}),
        ("points.clawback", {"transfer_id": public_id(award(office, 200))}),
        ("points.adjustment", office.payload(-100)),
        ("points.period_close", {"month": "2026-04"}),
    ]
    proposals = [proposal_of(kind, payload, office) for kind, payload in given]

    with app.test_request_context():
        rows = in_snapshot(presenter.rows, proposals, office.world.center_id, APPROVALS)

    assert [row.proposal for row in rows] == proposals
    assert [row.figure for row in rows] == ["+12.50 分", "−3.00 分", "", "−2.00 分", "−1.00 分", ""]
    assert [rows[2].subject, rows[5].subject] == ["2026年5月", "2026年4月"]


@pytest.mark.parametrize("left_out", ["subject_words", "consequence"])
def test_a_kind_without_its_words_can_not_be_made(left_out: str) -> None:
    whole = {field.name: getattr(APPROVALS.kinds[0], field.name) for field in fields(Kind)}

    with pytest.raises(TypeError, match=left_out):
        Kind(**{name: value for name, value in whole.items() if name != left_out})
