"""The book exported for other tools: they agree with all our balances, and would notice a difference."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from ledger.audit.exports.names import amount_text, commodity_name
from ledger.audit.exports.writing import STYLES, export
from ledger.kernel import clock
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.ids import public_id
from ledger.points.book import service as points
from ledger.points.models import Transfer
from ledger.points.policy import POINT, AccountKey, Movement, Source
from ledger.points.raw import service as raw
from ledger.points.raw.service import WantedTransfer
from tests.audit import outside
from tests.audit.outside import TOOLS
from tests.audit.small_book import SmallBook, give_points, make_small_book
from tests.world import World

ZONE = ZoneInfo("Asia/Shanghai")
MARCH = datetime(2026, 3, 10, 1, tzinfo=UTC)
# Post 1.00 instead of the 2.08 earned, on both sides, so that the transaction still balances.
EARNED, LESS = "2.08 POINT", "1.00 POINT"


@pytest.fixture
def book(world: World) -> SmallBook:
    """A small book for the tenth of March."""
    return make_small_book(world, day=MARCH)


def written(world: World, tool: str, folder: Path, *, month_ends: bool = False) -> Path:
    """Write the center's book to a file."""
    path = folder / f"book.{STYLES[tool].suffix}"
    with path.open("w", encoding="utf-8") as file:
        in_snapshot(export, world.center_id, STYLES[tool], file, zone=ZONE, month_ends=month_ends)
    return path


@pytest.mark.parametrize("tool", TOOLS)
def test_the_tool_s_balances_are_ours(book: SmallBook, tool: str, tmp_path: Path) -> None:
    path = written(book.world, tool, tmp_path, month_ends=True)

    assert outside.agrees(tool, path, book.world.builder)
    ours = outside.balances_of(book.world.builder)
    assert len(ours) >= 9
    assert any(ours.values())


@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize("sides", ["one", "both"])
def test_a_changed_amount_is_found(book: SmallBook, tool: str, sides: str, tmp_path: Path) -> None:
    path = written(book.world, tool, tmp_path)
    text = path.read_text(encoding="utf-8")
    assert text.count(f" {EARNED}") == 1
    changed = text.replace(f" {EARNED}", f" {LESS}")
    path.write_text(changed.replace(f"-{EARNED}", f"-{LESS}") if sides == "both" else changed, encoding="utf-8")

    assert "balance" in outside.check(tool, path)


@pytest.mark.parametrize("tool", TOOLS)
def test_one_hundredth_is_found(book: SmallBook, tool: str, tmp_path: Path) -> None:
    path = written(book.world, tool, tmp_path)
    text = path.read_text(encoding="utf-8")
    path.write_text(re.sub(r"2\.08 POINT", "2.09 POINT", text), encoding="utf-8")

    assert "balance" in outside.check(tool, path)


@pytest.mark.parametrize("tool", TOOLS)
def test_what_moved_to_another_month_is_found_by_its_end(book: SmallBook, tool: str, tmp_path: Path) -> None:
    with clock.at(MARCH + timedelta(days=40)):
        give_points(book.world, book.volunteer, 700)
    path = written(book.world, tool, tmp_path, month_ends=True)
    text = path.read_text(encoding="utf-8")
    assert outside.check(tool, path) == ""

    path.write_text(text.replace("2026-03-10 *", "2026-04-01 *"), encoding="utf-8")

    assert "balance" in outside.check(tool, path)


@pytest.mark.parametrize("tool", TOOLS)
def test_every_transfer_is_there_once_and_holds_say_how_much(book: SmallBook, tool: str, tmp_path: Path) -> None:
    text = written(book.world, tool, tmp_path).read_text(encoding="utf-8")
    transfers = in_snapshot(all_transfers, book.world.center_id)

    told = re.findall(r'transfer: ?"?(\w{13})', text)

    assert sorted(told) == sorted(public_id(each.id) for each in transfers)
    assert {each.kind for each in transfers} == {"posted", "pending", "post", "void"}
    for kind in ("pending", "void"):
        assert len(re.findall(rf'kind: ?"?{kind}"?,?\s+amount: ?0\.50', text)) == sum(
            each.kind == kind and each.unit == POINT and each.amount == 50 for each in transfers
        )


def all_transfers(session: Session, center_id: int) -> list[sa.Row[tuple[int, str, str, int]]]:
    """Key, kind, unit and amount of each transfer."""
    query = sa.select(Transfer.id, Transfer.kind, Transfer.unit, Transfer.amount)
    return list(session.execute(query.where(Transfer.center_id == center_id)))


