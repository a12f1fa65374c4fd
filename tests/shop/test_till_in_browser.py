"""The till after it was scrolled, with the network cut, without a mouse, after its tab or its log-in has ended."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from ledger.kernel.db import in_transaction
from ledger.kernel.ids import public_id
from ledger.shop import shelf
from ledger.shop.shelf import Delivered, NewItem
from ledger.web.cookies import SESSION
from tests.browser import DESKTOP, OpenPage, log_in, no_axe_violations, no_sideways_scroll, screenshot
from tests.databases import on_sqlite
from tests.shop.counter import Counter, balance, first_receipt
from tests.world import Person

pytestmark = [pytest.mark.browser, on_sqlite]
SIZES = ((390, 844), (768, 1024), (1024, 768), (1366, 768), (1920, 1080))
PICTURES = (390, 1366)
JUDGED = {"cart", "search", "short", "lost", "keys", "done"}  # by axe; the others are built of the same parts
GOODS = [("东北大米", 3_000, 6), ("食用油", 2_600, 9), ("挂面", 600, 31), ("牙刷", 400, 19), ("雨伞", 1_800, 20)]
GTIN, UNKNOWN = "6901234567892", "6921168509256"

# What of these parts is not in the window or has something else over an edge or its middle, once a shelf that is longer
# than the window was scrolled to its end.
HIDDEN = """(parts) => {
    const tiles = document.querySelector('.nx-tiles');
    while (tiles.childElementCount < 80) {
        const more = tiles.firstElementChild.cloneNode(true);
        delete more.firstElementChild.dataset.itemId;
        tiles.append(more);
    }
    scrollTo(0, 99999);
    for (const id of ['goods', 'lines']) document.getElementById(id).scrollTop = 99999;
    const hidden = (each) => {
        const { left, right, top, bottom } = each.getBoundingClientRect();
        const [x, y] = [(left + right) / 2, (top + bottom) / 2];
        const points = [[x, y], [left + 2, y], [right - 2, y], [x, top + 2], [x, bottom - 2]];
        const behind = getComputedStyle(each).pointerEvents === 'none' ? each.parentElement : each;
        return points.some(([x, y]) => !behind.contains(document.elementFromPoint(x, y)));
    };
    return parts.flatMap((part) => {
        const shown = [...document.querySelectorAll(part)].filter((each) => each.checkVisibility());
        return shown.length ? shown.filter(hidden).map((each) => `${part} ${each.textContent}`) : [`no ${part}`];
    });
}"""


@pytest.fixture
def goods(counter: Counter) -> dict[str, int]:
    """Goods by name; salt has a barcode."""
    named = {name: counter.item(name, points_now=price, stock=stock) for name, price, stock in GOODS}
    how, shop_id = {"actor": counter.world.builder}, counter.shop_id
    salt = NewItem(name="食盐", spec="400 g/袋", category="调味", points=200, barcode=GTIN)
    named["食盐"] = in_transaction(shelf.add_item, shop_id, salt, **how)
    came = [Delivered(named["食盐"], 48)]
    in_transaction(shelf.take_in, shop_id, came, origin="bought", supplier="供销社", document="R-2", **how)
    return named


def open_till(open_page: OpenPage, clerk: Person, **how: str) -> Page:
    till = open_page(clerk, **how)
    till.goto("/till")
    expect(till.locator("#camera-words")).to_contain_text("camera" if how else "没找到相机")
    return till


def scan(till: Page, code: str) -> None:
    """A gun at whatever has the focus: a key every five milliseconds, however slow the machine is, then Enter."""
    till.evaluate(
        """(code) => {
            let at = performance.now() - 5 * (code.length + 1);
            for (const key of [...code, 'Enter']) {
                const target = document.activeElement;
                const pressed = new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true });
                Object.defineProperty(pressed, 'timeStamp', { value: (at += 5) });
                const typed = target.dispatchEvent(pressed);
                if (typed && key !== 'Enter' && target instanceof HTMLInputElement) target.value += key;
            }
        }""",
        code,
    )


def bind(till: Page, counter: Counter, member: Person) -> None:
    scan(till, counter.code(member))
    expect(till.locator("#who")).to_be_visible()


def tile(till: Page, item_id: int) -> Locator:
    return till.locator(f'[data-item-id="{public_id(item_id)}"]')


def in_view_at_all_widths(till: Page, name: str, *parts: str) -> None:
    """Each part is whole in the window and under nothing, however narrow it is and however far it was scrolled."""
    for width, height in SIZES:
        till.set_viewport_size({"width": width, "height": height})
        assert till.evaluate(HIDDEN, parts) == [], f"{name} at {width} px"
        no_sideways_scroll(till)
        if width in PICTURES:
            screenshot(till, f"till-{name}-{width}")
    till.set_viewport_size(DESKTOP)
    if name.split("-", maxsplit=1)[0] in JUDGED:
        no_axe_violations(till)


WORD = "#say .nx-state__word"


@pytest.mark.parametrize("language", ["zh", pytest.param("en", marks=pytest.mark.long)])
def test_what_is_said_stands_in_the_window_at_every_width(
    counter: Counter, goods: dict[str, int], open_page: OpenPage, language: str
) -> None:
    """A customer with everything that can go wrong, looked at from a phone to a wide screen."""
    till = open_till(open_page, counter.clerk, **({} if language == "zh" else {"language": "en"}))

    def see(state: str, *parts: str) -> None:
        expect(till.locator(parts[0]).first).to_be_visible()
        in_view_at_all_widths(till, f"{state}-{language}", *parts)

    see("next", "#digits")
    bind(till, counter, counter.member(12_850))
    for name, count in (("东北大米", 1), ("牙刷", 2), ("挂面", 3)):
        tile(till, goods[name]).click(click_count=count)
    see("cart", "#confirm", "#cancel", "#after")
    till.locator("#q").fill("ys")
    see("search", "#q")
    till.locator("#q").fill("")
    _what_the_cart_lacks(till, counter, goods, see)
    _what_the_network_does(till, counter, see)
    see("done", ".nx-done h2", "#receipt-after", "#receipt-no", "#next-customer")
    till.locator("#next-customer").click()
    see("last", "#digits", "#last-no")


See = Callable[..., None]


def _what_the_cart_lacks(till: Page, counter: Counter, goods: dict[str, int], see: See) -> None:
    tile(till, goods["东北大米"]).click(click_count=4)
    see("short", WORD, "#say .btn", "#confirm")
    while till.locator("#say .btn").count():
        till.locator("#say .btn").last.click()
    till.locator("#q").press("Enter")
    see("confirm", WORD, "#confirm")
    scan(till, UNKNOWN)
    see("unknown", WORD, "#say .btn", "#confirm")
    till.keyboard.press("Escape")
    till.keyboard.press("Escape")
    see("cancel", WORD, "#say .btn")
    till.keyboard.press("Escape")
    till.keyboard.press("?")
    see("keys", "#keys h2", "#keys button")
    till.keyboard.press("Escape")
    till.locator("#confirm").press("2")
    till.keyboard.type("*dm")
    expect(till.locator("#q")).to_have_value("2*dm")
    expect(till.locator(".nx-tile--hit")).to_contain_text("东北大米")
    till.locator("#q").fill("")
    counter.held(counter.member(name="李建国"), [(goods["牙刷"], 18)])
    till.locator("#confirm").click()
    see("soldout", WORD, "#say .btn", "#confirm")
    till.locator("#say .btn").click()


def _what_the_network_does(till: Page, counter: Counter, see: See) -> None:
    till.context.clear_cookies(name=SESSION)
    till.locator("#confirm").click()
    see("login", WORD, "#say a", "#confirm")
    log_in(till, counter.clerk)
    till.locator("#say a").click()
    expect(till.locator("#lines li")).to_have_count(2)
    waiting: list[Route] = []

    def keep_waiting(route: Route) -> None:
        waiting.append(route)

    till.route("**/lines", keep_waiting)
    till.locator("#confirm").click()
    see("wait", WORD)
    till.route("**/lines", lambda route: route.abort())
    waiting[-1].abort()
    see("offline", "#network.nx-bar__off", WORD, "#say .btn")
    lose_answers(till, "confirm")
    till.unroute("**/lines")
    till.locator("#say .btn").click()
    expect(till.locator("#cancel")).to_be_hidden()  # nobody knows whether there is anything to cancel
    see("lost", WORD, "#say .btn")
    lose_answers(till, "")


def lose_answers(till: Page, step: str) -> None:
    """Let the server get this step but the page never hear of it; "" lets it hear again."""
    till.evaluate(
        """(step) => {
            window.heard ??= window.fetch;
            window.fetch = async (address, how) => {
                const answer = await window.heard(address, how);
                if (step && address.endsWith('/' + step)) throw new TypeError('lost');
                return answer;
            };
        }""",
        step,
    )


def test_five_customers_are_served_by_keyboard_and_gun_alone(
    counter: Counter, goods: dict[str, int], open_page: OpenPage
) -> None:
    """Each takes eight keys, from the name of the goods to the receipt; what the gun reads takes none."""
    till = open_till(open_page, counter.clerk)
    members = [counter.member(name=name) for name in ("王桂兰", "李建国", "张秀英", "刘志强", "陈晓燕")]
    till.evaluate("window.keys = 0; addEventListener('keydown', (event) => (window.keys += event.isTrusted), true)")
    for member in members:
        bind(till, counter, member)
        expect(till.locator("#q")).to_be_focused()
        scan(till, GTIN)
        expect(till.locator("#total")).to_have_text("2.00")
        till.keyboard.type("2*ys")
        till.keyboard.press("ArrowRight")
        expect(till.locator(".nx-tile--hit")).to_contain_text("雨伞")
        till.keyboard.press("Enter")
        expect(till.locator("#total")).to_have_text("38.00")
        till.keyboard.press("Enter")
        expect(till.locator("#confirm")).to_be_focused()
        expect(till.get_by_role("status").filter(has_text="再按一次 Enter 就扣")).to_be_visible()
        till.keyboard.press("Enter")
        expect(till.locator("#next-customer")).to_be_focused()
    assert till.evaluate("keys") == 5 * 8
    assert [balance(counter.world, member).balance for member in members] == [6_200] * 5


def test_an_open_question_outlives_its_tab(counter: Counter, goods: dict[str, int], open_page: OpenPage) -> None:
    """Whoever opens the till anew is told how the last order stands; nothing is posted before they say so."""
    member, first = counter.member(10_000), open_till(open_page, counter.clerk)
    leave_in_the_middle(first, counter, member, goods["东北大米"], "confirm")
    posted: list[str] = []
    second = first.context.new_page()
    second.on("request", lambda request: posted.append(request.method))
    second.goto("/till")
    expect(second.locator("#receipt-no")).to_have_text(first_receipt())
    assert set(posted) == {"GET"}
    assert balance(counter.world, member).balance == 7_000

    second.locator("#next-customer").click()
    leave_in_the_middle(second, counter, member, goods["东北大米"], "hold")
    third = first.context.new_page()
    third.goto("/till")
    expect(third.get_by_role("alert")).to_contain_text("上次那一单还没扣")
    assert balance(counter.world, member).balance == 7_000
    third.locator("#say").get_by_role("button", name="确认扣 30.00 分").click()
    expect(third.locator("#receipt")).to_be_visible()
    assert balance(counter.world, member).balance == 4_000
    third.reload()
    expect(third.locator("#waiting")).to_be_visible()
    assert third.evaluate("localStorage.length") == 0


def leave_in_the_middle(till: Page, counter: Counter, member: Person, item_id: int, step: str) -> None:
    """Close the tab after the answer to a step was lost."""
    bind(till, counter, member)
    tile(till, item_id).click()
    lose_answers(till, step)
    till.locator("#confirm").click()
    expect(till.get_by_role("alert")).to_contain_text("扣")
    till.close()
