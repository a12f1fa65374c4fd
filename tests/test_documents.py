"""Documents follow corrections: whatever is shown to the public, printed or saved says at once what was changed.

The table answers for every public page, every page to print and every file. A new one fails until it has an answer.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from ledger.checkin.earnings import PURPOSE
from ledger.kernel import clock
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.ids import parse_public_id, public_id
from ledger.kernel.references import make_reference
from ledger.points.book import entries, service
from ledger.points.book.entries import TransferView
from ledger.points.policy import POINT, AccountKey, Movement, Source
from ledger.points.sealing.service import seal
from ledger.shop.presenter import receipt_reference
from ledger.web.guard import needs_login
from tests.approvals.office import Office
from tests.browsing import Browser, log_out
from tests.checkin.days import Day, at
from tests.databases import on_sqlite
from tests.shop.counter import Counter
from tests.world import Person, World

TEMPLATES = Path(__file__).parent.parent / "ledger" / "templates"


@dataclass(frozen=True)
class Document:
    """A document of a deed: who reads it, where, and what it says once the deed was corrected."""

    reader: str
    address: Callable[["Deeds"], str]
    says: tuple[str, ...] = ("{day}", "{code}")


HOURS: dict[str, Document] = {
    "checkin.receipt": Document("", lambda deeds: f"/a/{deeds.voucher}"),
    "checkin.earned": Document("volunteer", lambda deeds: f"/attendances/{deeds.attendance}"),
    "checkin.objection": Document("volunteer", lambda deeds: f"/attendances/{deeds.attendance}/objection"),
    "home.history": Document("volunteer", lambda _: "/me/history"),
    "home.export_history": Document("volunteer", lambda _: "/me/history.csv", ("{iso}", "{code}")),
    "checkin.attendances": Document("manager", lambda deeds: f"/stations/{deeds.station}/attendances", ("后来改过",)),
    "checkin.export_attendances": Document(
        "manager", lambda deeds: f"/stations/{deeds.station}/attendances.csv", ("{iso}", "{code}")
    ),
    "audit.account": Document("auditor", lambda deeds: f"/books/accounts/{deeds.account}", ("后来冲回",)),
    "audit.export_account": Document("auditor", lambda deeds: f"/books/accounts/{deeds.account}.csv", (",{back}\r\n",)),
    "audit.transfer": Document("auditor", lambda deeds: f"/books/transfers/{public_id(deeds.award.id)}"),
    "proof_api.prove_batch": Document(
        "", lambda deeds: f"/api/v1/batches/{public_id(deeds.award.batch_id)}/proof", ("2026-06-04", "{lower}")
    ),
}
SALES: dict[str, Document] = {
    "shop.check_receipt": Document("", lambda deeds: f"/r/{deeds.receipt}"),
    "shop.receipt": Document("volunteer", lambda deeds: f"/receipts/{deeds.sale}"),
    "shop.receipts": Document("manager", lambda _: "/receipts", ("nx-tag--stop", "{day}")),
    "shop.export_receipts": Document("manager", lambda _: "/receipts.csv", (",已作废,", "{day}")),
    "home.history": Document("volunteer", lambda _: "/me/history", ("后来作废了",)),
    "home.export_history": Document("volunteer", lambda _: "/me/history.csv", ("{iso}", "VOID")),
}
# Why the others say nothing.
ELSEWHERE: dict[str, tuple[str, ...]] = {
    "it tells of no deed": (
        *("documentation.document", "documentation.documentation", "health.alive", "health.metrics", "health.ready"),
        *("home.start", "people.card", "people.first_password", "people.log_in", "preferences.styleguide", "static"),
        *("organisations.example", "organisations.export_report", "activities.export_list_activities"),
        *("base_print.html", "checkin/paper.html", "people/activation_slip.html", "people/recovery_codes.html"),
        *("people/card_print.html", "rules.export_versions", "shop.export_item", "shop.export_shelf"),
        *("organisations.export_place", "organisations.export_places", "organisations.export_team"),
        *("organisations.export_volunteers", "people.export_staff", "people.export_volunteer", "checkin.enter"),
    ),
    "it is about the log, not about one batch of it": (
        *("proof_api.checkpoint", "proof_api.latest_checkpoint", "proof_api.list_checkpoints", "proof_api.list_keys"),
        "proof_api.prove_consistency",
    ),
    "it shows what the book holds now, with every correction in it": (
        *("audit.export_trial_balance", "audit/trial_balance.html", "audit.export_console", "audit.export_accounts"),
        *("audit.export_ending", "audit/ending_print.html", "shop.export_shelf_of", "activities.export_activity"),
        "activities.export_shift",
    ),
    "a decision or an event is an entry of its own, and so is one that undoes it": (
        *("audit.export_approvals", "audit.export_freezes", "audit.export_periods", "audit.export_expiry_run"),
        *("audit.export_expiry_runs", "people.export_credential_events", "home.export_name_looks"),
        *("people.export_log_in_attempts", "people.export_my_log_in_attempts"),
    ),
    "the whole book, in which a correction names what it corrects": ("audit.export_bundle", "audit.export_journal"),
    "nothing of it is confirmed yet": ("checkin.export_reviews",),
    "goods that came in are not corrected": (
        *("shop.export_deliveries", "shop.export_delivery", "shop/delivery.html"),
    ),
}
# Pages to print, by their template.
PRINTED = {"home/history.html": "home.history", "shop/receipt.html": "shop.receipt"}


@dataclass
class Deeds:
    """Two hours of service on one day; a sale on the same."""

    day: Day
    office: Office
    attendance: str = ""
    sale: str = ""
    people: dict[str, Person] = field(default_factory=dict)

    @property
    def station(self) -> str:
        return public_id(self.day.world.station_id)

    @property
    def award(self) -> TransferView:
        """The award for the hours, as it was posted first."""
        return in_snapshot(_award, self)

    @property
    def account(self) -> str:
        """The volunteer's account of points."""
        return public_id(self.award.credit_account_id)

    @property
    def voucher(self) -> str:
        return make_reference(PURPOSE, self.day.world.center_id, _key(self.attendance))

    @property
    def receipt(self) -> str:
        return receipt_reference(_key(self.sale), self.day.world.center_id)