@pytest.mark.parametrize("tool", TOOLS)
def test_a_batch_stands_on_the_day_on_which_it_happened(world: World, tool: str, tmp_path: Path) -> None:
    volunteer = world.add_volunteer()
    late = datetime(2026, 3, 10, 16, 30, tzinfo=UTC)
    with clock.at(late + timedelta(days=5)):
        source = Source("test", "1", "post")
        move = Movement(AccountKey(POINT, "issuance"), AccountKey(POINT, "member", volunteer.volunteer_id), 5, "award")
        in_transaction(points.post, [move], source=source, actor=world.builder, reason="服务三小时", effective_at=late)

    text = written(world, tool, tmp_path).read_text(encoding="utf-8")

    [line] = [line for line in text.splitlines() if "服务三小时" in line]
    assert line.startswith("2026-03-11 *")
    assert re.search(r'effective: ?"?2026-03-10T16:30:00\+00:00', text)
    assert re.search(r'recorded: ?"?2026-03-15T16:30:00\+00:00', text)


FORGED = 'gift", a:b\n2026-03-10 * "forged"\n  Assets:Member:x  -1 POINT ; [2020-01-01] transfer:0, kind:none'


@pytest.mark.parametrize("tool", TOOLS)
def test_nobody_forges_a_line_by_what_they_type(world: World, tool: str, tmp_path: Path) -> None:
    source, target = (
        in_transaction(raw.open_account, POINT, overdraft=overdraft, actor=world.builder) for overdraft in (True, False)
    )
    nasty = WantedTransfer(
        id=FORGED, debit_account_id=source, credit_account_id=target, amount=1, unit=POINT, code=FORGED, reason=FORGED
    )
    in_transaction(raw.transfer_all, [nasty], actor=world.builder)

    path = written(world, tool, tmp_path)

    assert outside.agrees(tool, path, world.builder)
    told = re.findall(r"^\s+(?:.*; )?transfer:(.*)", path.read_text(encoding="utf-8"), re.M)
    assert len(told) == 1


@pytest.mark.parametrize("tool", TOOLS)
def test_a_book_longer_than_a_chunk_is_in_order(world: World, tool: str, tmp_path: Path) -> None:
    source, target = (
        in_transaction(raw.open_account, POINT, overdraft=overdraft, actor=world.builder) for overdraft in (True, False)
    )
    for day in (3, 1, 2):
        move = WantedTransfer(debit_account_id=source, credit_account_id=target, amount=day, unit=POINT)
        with clock.at(MARCH + timedelta(days=day)):
            in_transaction(raw.transfer_all, [move] * 400, actor=world.builder)

    path = written(world, tool, tmp_path)

    days = re.findall(r"^(\S+) \* \"?raw", path.read_text(encoding="utf-8"), re.M)
    assert len(days) == 1200
    assert days == sorted(days)
    assert outside.agrees(tool, path, world.builder)


@pytest.mark.parametrize("tool", TOOLS)
def test_a_book_without_a_transfer_is_in_order_too(world: World, tool: str, tmp_path: Path) -> None:
    path = written(world, tool, tmp_path)

    assert outside.agrees(tool, path, world.builder)
    assert outside.balances_of(world.builder) == {}


def test_no_unit_s_name_is_refused() -> None:
    names = [commodity_name(unit) for unit in ("point", "item-06y9nvbem6g00", "Ü 1", "x", "a--b", "item-" + "0" * 30)]

    assert names[:2] == ["POINT", "ITEM-06Y9NVBEM6G00"]
    assert all(re.fullmatch(r"[A-Z][A-Z0-9-]{0,22}[A-Z0-9]", name) for name in names)
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    ("amount", "scale", "text"),
    [(0, 0, "0"), (-5, 0, "-5"), (0, 2, "0.00"), (-8, 2, "-0.08"), (208, 2, "2.08"), (-1_000_000, 6, "-1.000000")],
)
def test_amounts_are_written_whole(amount: int, scale: int, text: str) -> None:
    assert amount_text(amount, scale) == text


@pytest.mark.parametrize("tool", TOOLS)
def test_an_auditor_takes_the_book_from_the_page(
    client: FlaskClient, book: SmallBook, tool: str, tmp_path: Path
) -> None:
    auditor = book.world.add_staff("auditor", place_id=book.world.top_id)
    link = f"/books/whole.{tool}"
    assert link in client.get("/books", headers=auditor.headers).get_data(as_text=True)

    answer = client.get(link, headers=auditor.headers)

    path = tmp_path / "book"
    path.write_bytes(answer.get_data())
    today = clock.local_day(clock.now(), ZONE)
    assert f"books-{today}.{STYLES[tool].suffix}" in answer.headers["Content-Disposition"]
    assert outside.agrees(tool, path, book.world.builder)


def test_staff_without_the_books_do_not_take_them(client: FlaskClient, world: World) -> None:
    people = [world.add_staff("clerk"), world.add_staff("station_manager"), world.add_volunteer()]

    assert {client.get("/books/whole.hledger", headers=person.headers).status_code for person in people} == {403}
