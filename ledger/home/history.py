"""A volunteer's history: what happened, by day and in plain words, each entry with its evidence."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.approvals import queries as approvals
from ledger.approvals.queries import ProposalView
from ledger.checkin import queries as checkin
from ledger.checkin.queries import AttendanceView, ScanView
from ledger.home.lot_lines import LotLine, sum_up
from ledger.kernel import clock
from ledger.kernel.actor import Actor
from ledger.kernel.errors import NotFound
from ledger.kernel.paging import Page, PageRequest, fetch_page
from ledger.kernel.types import table_of
from ledger.points.book import queries as points
from ledger.points.book.queries import NOTHING
from ledger.points.corrections import adjustments
from ledger.points.corrections.standing import Standing, standings
from ledger.points.lots.parts import LotPart, parts_by_transfer
from ledger.points.models import Batch, Transfer
from ledger.points.policy import COUNTS_AS_POSTED, MINUTE, POINT, AccountKey, Balance
from ledger.rules import queries as rules
from ledger.rules.queries import Rule
from ledger.shop import redemption_queries as redemptions
from ledger.shop.redemption_queries import RedemptionView

Which = Literal["all", "earned", "spent"]
Kind = Literal["service", "redemption", "void", "adjustment", "expiry", "clawback", "other"]
# Happenings without a page of their own, by the batch's source and reason.
_KINDS: dict[tuple[str, str], Kind] = {("lot", "expiry"): "expiry", ("transfer", "clawback"): "clawback"}
_transfer = table_of(Transfer)


@dataclass(frozen=True, slots=True)
class HistoryFilter:
    """Filter of the history; `since` and `until` are local days, both inclusive."""

    which: Which = "all"
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True, slots=True)
class Happening:
    """An event that moved points or minutes, with its source if known and the lots it touched.

    `standing` says of a service what has changed its posting since.
    """

    batch_id: int
    kind: Kind
    recorded_at: datetime
    points: int
    minutes: int
    reason: str
    attendance: AttendanceView | None = None
    scans: Sequence[ScanView] = ()
    rule: Rule | None = None
    redemption: RedemptionView | None = None
    proposal: ProposalView | None = None
    lots: Sequence[LotLine] = ()
    standing: Standing | None = None

    @property
    def changes(self) -> bool:
        """Whether it changes what an earlier batch of the same service had posted."""
        return self.standing is not None and self.batch_id != self.standing.first.batch_id

    @property
    def was_changed(self) -> bool:
        """Whether later batches have changed it."""
        return self.standing is not None and not self.changes and bool(self.standing.changes)


@dataclass(frozen=True, slots=True)
class HistoryDay:
    """A local day with its events, latest first, and the points at its end."""

    day: date
    balance: int
    happenings: list[Happening]


@dataclass(frozen=True, slots=True)
class History:
    """A page of the history with the current balances."""

    points: Balance
    minutes: int
    held: list[RedemptionView]
    days: list[HistoryDay]
    next: str | None


def history_of(
    session: Session, actor: Actor, wanted: HistoryFilter, zone: ZoneInfo, *, request: PageRequest
) -> History:
    """A page of the reader's own history, latest first."""
    own = _Own(session, actor)
    page = list_happenings(session, actor, wanted, zone, request=request)
    days: dict[date, list[Happening]] = {}
    for each in page.items:
        days.setdefault(clock.local_day(each.recorded_at, zone), []).append(each)
    return History(
        points=own.points,
        minutes=own.minutes,
        held=_held(session, actor),
        days=[HistoryDay(day, own.balance_at_end_of(day, zone), happenings) for day, happenings in days.items()],
        next=page.next,
    )


def list_happenings(
    session: Session, actor: Actor, wanted: HistoryFilter, zone: ZoneInfo, *, request: PageRequest
) -> Page[Happening]:
    """Events that moved the reader's points or minutes, latest first."""
    own = _Own(session, actor)
    page = fetch_page(
        session,
        [_narrowed(query, wanted, zone) for query in own.batches()],
        request=PageRequest(request.limit, request.after, "-recorded_at"),
        sorts={"recorded_at": _transfer.c.recorded_at},
        tie=_transfer.c.batch_id,
        make=lambda row: int(row.batch_id),
    )
    moved = own.moved(page.items)
    batches = {
        batch.id: batch
        for batch in session.scalars(
            sa.select(Batch).where(Batch.center_id == actor.center_id, Batch.id.in_(page.items))
        )
    }
    services = [int(batch.source_ref) for batch in batches.values() if batch.source_type == "attendance"]
    standing = standings(session, "attendance", services, actor.center_id)
    found = [_happening(session, batches[each], moved[each], actor, zone) for each in page.items]
    return page.of(
        [replace(each, standing=standing.get(each.attendance.id if each.attendance else 0)) for each in found]
    )


