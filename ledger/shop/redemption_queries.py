"""Reads of redemptions: one with its lines, lists for staff and members, and plain facts for answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.kernel.actor import Actor
from ledger.kernel.errors import NotFound
from ledger.kernel.paging import Page, PageRequest, fetch_page
from ledger.kernel.paths import under
from ledger.kernel.permissions import Permission
from ledger.kernel.prepared import Prepared
from ledger.kernel.types import table_of
from ledger.people.models import Volunteer
from ledger.places.models import Place
from ledger.shop import queries
from ledger.shop.models import ItemPrice, Redemption, RedemptionLine, Shop
from ledger.shop.policy import read_receipt_text, receipt_text

STAFF = (Permission.TILL, Permission.READ_BOOKS)


@dataclass(frozen=True, slots=True)
class LineView:
    """A line of a redemption; `price` per unit and `points` for the line, both in minor units."""

    position: int
    item_id: int
    name: str
    spec: str
    quantity: int
    price: int
    price_id: int
    points: int
    points_transfer_id: int | None
    goods_transfer_id: int | None


@dataclass(frozen=True, slots=True)
class RedemptionView:
    """A redemption with its lines; lists omit the lines."""

    center_id: int
    id: int
    shop_id: int
    shop_name: str
    place_path: str
    volunteer_id: int
    member_number: str
    member_status: str
    payer_code_id: int
    clerk_id: int
    status: str
    total: int
    created_at: datetime
    bound_until: datetime
    held_until: datetime | None
    confirmed_at: datetime | None
    receipt_year: int | None
    receipt_number: int | None
    balance_after: int | None
    voided_at: datetime | None
    voided_by: int | None
    void_reason: str | None
    shop_short_name: str
    lines: list[LineView]

    @property
    def receipt(self) -> str:
        """The receipt number, "" before there is one."""
        if self.receipt_year is None or self.receipt_number is None:
            return ""
        return receipt_text(self.shop_short_name, self.receipt_year, self.receipt_number)


def find_redemption(
    session: Session, redemption_id: int, center_id: int, *, lock: bool = False
) -> RedemptionView | None:
    """A redemption with its lines; with `lock` it can't change until the unit of work ends."""
    parameters = {"center": center_id, "id": redemption_id}
    rows = (_ONE_LOCKED if lock else _ONE).rows(session, parameters)
    return _view(rows[0], lines_of(session, redemption_id, center_id)) if rows else None


def get_redemption(session: Session, redemption_id: int, center_id: int, *, lock: bool = False) -> RedemptionView:
    """A redemption with its lines. Raises NotFound("shop.redemption_not_found")."""
    view = find_redemption(session, redemption_id, center_id, lock=lock)
    if view is None:
        raise NotFound("shop.redemption_not_found")
    return view


def get_redemption_for(session: Session, redemption_id: int, actor: Actor) -> RedemptionView:
    """A redemption that the actor may see: their own, or one under their places; otherwise NotFound."""
    view = get_redemption(session, redemption_id, actor.center_id)
    if view.volunteer_id == actor.volunteer_id or may_see_all_of(actor, view.place_path):
        return view
    raise NotFound("shop.redemption_not_found")


def may_see_all_of(actor: Actor, place_path: str) -> bool:
    """Whether the actor is staff for the place and may see what others redeemed there."""
    return any(actor.may(permission, place_path) for permission in STAFF)


def lines_of(session: Session, redemption_id: int, center_id: int) -> list[LineView]:
    """The lines of a redemption in order."""
    parameters = {"center": center_id, "redemption": redemption_id}
    return [LineView(*row) for row in _LINES.rows(session, parameters)]


