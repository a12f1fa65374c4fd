"""Every page of the shop in a real browser: phone and desktop, both languages, large type."""

from dataclasses import dataclass

import pytest
from playwright.sync_api import ViewportSize, expect

from ledger.kernel.ids import public_id
from tests.browser import DESKTOP, HOST, PHONE, OpenPage, look_at
from tests.databases import on_sqlite
from tests.shop.counter import Counter
from tests.world import Person

GOODS = [
    ("东北大米", 3_000, 6),
    ("食用油", 2_600, 9),
    ("挂面", 600, 31),
    ("鸡蛋", 2_400, 12),
    ("酿造酱油", 800, 22),
    ("食盐", 200, 48),
    ("洗衣液", 1_200, 4),
    ("垃圾袋", 500, 0),
    ("毛巾", 700, 26),
]
# Chinese on both, English in large type on a phone.
SIZES: dict[str, tuple[ViewportSize, ...]] = {"zh": (PHONE, DESKTOP), "en": (PHONE,)}


@dataclass
class Scene:
    """A shop with something in every list, and its viewers."""

    counter: Counter
    member: Person
    manager: Person
    paths: dict[str, tuple[Person | None, str]]


@pytest.fixture
def scene(counter: Counter) -> Scene:
    """The pages to look at, by name: their viewers and addresses."""
    world = counter.world
    items = [counter.item(name, points_now=price, stock=stock) for name, price, stock in GOODS]
    member, manager = counter.member(50_000), world.add_staff("station_manager", name="周敏")
    sold = counter.sold(member, [(items[0], 1), (items[5], 2), (items[8], 3)])
    voided = counter.sold(member, [(items[2], 2)])
    receipt = counter.step(voided, "void", {"reason": "拿错了"}).json
    good = counter.get(f"/redemptions/{sold}/receipt").json
    shop, line = public_id(counter.shop_id), {"item_id": public_id(items[0]), "quantity": 20}
    delivery = counter.send(
        "POST",
        f"/shops/{shop}/goods-in",
        {"origin": "donated", "supplier": "爱心粮店", "document": "JZ-0077", "lines": [line]},
        by=manager,
    ).json
    paths: dict[str, tuple[Person | None, str]] = {
        "pay": (member, "/pay"),
        "till": (counter.clerk, f"/till/{shop}"),
        "receipts": (counter.clerk, "/receipts"),
        "receipts-none": (counter.clerk, "/receipts?receipt=1999-000001"),
        "receipts-unread": (counter.clerk, "/receipts?since=9999-12-31&until=1,000"),
        "receipts-refused": (counter.clerk, "/receipts?shop_id=nonsense"),
        "receipt-staff": (counter.clerk, f"/receipts/{sold}"),
        "receipt-void": (counter.clerk, f"/receipts/{sold}/void"),
        "receipt-member": (member, f"/receipts/{sold}"),
        "receipt-voided": (counter.clerk, f"/receipts/{voided}"),
        "check-good": (None, _path(good["check_url"])),
        "check-voided": (None, _path(receipt["check_url"])),
        "check-forged": (None, "/R/AAAA"),
        "shelf": (manager, f"/shelf/{shop}"),
        "item": (manager, f"/shelf/items/{public_id(items[6])}"),
        "item-new": (manager, f"/shelf/{shop}/items/new"),
        "shop-new": (manager, "/shelf/new"),
        "deliveries": (manager, f"/shelf/{shop}/goods-in"),
        "delivery-new": (manager, f"/shelf/{shop}/goods-in/new"),
        "delivery": (manager, f"/shelf/goods-in/{delivery['id']}"),
    }
    return Scene(counter, member, manager, paths)


def _path(url: str) -> str:
    return "/" + url.split("/", 3)[3]


@pytest.mark.long
@pytest.mark.browser
@on_sqlite
@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_page_is_well_made(scene: Scene, open_page: OpenPage, language: str) -> None:
    pages = {token: open_page(person, size=PHONE, language=language) for token, person in _who(scene)}
    if language == "en":
        for page in pages.values():
            page.context.add_cookies([{"name": "large_type", "value": "1", "domain": HOST, "path": "/"}])
    for name, (person, path) in scene.paths.items():
        page = pages[person.token if person else None]
        page.goto(path)
        if name == "pay":
            expect(page.locator("#payer-qr svg")).to_be_visible()
        if name == "till":
            expect(page.locator("#camera-words")).to_contain_text("相机" if language == "zh" else "camera")
        look_at(page, f"{name}-{language}", *SIZES[language])


def _who(scene: Scene) -> list[tuple[str | None, Person | None]]:
    people = {person.token if person else None: person for person, _ in scene.paths.values()}
    return list(people.items())
