"""Take the pictures in docs/screenshots from the demonstration, with its printed log-ins: `make screenshots`.

It plays one morning: a volunteer checks in, a clerk scans a card, the volunteer reads what was earned and redeems
goods, and staff look at the records. It loads a new demonstration, unless the data folder of one loaded
by the same clock is given.
"""

import re
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.browser import write_clip
from tools.studio import DATA, DESK, PHONE, PICTURES, ROOT, WALL, Studio, served, set_clock

MOST_BYTES = 4_000_000
WRONG_LIST = "姓名,性别,手机,身份证后四位,所属队伍\n赵春梅,女,13800,1234,\n,男,,,\n钱学文,男,,12,没有的队\n"
HEAD = """# What it looks like

Pictures of the demonstration (演示区: everybody in it is invented), taken by `make screenshots`.
"""


def come(studio: Studio) -> str:
    """Check the volunteer in, from the log-in to the green page. Returns the station's key."""
    studio.visit("", PHONE).show("/log-in", "log-in", "Log-in")
    manager = studio.visit("station_manager", WALL)
    manager.page.goto("/today")
    manager.page.goto(manager.page.locator("a[href$='/scan']").first.get_attribute("href") or "")
    station_id = manager.page.locator("#scan").get_attribute("data-station-id") or ""
    code = manager.api("GET", f"/stations/{station_id}/code")["url"]
    volunteer = studio.visit("volunteer", PHONE)
    volunteer.show("/me", "home-before", "A volunteer's home page, before the shift")
    volunteer.page.goto(code)
    volunteer.page.wait_for_url(re.compile(r"/checkin/\w+"))
    volunteer.take("checked-in", "The answer to the scan")
    volunteer.show("/me", "home", "A volunteer's home page, on duty")
    manager.page.goto(f"/stations/{station_id}/screen")
    manager.page.wait_for_selector("#station-svg svg")
    manager.take("station-screen", "The screen in the station, 1920 × 1080")
    return station_id


def leave(studio: Studio) -> None:
    """Two hours later, let a clerk scan the volunteer's card and the volunteer read what was earned."""
    set_clock("11:52")
    clip = write_clip(DATA / "card.y4m", studio.card_url)
    clerk = studio.visit("clerk", PHONE, camera=clip)
    clerk.page.goto("/scan")
    clerk.page.wait_for_selector("#last .nx-last")
    clerk.take("scan", "A clerk's scan page, after a card was before the camera")
    volunteer = studio.visit("volunteer", PHONE)
    volunteer.show("/me", "home-after", "A volunteer's home page, after the shift")
    volunteer.page.click("a[href^='/attendances/']")
    volunteer.page.wait_for_url("**/attendances/*")
    volunteer.take("earned", "What was earned, with the sum written out", whole=True)


def redeem(studio: Studio) -> None:
    """Redeem goods: the volunteer's pay code, the clerk's till and the receipt."""
    volunteer = studio.visit("volunteer", PHONE)
    volunteer.page.goto("/pay")
    volunteer.page.wait_for_selector("#payer-qr svg")
    volunteer.take("pay-code", "The pay code")
    code = volunteer.api("POST", "/payer-codes", {})["code"]
    clerk = studio.visit("clerk", DESK)
    clerk.page.goto("/till")
    clerk.page.fill("#digits", code)
    clerk.page.keyboard.press("Enter")
    clerk.page.wait_for_selector("#member:not(:empty)")
    for tile in (0, 0, 11):
        clerk.page.locator(".nx-tile:not([disabled])").nth(tile).click()
    clerk.take("till", "The till with a cart")
    clerk.page.set_viewport_size(PHONE)
    clerk.take("till-phone", "The till on a phone")
    clerk.page.set_viewport_size(DESK)
    clerk.page.click("#confirm")
    clerk.page.wait_for_selector("#receipt:not([hidden])")
    clerk.take("till-done", "The till, done")
    address = clerk.page.locator("#receipt-link").get_attribute("href") or ""
    clerk.show(address, "receipt", "A receipt")
    clerk.show("/receipts", "receipts", "Receipts")
    volunteer.page.goto("/me/history")
    volunteer.page.locator("details.nx-row > summary").nth(1).click()
    volunteer.take("history", "Every change of the balance, one opened to its evidence")


