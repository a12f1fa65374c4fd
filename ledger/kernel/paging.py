"""Keyset pagination: a cursor names the last row of a page, so that a list stays correct while it grows."""

import base64
import binascii
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

import sqlalchemy as sa
from sqlalchemy.orm import InstrumentedAttribute, Session

from ledger.kernel.clocks import parse_instant
from ledger.kernel.errors import ErrorText, Rejected, register

T = TypeVar("T")
U = TypeVar("U")
SortColumn = InstrumentedAttribute[Any] | sa.ColumnElement[Any]
MOST_PER_PAGE = 200
USUAL_PER_PAGE = 50

register(
    "page",
    {
        "cursor_invalid": ErrorText(
            422, "这一页的位置不对", "The cursor is not one of this list",
            "请从第一页重新翻", "Start again from the first page",
        ),
        "sort_unknown": ErrorText(
            422, "不能按这一列排", "This list can't be sorted by that",
            "请换一列：{allowed}", "Choose one of: {allowed}",
        ),
    },
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """A page of a list, the cursor of the next page (None at the end), and the sort order."""

    items: list[T]
    next: str | None
    sort: str = ""

    def of(self, items: list[U]) -> "Page[U]":
        """The same page with other items, made from these."""
        return Page(items, self.next, self.sort)


@dataclass(frozen=True, slots=True)
class PageRequest:
    """The requested page; `sort` is a column's name, prefixed by "-" for descending order."""

    limit: int = USUAL_PER_PAGE
    after: str | None = None
    sort: str = ""


def fetch_page(
    session: Session,
    query: "sa.Select[*tuple[Any, ...]] | Sequence[sa.Select[*tuple[Any, ...]]]",
    *,
    request: PageRequest,
    sorts: Mapping[str, SortColumn],
    tie: SortColumn,
    make: Callable[[Any], T],
    usual: str = "",
) -> Page[T]:
    """Rows of `query` after the cursor, ordered by the wanted column and then by `tie`, which must be unique.

    `sorts` maps names to NOT NULL columns; the default is `usual`, or else the first. The query must select what `make`
    needs; the sort columns are added. Several queries make one list without duplicates: each is read along its own
    index, whereas a database would sort everything for an `or`. Sort several queries only by numbers and times,
    because databases collate text differently.

    Raises Rejected("page.cursor_invalid" | "page.sort_unknown").
    """
    name = request.sort or usual or next(iter(sorts))
    column = sorts.get(name.removeprefix("-"))
    if column is None:
        raise Rejected("page.sort_unknown", allowed=", ".join(sorts))
    order = _Order(column, tie, down=name.startswith("-"), after=request.after)
    limit = max(1, min(request.limit, MOST_PER_PAGE))
    queries = [query] if isinstance(query, sa.Select) else query
    parts = [session.execute(order.part(each, limit + 1)).all() for each in queries]
    rows = parts[0] if len(parts) == 1 else order.merged(parts)
    cursor = _encode(order.place(rows[limit - 1])) if len(rows) > limit else None
    return Page([make(row) for row in rows[:limit]], cursor, name)


def all_items(fetch: Callable[[PageRequest], Page[T]], *, sort: str = "", most: int | None = None) -> list[T]:
    """All items of a list, or the first `most`. Call it within one snapshot, or pages may not fit together."""
    found: list[T] = []
    page: Page[T] = Page([], "")
    while page.next is not None and (most is None or len(found) < most):
        limit = MOST_PER_PAGE if most is None else min(MOST_PER_PAGE, most - len(found))
        page = fetch(PageRequest(limit, page.next or None, sort))
        found += page.items
    return found


class _Order:
    """The order of a list, and the position after which a page begins."""

    def __init__(self, column: SortColumn, tie: SortColumn, *, down: bool, after: str | None) -> None:
        self._columns, self._down = (column, tie), down
        parts = zip(_decode(after), self._columns, strict=True) if after else ()
        self._after = [_from_cursor(part, of) for part, of in parts]

    def part(self, query: "sa.Select[Any]", limit: int) -> "sa.Select[Any]":
        """The first rows of the query after the position, in order."""
        if self._after:
            given = zip(self._after, self._columns, strict=True)
            mark = sa.tuple_(*[sa.bindparam(None, value, of.type) for value, of in given])
            own = sa.tuple_(*self._columns)
            query = query.where(own < mark if self._down else own > mark)
        order = [column.desc() if self._down else column for column in self._columns]
        column, tie = self._columns
        return query.add_columns(column.label("_sort"), tie.label("_tie")).order_by(*order).limit(limit)

    def merged(self, parts: "Sequence[Sequence[sa.Row[Any]]]") -> "Sequence[sa.Row[Any]]":
        """The rows of all parts in order, without duplicates."""
        rows = {row._mapping["_tie"]: row for part in parts for row in part}
        return sorted(rows.values(), key=self.place, reverse=self._down)

    def place(self, row: "sa.Row[Any]") -> list[Any]:
        """A row's position."""
        return [row._mapping["_sort"], row._mapping["_tie"]]


def _encode(values: Sequence[Any]) -> str:
    plain = [value.isoformat() if isinstance(value, datetime) else value for value in values]
    return base64.urlsafe_b64encode(json.dumps(plain, ensure_ascii=False).encode()).decode().rstrip("=")


def _decode(cursor: str) -> list[Any]:
    try:
        values = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError, RecursionError) as error:
        raise Rejected("page.cursor_invalid") from error
    if not isinstance(values, list) or len(values) != 2:
        raise Rejected("page.cursor_invalid")
    return values


def _from_cursor(value: Any, column: SortColumn) -> Any:
    wanted = column.type.python_type
    try:
        if wanted is datetime:
            return parse_instant(value)
        if isinstance(value, bool) or not isinstance(value, wanted):
            raise TypeError
        if (isinstance(value, int) and not 0 <= value < 1 << 63) or (isinstance(value, str) and "\x00" in value):
            raise ValueError
        if isinstance(value, str):
            value.encode()
    except (TypeError, ValueError) as error:
        raise Rejected("page.cursor_invalid") from error
    return value