def _narrowed(query: "sa.Select[Any]", wanted: HistoryFilter, zone: ZoneInfo) -> "sa.Select[Any]":
    """Apply the filter to a selection of transfers; a transfer has the recording time of its batch."""
    if wanted.which != "all":
        source = {"earned": "attendance", "spent": "redemption"}[wanted.which]
        batch = sa.and_(Batch.center_id == _transfer.c.center_id, Batch.id == _transfer.c.batch_id)
        query = query.join(Batch, batch).where(Batch.source_type == source)
    if wanted.since is not None:
        query = query.where(_transfer.c.recorded_at >= datetime.combine(wanted.since, time(), tzinfo=zone))
    if wanted.until is not None:
        after = wanted.until + timedelta(days=1)
        query = query.where(_transfer.c.recorded_at < datetime.combine(after, time(), tzinfo=zone))
    return query


@dataclass(slots=True)
class _Moved:
    """Effect of a batch on the reader's accounts: change per unit, and lots touched."""

    gained: dict[str, int] = field(default_factory=lambda: {POINT: 0, MINUTE: 0})
    lots: list[LotPart] = field(default_factory=list)


class _Own:
    """The reader's own two accounts, looked up once."""

    def __init__(self, session: Session, actor: Actor) -> None:
        self._session, self._center_id = session, actor.center_id
        keys = [AccountKey(unit, "member", actor.volunteer_id or -1) for unit in (POINT, MINUTE)]
        self._states = points.accounts_by_key(session, keys, actor.center_id)
        self._units = {state.id: key.unit for key, state in self._states.items()}
        found = {key.unit: state.state for key, state in self._states.items()}
        self.points = found.get(POINT, NOTHING)
        self.minutes = found.get(MINUTE, NOTHING).balance

    def balance_at_end_of(self, day: date, zone: ZoneInfo) -> int:
        """The points balance at the end of a day."""
        end = datetime.combine(day + timedelta(days=1), time(), tzinfo=zone) - timedelta(microseconds=1)
        for account_id, unit in self._units.items():
            if unit == POINT:
                return points.get_account(self._session, account_id, self._center_id, as_of=end).balance
        return 0

    def batches(self) -> "list[sa.Select[Any]]":
        """Batches that posted to the reader's accounts: one query per account and side, each on its index."""
        sides = [_transfer.c[f"{side}_account_id"] for side in ("debit", "credit")]
        return [
            sa.select(_transfer.c.batch_id)
            .distinct()
            .where(_transfer.c.center_id == self._center_id, side == account_id, _transfer.c.kind.in_(COUNTS_AS_POSTED))
            for account_id in self._units
            for side in sides
        ]

    def moved(self, batch_ids: Sequence[int]) -> dict[int, _Moved]:
        """Change per unit and lots of points touched, by batch."""
        found = {batch_id: _Moved() for batch_id in batch_ids}
        batch_of: dict[int, int] = {}
        for side, sign in (("debit", -1), ("credit", 1)):
            account_id = _transfer.c[f"{side}_account_id"]
            query = self._side(side, _transfer.c.id, _transfer.c.batch_id, account_id, _transfer.c.amount)
            for row in self._session.execute(query.where(_transfer.c.batch_id.in_(batch_ids))):
                batch_of[row[0]] = row[1]
                found[row[1]].gained[self._units[row[2]]] += sign * row[3]
        for own_id in self._units:
            parts = parts_by_transfer(self._session, own_id, list(batch_of), self._center_id)
            for transfer_id, own in parts.items():
                found[batch_of[transfer_id]].lots.extend(own)
        return found

    def _side(self, side: str, *columns: Any) -> "sa.Select[Any]":
        return sa.select(*columns).where(
            _transfer.c.center_id == self._center_id,
            _transfer.c[f"{side}_account_id"].in_(self._units),
            _transfer.c.kind.in_(COUNTS_AS_POSTED),
        )


def _happening(session: Session, batch: Batch, moved: _Moved, actor: Actor, zone: ZoneInfo) -> Happening:
    plain: dict[str, Any] = {
        "batch_id": batch.id,
        "recorded_at": batch.recorded_at,
        "points": moved.gained[POINT],
        "minutes": moved.gained[MINUTE],
        "reason": batch.reason,
        "lots": sum_up(moved.lots, zone),
    }
    try:
        if batch.source_type == "attendance":
            view = checkin.get_attendance(session, int(batch.source_ref), actor.center_id)
            rule = rules.get_rule(session, view.rule_id, actor.center_id) if view.rule_id is not None else None
            scans = checkin.scans_of(session, view, actor.center_id)
            return Happening(kind="service", attendance=view, scans=scans, rule=rule, **plain)
        if batch.source_type == "redemption":
            redemption = redemptions.get_redemption(session, int(batch.source_ref), actor.center_id)
            return Happening(kind="void" if batch.step == "void" else "redemption", redemption=redemption, **plain)
        if batch.source_type == adjustments.SOURCE:
            proposal = approvals.get_proposal(session, int(batch.source_ref), actor.center_id)
            return Happening(kind="adjustment", proposal=proposal, **plain)
    except NotFound:
        # The source is gone, which the audit reports; the reader still sees the movement.
        pass
    return Happening(kind=_KINDS.get((batch.source_type, batch.reason), "other"), **plain)


def _held(session: Session, actor: Actor) -> list[RedemptionView]:
    chosen = redemptions.RedemptionFilter(volunteer_id=actor.volunteer_id or -1, status="HELD")
    return redemptions.list_redemptions(session, actor, chosen, request=PageRequest(10)).items