def manage(studio: Studio, station_id: str) -> None:
    """A station manager's pages, and a list with mistakes."""
    for size, suffix in ((DESK, ""), (PHONE, "-phone")):
        manager = studio.visit("station_manager", size)
        manager.show("/today", f"day{suffix}", "A station manager's day", whole=size == PHONE)
    manager = studio.visit("station_manager", DESK)
    manager.show(f"/stations/{station_id}/attendances", "attendances", "Who came")
    manager.show("/reviews", "reviews", "Attendances to review")
    manager.show("/volunteers", "volunteers", "Volunteers")
    wrong = DATA / "志愿者.csv"
    wrong.write_text(WRONG_LIST, encoding="utf-8")
    manager.page.goto("/volunteers/import")
    manager.page.set_input_files("[name=file]", wrong)
    manager.page.click("main form .nx-main-btn")
    manager.page.wait_for_url(re.compile(r"/volunteers/import/\w+"))
    manager.take("import", "A list with mistakes: nothing is imported", whole=True)
    manager.show("/shelf", "shelf", "The shelf of a shop")


def audit(studio: Studio) -> None:
    """The pages of an administrator and of an auditor."""
    for size, suffix in ((DESK, ""), (PHONE, "-phone")):
        console = studio.visit("admin", size)
        console.page.goto("/console")
        console.page.wait_for_selector(".nx-ec svg")
        console.take(f"console{suffix}", "Is all well?", whole=True)
    auditor = studio.visit("auditor", DESK)
    auditor.show("/books", "books", "The trial balance", whole=True)
    auditor.page.goto("/books/accounts?number=00000001")
    auditor.page.locator("tbody tr", has_text="分").locator("a").last.click()
    auditor.page.wait_for_url(re.compile(r"/books/accounts/\w+"))
    auditor.page.locator("tbody tr", has_text="发积分").locator("a").first.click()
    auditor.page.wait_for_selector("#story")
    auditor.take("account", "An account, one line opened to its evidence", whole=True)
    auditor.page.locator("#story a[href*='/books/transfers/']").first.click()
    auditor.page.wait_for_url("**/books/transfers/*")
    auditor.take("transfer", "A transfer with all that is behind it", whole=True)


def in_other_ways(studio: Studio) -> None:
    """A few pages in English and in large type."""
    english = studio.visit("volunteer", PHONE, language="en")
    english.show("/me", "home-en", "In English")
    english.show("/me/history", "history-en", "The history in English")
    studio.visit("admin", DESK, language="en").show("/console", "console-en", "The console in English", whole=True)
    studio.visit("volunteer", PHONE, large=True).show("/me", "home-large", "In large type")
    studio.visit("clerk", PHONE, large=True).show("/today", "day-large", "A clerk's day in large type")


def main() -> None:
    """Take all pictures and write the page with them."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    for old in PICTURES.glob("*.png"):
        old.unlink()
    loaded = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    with served(loaded) as printed, sync_playwright() as playwright:
        studio = Studio(playwright, printed)
        station_id = come(studio)
        leave(studio)
        redeem(studio)
        manage(studio, station_id)
        audit(studio)
        in_other_ways(studio)
    write_page(studio.taken)


def write_page(taken: list[tuple[str, str]]) -> None:
    """Write docs/SCREENSHOTS.md; fails if the pictures are too large for a repository."""
    size = sum(path.stat().st_size for path in PICTURES.glob("*.png"))
    shown = [f"\n## {words}\n\n![{words}](screenshots/{name}.png)\n" for name, words in taken]
    (ROOT / "docs" / "SCREENSHOTS.md").write_text(HEAD + "".join(shown), encoding="utf-8")
    print(f"{len(taken)} pictures, {size / 1_000_000:.1f} MB")
    if size > MOST_BYTES:
        sys.exit("that is too much for the repository: fewer pictures, or fewer colours")


if __name__ == "__main__":
    main()