_redemption, _shop, _place, _volunteer = map(table_of, (Redemption, Shop, Place, Volunteer))
_line, _price = map(table_of, (RedemptionLine, ItemPrice))
_FROM_ELSEWHERE = {
    "shop_short_name": _shop.c.short_name,
    "place_path": _place.c.path,
    "member_number": _volunteer.c.number,
    "member_status": _volunteer.c.status,
}
_COLUMNS = [name for name in RedemptionView.__slots__ if name != "lines"]
_REDEMPTIONS: "sa.Select[*tuple[Any, ...]]" = (
    sa.select(
        *(_FROM_ELSEWHERE[name].label(name) if name in _FROM_ELSEWHERE else _redemption.c[name] for name in _COLUMNS)
    )
    .join(_shop, sa.and_(_shop.c.center_id == _redemption.c.center_id, _shop.c.id == _redemption.c.shop_id))
    .join(_place, sa.and_(_place.c.center_id == _shop.c.center_id, _place.c.id == _shop.c.place_id))
    .join(
        _volunteer,
        sa.and_(_volunteer.c.center_id == _redemption.c.center_id, _volunteer.c.id == _redemption.c.volunteer_id),
    )
)
_BY_ID = _REDEMPTIONS.where(_redemption.c.center_id == sa.bindparam("center"), _redemption.c.id == sa.bindparam("id"))
_ONE, _ONE_LOCKED = Prepared(_BY_ID), Prepared(_BY_ID.with_for_update(of=_redemption))
_LINES = Prepared(
    sa.select(
        _line.c.position,
        _line.c.item_id,
        _line.c.name,
        _line.c.spec,
        _line.c.quantity,
        _price.c.points.label("price"),
        _line.c.price_id,
        _line.c.points,
        _line.c.points_transfer_id,
        _line.c.goods_transfer_id,
    )
    .join(_price, sa.and_(_price.c.center_id == _line.c.center_id, _price.c.id == _line.c.price_id))
    .where(_line.c.center_id == sa.bindparam("center"), _line.c.redemption_id == sa.bindparam("redemption"))
    .order_by(_line.c.position)
)


@dataclass(frozen=True, slots=True)
class RedemptionFilter:
    """Filter of a redemption list; `receipts_only` leaves out redemptions that were never confirmed."""

    shop_id: int | None = None
    volunteer_id: int | None = None
    status: str | None = None
    receipt: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    receipts_only: bool = False


def list_redemptions(
    session: Session, actor: Actor, wanted: RedemptionFilter, *, request: PageRequest
) -> Page[RedemptionView]:
    """Redemptions that the actor may see, without their lines, newest first by default."""
    query = _narrowed(_REDEMPTIONS.where(Redemption.center_id == actor.center_id, _visible_to(actor)), wanted)
    return fetch_page(
        session,
        query,
        request=request,
        sorts={"created_at": Redemption.created_at, "total": Redemption.total},
        tie=Redemption.id,
        make=lambda row: _view(row, []),
        usual="-created_at",
    )


def _visible_to(actor: Actor) -> sa.ColumnElement[bool]:
    paths = {path for permission in STAFF for path in actor.paths(permission)}
    own = sa.false() if actor.volunteer_id is None else Redemption.volunteer_id == actor.volunteer_id
    return sa.or_(own, under(Place.path, sorted(paths)))


def _narrowed(query: sa.Select[Any], wanted: RedemptionFilter) -> sa.Select[Any]:
    for name in ("shop_id", "volunteer_id", "status"):
        if (value := getattr(wanted, name)) is not None:
            query = query.where(getattr(Redemption, name) == value)
    if wanted.receipt is not None:
        short_name, year, number = read_receipt_text(wanted.receipt) or ("", 0, 0)
        query = query.where(Redemption.receipt_year == year, Redemption.receipt_number == number)
        if short_name:
            query = query.where(Shop.short_name == short_name)
    if wanted.receipts_only:
        query = query.where(Redemption.confirmed_at.is_not(None))
    if wanted.since is not None:
        query = query.where(Redemption.created_at >= wanted.since)
    if wanted.until is not None:
        query = query.where(Redemption.created_at < wanted.until)
    return query


def facts(session: Session, redemption_id: int, center_id: int) -> dict[str, Any]:
    """A redemption as plain values without the member's name, as stored for replays too."""
    return facts_with_balance(session, get_redemption(session, redemption_id, center_id))


def facts_with_balance(session: Session, view: RedemptionView) -> dict[str, Any]:
    """The plain values of a redemption already read, with the member's balance."""
    balance = queries.member_balance(session, view.volunteer_id, view.center_id)
    return facts_of(view) | {"available": balance.available, "held": balance.held}


def facts_of(view: RedemptionView) -> dict[str, Any]:
    """The plain values without the member's balance."""
    times = {
        name: value and value.isoformat()
        for name in ("created_at", "bound_until", "held_until", "confirmed_at", "voided_at")
        for value in [getattr(view, name)]
    }
    lines = [
        {name: getattr(line, name) for name in ("item_id", "name", "spec", "quantity", "price", "points")}
        for line in view.lines
    ]
    own = {
        name: getattr(view, name)
        for name in (
            "id", "shop_id", "shop_name", "place_path", "volunteer_id", "member_number", "clerk_id", "status", "total",
            "balance_after", "receipt",
        )
    }  # fmt: skip
    return own | times | {"lines": lines}


def _view(row: Sequence[Any], lines: list[LineView]) -> RedemptionView:
    return RedemptionView(**dict(zip(_COLUMNS, row, strict=False)), lines=lines)