def _key(public: str) -> int:
    found = parse_public_id(public)
    assert found is not None
    return found


def _award(session: Session, deeds: Deeds) -> TransferView:
    batches = entries.batches_of(session, "attendance", str(_key(deeds.attendance)), deeds.day.world.center_id)
    return next(each for each in batches[0].transfers if each.code == "award")


@pytest.fixture
def deeds(world: World) -> Deeds:
    """The deeds, and who reads of them."""
    day = Day(world, world.add_staff("clerk"), world.add_staff("station_manager"), world.add_volunteer())
    office = Office(world)
    day.sign_up(9)
    day.card(9)
    found = Deeds(day, office, public_id(day.card(11).attendance["id"]))
    found.people = {"volunteer": day.volunteer, "manager": day.manager, "auditor": office.auditor}
    with clock.at(at(12)):
        in_transaction(seal, world.center_id)
    return found


def claw_back(deeds: Deeds) -> str:
    payload = {"transfer_id": public_id(deeds.award.id)}
    deeds.office.approve(deeds.office.propose("points.clawback", payload))
    return "clawback"


def _mirror(deeds: Deeds, amount: int, **which: int) -> str:
    """Take back by hand, as the ledger allows whoever corrects a batch."""
    member = AccountKey(POINT, "member", deeds.day.volunteer.volunteer_id)
    move = Movement(member, AccountKey(POINT, "issuance"), amount, "award", **which)
    source = Source("test", deeds.attendance, "back")
    in_transaction(service.post, [move], source=source, actor=deeds.day.world.builder, reason="by_hand")
    return "by_hand"


def reverse(deeds: Deeds) -> str:
    return _mirror(deeds, 200, reverses_id=deeds.award.id)


def refund(deeds: Deeds) -> str:
    return _mirror(deeds, 200, refund_of=deeds.award.id)


def correct_hours(deeds: Deeds) -> str:
    payload = {"attendance_id": deeds.attendance, "ended_at": at(10).isoformat()}
    deeds.office.approve(deeds.office.propose("checkin.hours", payload))
    return "hours_corrected"


def take_hours_back(deeds: Deeds) -> str:
    deeds.office.approve(deeds.office.propose("checkin.hours", {"attendance_id": deeds.attendance}))
    return "hours_taken_back"


CORRECTIONS = (claw_back, reverse, refund, correct_hours, take_hours_back)


def read(app: Flask, deeds: Deeds, document: Document) -> str:
    """The text of a document, as its reader gets it."""
    client = app.test_client()
    reader = deeds.people.get(document.reader)
    if reader is None:
        log_out(client)
    answer = (Browser(client, reader) if reader else client).get(document.address(deeds))
    assert answer.status_code == 200, (document.address(deeds), answer.text)
    return answer.text


def lacking(app: Flask, deeds: Deeds, documents: dict[str, Document], code: str) -> dict[str, list[str]]:
    """By document what it does not say of a correction on the fourth of June."""
    blanks = {"day": "6月4日", "iso": "2026-06-04", "code": code.upper(), "lower": code}
    # Of corrected hours only the difference is taken back.
    blanks["back"] = "1.00" if code == "hours_corrected" else "2.00"
    found = {}
    for name, document in documents.items():
        text = read(app, deeds, document)
        missing = [said for each in document.says if (said := each.format(**blanks)) not in text]
        if missing:
            found[name] = missing
    return found


@pytest.mark.parametrize("correct", CORRECTIONS)
@on_sqlite
def test_every_document_of_hours_says_that_they_were_corrected(
    app: Flask, deeds: Deeds, correct: Callable[[Deeds], str]
) -> None:
    with clock.at(at(9, day=1)):
        silent = lacking(app, deeds, HOURS, "~")
        assert silent.keys() == HOURS.keys()  # nothing says so before
        code = correct(deeds)
        assert lacking(app, deeds, HOURS, code) == {}


@on_sqlite
def test_every_document_of_a_sale_says_that_it_is_void(app: Flask, deeds: Deeds) -> None:
    with clock.at(at(9, day=1)):
        counter = Counter(deeds.day.world, app.test_client())
        deeds.sale = counter.sold(deeds.day.volunteer, [(counter.item(points_now=100), 1)])
        assert lacking(app, deeds, SALES, "void").keys() == SALES.keys()  # nothing says so before
        assert counter.step(deeds.sale, "void", {"reason": "拿错了"}).status_code == 200
        assert lacking(app, deeds, SALES, "void") == {}


@on_sqlite
def test_every_public_page_page_to_print_and_file_has_an_answer(app: Flask) -> None:
    rules = [rule for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ())]
    public = {rule.endpoint for rule in rules if not needs_login(app.view_functions[rule.endpoint])}
    files = {rule.endpoint for rule in rules if "kind" in rule.arguments}
    printed = {
        str(path.relative_to(TEMPLATES))
        for path in TEMPLATES.rglob("*.html")
        if re.search("data-print|base_print", path.read_text(encoding="utf-8"))
    }
    answered = {*HOURS, *SALES, *PRINTED, *(name for names in ELSEWHERE.values() for name in names)}

    assert public | files | printed <= answered
    endpoints = {rule.endpoint for rule in rules}
    assert not [name for name in answered if name not in endpoints | printed]
