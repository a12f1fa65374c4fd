"""The statement of an account for its page and its file: entries with names and subjects."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from ledger.activities.models import Activity, Shift
from ledger.approvals.models import Proposal
from ledger.audit.naming.names import CODE_WORDS, TRANSFER_KIND_WORDS, AccountName, account_names
from ledger.checkin.models import Attendance
from ledger.kernel.actor import Actor
from ledger.kernel.ids import public_id
from ledger.kernel.paging import Page, PageRequest
from ledger.kernel.types import table_of
from ledger.points.book import entries, reading
from ledger.points.book.entries import Entry
from ledger.points.book.reading import AccountRow
from ledger.points.corrections import adjustments
from ledger.points.corrections.standing import taken_back
from ledger.points.policy import AccountKey
from ledger.shop.models import GoodsIn, Redemption, Shop
from ledger.shop.policy import receipt_text
from ledger.web.formats import points
from ledger.web.spreadsheets import all_rows

MOST_LINES = 20_000
_attendance, _shift, _activity = table_of(Attendance), table_of(Shift), table_of(Activity)
_redemption, _goods_in, _proposal = table_of(Redemption), table_of(GoodsIn), table_of(Proposal)
_shop = table_of(Shop)


@dataclass(frozen=True, slots=True)
class Line:
    """An entry, its subject, the account on the other side, and how much of it was taken back later."""

    entry: Entry
    about: str
    other: str
    taken_back: int = 0


@dataclass(frozen=True, slots=True)
class Statement:
    """An account as of a time, with one page of its statement; `next` is the cursor of the following page."""

    account: AccountRow
    name: AccountName
    as_of: datetime | None
    lines: list[Line]
    next: str | None
    sort: str

    @property
    def income(self) -> int:
        """Total of the credits on this page."""
        return sum(line.entry.amount for line in self.lines if line.entry.amount > 0)

    @property
    def spending(self) -> int:
        """Total of the debits on this page."""
        return -sum(line.entry.amount for line in self.lines if line.entry.amount < 0)


def statement_of(
    session: Session, account_id: int, actor: Actor, *, request: PageRequest, as_of: datetime | None = None
) -> Statement:
    """A page of an account the actor may see. Raises NotFound("points.account_not_found")."""
    account = reading.get_account(session, account_id, actor, as_of=as_of)
    page = reading.statement(session, account_id, actor, request=request, as_of=as_of)
    key = AccountKey(account.unit, account.kind, account.owner_id)
    name = account_names(session, [key], actor.center_id)[key]
    return Statement(account, name, as_of, _lines(session, page.items, actor.center_id), page.next, page.sort)


def file_of(session: Session, account_id: int, actor: Actor, *, as_of: datetime | None) -> list[list[Any]]:
    """The whole statement as rows of a file, headings first, oldest entry first.

    Raises Rejected("request.file_too_long").
    """
    scale = reading.get_account(session, account_id, actor, as_of=as_of).scale

    def fetch(part: PageRequest) -> Page[Line]:
        page = reading.statement(session, account_id, actor, request=part, as_of=as_of)
        return page.of(_lines(session, page.items, actor.center_id))

    headings = [
        _("记账时间"),
        _("事项"),
        _("摘要"),
        _("对方账户"),
        _("收入"),
        _("支出"),
        _("余额"),
        _("流水号"),
        _("后来冲回"),
    ]
    return [headings, *(_cells(line, scale) for line in all_rows(fetch, sort="recorded_at", most=MOST_LINES))]


def event_words(entry: Entry) -> str:
    """The event of an entry: 发积分; 兑换，占用."""
    words = str(CODE_WORDS.get(entry.code, entry.code))
    return words if entry.kind == "posted" else f"{words}{_('，')}{TRANSFER_KIND_WORDS[entry.kind]}"


def _lines(session: Session, items: Sequence[Entry], center_id: int) -> list[Line]:
    abouts = source_words(session, {(entry.source_type, entry.source_ref) for entry in items}, center_id)
    keys = entries.account_keys(session, {entry.other_account_id for entry in items}, center_id)
    names = account_names(session, keys.values(), center_id)
    back = taken_back(session, [entry.transfer_id for entry in items], center_id)
    return [
        Line(
            entry,
            abouts.get((entry.source_type, entry.source_ref)) or entry.reason,
            names[keys[entry.other_account_id]].text,
            back.get(entry.transfer_id, 0),
        )
        for entry in items
    ]


def source_words(session: Session, sources: Iterable[tuple[str, str]], center_id: int) -> dict[tuple[str, str], str]:
    """Short subjects of events: the activity, the receipt number, the delivery document."""
    by_type: dict[str, list[int]] = {}
    for source_type, ref in sources:
        if ref.isdecimal():
            by_type.setdefault(source_type, []).append(int(ref))
    words: dict[tuple[str, str], str] = {}
    for row in session.execute(_activities(center_id, by_type.get("attendance", []))):
        words["attendance", str(row.id)] = row.name
    r = _redemption.c
    receipts = (
        sa.select(r.id, r.receipt_year, r.receipt_number, _shop.c.short_name)
        .join(_shop, sa.and_(_shop.c.center_id == r.center_id, _shop.c.id == r.shop_id))
        .where(r.center_id == center_id, r.id.in_(by_type.get("redemption", [])))
    )
    for row in session.execute(receipts):
        if row.receipt_number is None:
            words["redemption", str(row.id)] = str(_("兑换单，没有小票"))
        else:
            receipt = receipt_text(row.short_name, row.receipt_year, row.receipt_number)
            words["redemption", str(row.id)] = str(_("小票 %(receipt)s", receipt=receipt))
    g = _goods_in.c
    deliveries = sa.select(g.id, g.supplier, g.document).where(
        g.center_id == center_id, g.id.in_(by_type.get("goods_in", []))
    )
    for row in session.execute(deliveries):
        words["goods_in", str(row.id)] = f"{row.supplier} {row.document}".strip()
    reasons = sa.select(_proposal.c.id, _proposal.c.reason).where(
        _proposal.c.center_id == center_id, _proposal.c.id.in_(by_type.get(adjustments.SOURCE, []))
    )
    words |= {(adjustments.SOURCE, str(row.id)): row.reason for row in session.execute(reasons)}
    return words


def _activities(center_id: int, ids: Sequence[int]) -> "sa.Select[Any]":
    a = _attendance.c
    return (
        sa.select(a.id, _activity.c.name)
        .join(_shift, sa.and_(_shift.c.center_id == a.center_id, _shift.c.id == a.shift_id))
        .join(_activity, sa.and_(_activity.c.center_id == a.center_id, _activity.c.id == _shift.c.activity_id))
        .where(a.center_id == center_id, a.id.in_(ids))
    )


def _cells(line: Line, scale: int) -> list[Any]:
    entry = line.entry
    return [
        entry.recorded_at.isoformat(),
        event_words(entry),
        line.about,
        line.other,
        points(entry.amount, scale) if entry.amount > 0 else "",
        points(-entry.amount, scale) if entry.amount < 0 else "",
        points(entry.balance_after, scale) if entry.balance_after is not None else "",
        public_id(entry.transfer_id),
        points(line.taken_back, scale) if line.taken_back else "",
    ]
