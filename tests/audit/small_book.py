"""A small book with one of everything: hours, a forgotten check-out, receipts, a void, a hold, a release, goods in."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from ledger.audit.verifying.verify import Verification, verify
from ledger.checkin import reviewing
from ledger.checkin import service as checkin
from ledger.checkin.commands import ReviewCommand, ScanCommand
from ledger.checkin.stored_scans import ScanAnswer
from ledger.kernel import clock
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.ids import new_id
from ledger.points.book import service as points
from ledger.points.policy import POINT, AccountKey, Movement, Source
from ledger.points.sealing import service as sealing
from ledger.shop import queries as shop
from ledger.shop import service as till
from ledger.shop import settling
from ledger.shop.policy import Wanted
from tests.world import Person, World


@dataclass
class SmallBook:
    """Keys of the rows that tests look at."""

    world: World
    clerk: Person
    manager: Person
    volunteer: Person
    other: Person
    shop_id: int
    item_id: int
    shift_id: int
    day: datetime
    attendance_id: int
    reviewed_id: int
    sold_id: int
    voided_id: int
    held_id: int
    released_id: int


def make_small_book(world: World, *, day: datetime | None = None) -> SmallBook:
    """Fill a center, by default for the day before yesterday at nine in the morning."""
    start = day or (clock.now() - timedelta(days=2)).replace(hour=1, minute=0, second=0, microsecond=0)
    with clock.at(start - timedelta(hours=2)):
        clerk, manager = world.add_staff("clerk"), world.add_staff("station_manager", name="李建国")
        volunteer, other = world.add_volunteer("王桂兰"), world.add_volunteer("张志国")
        shop_id = world.add_shop()
        item_id = world.add_item(shop_id, points=50, stock=20)
        shift_id = world.add_shift(start, hours=3)
    attendance_id = serve(world, clerk, volunteer, start - timedelta(minutes=8), minutes=133)
    serve(world, clerk, other, start, minutes=180)
    reviewed_id = _forget_and_review(world, clerk, manager, volunteer, start + timedelta(days=1))
    with clock.at(start + timedelta(days=1, hours=8)):
        sold_id = redeem(world, clerk, volunteer, shop_id, {item_id: 1})
        redeem(world, clerk, other, shop_id, {item_id: 2})
        voided_id = redeem(world, clerk, other, shop_id, {item_id: 1})
        in_transaction(settling.void, voided_id, "拿错了", actor=clerk.actor)
        released_id = _hold(world, clerk, other, shop_id, {item_id: 1})
        in_transaction(settling.cancel, released_id, actor=clerk.actor)
        held_id = _hold(world, clerk, volunteer, shop_id, {item_id: 1})
    with clock.at(start + timedelta(days=1, hours=9)):
        seal(world)
    return SmallBook(
        world, clerk, manager, volunteer, other, shop_id, item_id, shift_id, start, attendance_id, reviewed_id, sold_id,
        voided_id, held_id, released_id,
    )  # fmt: skip


def serve(world: World, clerk: Person, person: Person, came: datetime, *, minutes: int) -> int:
    """Scan a card in and out; returns the attendance."""
    with clock.at(came):
        scanned = scan(world, clerk, person)
    with clock.at(came + timedelta(minutes=minutes)):
        scan(world, clerk, person)
    return int(scanned.attendance["id"])


def scan(
    world: World, clerk: Person, person: Person, *, shift_id: int | None = None, confirmed: tuple[str, ...] = ()
) -> ScanAnswer:
    """One scan of a card by a clerk."""
    command = ScanCommand(
        client_scan_id=f"scan-{new_id()}",
        intent="auto",
        card=person.card,
        station_id=world.station_id,
        shift_id=shift_id,
        confirmed=("WALK_IN", *confirmed),
    )
    return in_transaction(checkin.scan, command, actor=clerk.actor)


def _forget_and_review(world: World, clerk: Person, manager: Person, person: Person, start: datetime) -> int:
    world.add_shift(start)
    with clock.at(start):
        scanned = scan(world, clerk, person)
    with clock.at(start + timedelta(hours=3)):
        in_transaction(checkin.close_forgotten, world.center_id)
    command = ReviewCommand(
        int(scanned.attendance["id"]), approve=True, ended_at=start + timedelta(minutes=90), note="看了签名表"
    )
    with clock.at(start + timedelta(hours=4)):
        in_transaction(reviewing.review, command, actor=manager.actor)
    return command.attendance_id


def redeem(world: World, clerk: Person, person: Person, shop_id: int, wanted: dict[int, int]) -> int:
    """Redeem from payer's code to receipt; returns the redemption."""
    redemption_id = _hold(world, clerk, person, shop_id, wanted)
    in_transaction(settling.confirm, redemption_id, actor=clerk.actor)
    return redemption_id


def _hold(world: World, clerk: Person, person: Person, shop_id: int, wanted: dict[int, int]) -> int:
    code = in_transaction(till.issue_payer_code, actor=person.actor)["code"]
    cart = in_transaction(till.open_cart, shop_id, code, actor=clerk.actor)
    lines = [Wanted(item_id, quantity) for item_id, quantity in wanted.items()]
    in_transaction(till.set_lines, cart["id"], lines, actor=clerk.actor)
    in_transaction(till.hold, cart["id"], actor=clerk.actor)
    return int(cart["id"])


def give_points(world: World, person: Person, amount: int) -> None:
    """Give points from nowhere, for tests that need a balance without history; such a book does not verify."""
    move = Movement(AccountKey(POINT, "issuance"), AccountKey(POINT, "member", person.volunteer_id), amount, "award")
    in_transaction(_post, world, move)


def _post(session: Session, world: World, move: Movement) -> None:
    points.post(session, [move], source=Source("test", str(new_id()), "post"), actor=world.builder, reason="test")


def seal(world: World) -> None:
    """Seal all pending batches, as the job does."""
    while in_transaction(sealing.seal, world.center_id):
        pass


def verified(world: World) -> Verification:
    """Seal everything and verify."""
    seal(world)
    return in_snapshot(verify, world.center_id)


def balance_of(world: World, person: Person) -> int:
    """A volunteer's current points."""
    return in_snapshot(shop.member_balance, person.volunteer_id, world.center_id).balance
