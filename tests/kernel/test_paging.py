"""Keyset pagination: cursors work with times too, and forged ones are refused."""

import base64
import json
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.kernel import clock
from ledger.kernel.db import in_snapshot
from ledger.kernel.errors import Rejected
from ledger.kernel.paging import Page, PageRequest, all_items, fetch_page
from ledger.places import queries as places
from ledger.places.models import Place
from tests.world import World


def page_after(world: World, after: object, sort: str = "created_at") -> list[str]:
    """Names of the places after a cursor with these values."""
    cursor = after if isinstance(after, str) else base64.urlsafe_b64encode(json.dumps(after).encode()).decode()
    request = PageRequest(after=cursor, sort=sort)
    return [place.name for place in in_snapshot(places.list_places, world.center_id, request=request).items]


def test_a_cursor_leads_on_by_time(world: World) -> None:
    for sort in ("created_at", "-created_at"):
        first = in_snapshot(places.list_places, world.center_id, request=PageRequest(limit=1, sort=sort))
        assert first.next is not None
        rest = page_after(world, first.next, sort)
        assert sorted([first.items[0].name, *rest]) == sorted(["演示中心", "柳荫站"])


@pytest.mark.parametrize("sort", ["created_at", "-created_at"])
def test_rows_that_tie_come_once_each_in_either_direction(world: World, sort: str) -> None:
    with clock.at(datetime(2026, 6, 3, 4, tzinfo=UTC)):
        for name in ("东站", "西站", "南站", "北站"):
            world.add_station(name)

    names: list[str] = []
    after = None
    while True:
        request = PageRequest(limit=1, sort=sort, after=after)
        page = in_snapshot(places.list_places, world.center_id, request=request)
        names += [place.name for place in page.items]
        after = page.next
        if after is None:
            break

    assert sorted(names) == sorted(["演示中心", "柳荫站", "东站", "西站", "南站", "北站"])
    ties = [name for name in names if name in ("东站", "西站", "南站", "北站")]
    assert ties == (["东站", "西站", "南站", "北站"] if sort == "created_at" else ["北站", "南站", "西站", "东站"])


@pytest.mark.parametrize(
    "after",
    [
        "not base64 …",
        "AAAA",
        [1],
        {"a": 1},
        ["2026-06-03T09:00:00", 1],
        ["yesterday", 1],
        [5, 1],
        ["2026-06-03T09:00:00+08:00", "1"],
        ["2026-06-03T09:00:00+08:00", True],
        ["2026-06-03T09:00:00+08:00", 1 << 63],
        ["2026-06-03T09:00:00+08:00", -1],
        ["2026-06-03T09:00:00+08:00", None],
    ],
)
def test_a_forged_cursor_is_refused(world: World, after: object) -> None:
    with pytest.raises(Rejected) as refused:
        page_after(world, after)
    assert refused.value.code == "page.cursor_invalid"


@pytest.mark.parametrize("sort", ["id", "--created_at", "-", "created_at "])
def test_a_column_that_no_list_is_sorted_by_is_refused(world: World, sort: str) -> None:
    with pytest.raises(Rejected) as refused:
        page_after(world, "", sort)
    assert refused.value.code == "page.sort_unknown"


@pytest.mark.parametrize("name", ["a\x00b", "\ud800"])
def test_a_cursor_with_text_that_can_not_be_stored_is_refused(world: World, name: str) -> None:
    with pytest.raises(Rejected):
        page_after(world, [name, 1], "name")


def test_all_items_goes_on_to_the_last_page_or_to_what_was_asked_for() -> None:
    asked: list[PageRequest] = []

    def fetch(part: PageRequest) -> Page[int]:
        asked.append(part)
        start = int(part.after or 0)
        end = min(start + part.limit, 450)
        return Page(list(range(start, end)), str(end) if end < 450 else None)

    assert all_items(fetch, sort="-number") == list(range(450))
    assert [(part.limit, part.after, part.sort) for part in asked] == [
        (200, None, "-number"), (200, "200", "-number"), (200, "400", "-number"),
    ]  # fmt: skip
    asked.clear()
    assert all_items(fetch, most=250) == list(range(250))
    assert [part.limit for part in asked] == [200, 50]
    assert all_items(lambda _part: Page([], None)) == []


@pytest.mark.parametrize(
    ("asked", "usual", "sorted_by", "first"),
    [
        ("", "", "path", "演示中心"),
        ("", "-name", "-name", "演示中心"),
        ("name", "-name", "name", "柳荫站"),
    ],
)
def test_a_page_says_what_it_is_sorted_by(world: World, asked: str, usual: str, sorted_by: str, first: str) -> None:
    def ask(session: Session) -> Page[str]:
        return fetch_page(
            session,
            sa.select(Place.name).where(Place.center_id == world.center_id),
            request=PageRequest(limit=1, sort=asked),
            sorts={"path": Place.path, "name": Place.name},
            tie=Place.id,
            make=lambda row: row.name,
            usual=usual,
        )

    page = in_snapshot(ask)
    assert (page.items, page.sort) == ([first], sorted_by)
    assert page.of([1]) == Page([1], page.next, sorted_by)


@pytest.mark.parametrize("sort", ["created_at", "-created_at"])
def test_several_queries_are_one_list_and_what_both_find_comes_once(world: World, sort: str) -> None:
    for name in ("东站", "西站", "南站", "北站", "中站"):
        world.add_station(name)
    names = [*("演示中心", "柳荫站"), *("东站", "西站", "南站", "北站", "中站")]
    found: list[str] = []
    after: str | None = ""
    while after is not None:
        page = in_snapshot(two_lists, world.center_id, PageRequest(limit=2, sort=sort, after=after or None))
        found += page.items
        after = page.next
    assert found == (names if sort == "created_at" else names[::-1])


def two_lists(session: Session, center_id: int, request: PageRequest) -> Page[str]:
    """Two overlapping lists of places."""
    own = sa.select(Place.name).where(Place.center_id == center_id)
    parts = [own.where(Place.name.not_in(("东站", "南站"))), own.where(Place.kind == "station")]
    sorts = {"created_at": Place.created_at}
    return fetch_page(session, parts, request=request, sorts=sorts, tie=Place.id, make=lambda row: str(row.name))
