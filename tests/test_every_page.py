"""Every page, viewed by a permitted person in both languages, on a phone and on a desktop.

The table lists each endpoint that answers a GET with a page; a missing one fails the first test. Each page loads
twice: in Chinese on a phone, where axe checks it, and in English on a desktop. The cheap checks run on both, the
narrowest window last. `make test` leaves out English: its words are also read in `test_english_pages.py`.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, Response, ViewportSize
from werkzeug.routing import Rule

from ledger.kernel.database import Database
from ledger.kernel.ids import public_id
from tests.browser import DESKTOP, LONGEST_MS, NARROW, PHONE, log_in, no_axe_violations, no_sideways_scroll
from tests.databases import on_sqlite
from tests.test_translations import CHINESE
from tests.tour import DATA, Tour
from tests.world import World

LEAST_TARGET = 44
Address = Callable[[Tour], str]

# Who views a page, and its address if the tour's keys don't determine it.
PAGES: dict[str, tuple[str, Address | None]] = {
    "activities.activity": ("manager", None),
    "activities.correct_activity": ("manager", None),
    "activities.list_activities": ("manager", None),
    "activities.my_shifts": ("volunteer", None),
    "activities.new_activity": ("manager", None),
    "activities.new_shift": ("manager", None),
    "activities.shift": ("clerk", None),
    "audit.account": ("auditor", None),
    "audit.accounts": ("auditor", None),
    "audit.approval": ("admin", None),
    "audit.approvals": ("admin", None),
    "audit.ask_clawback": ("admin", None),
    "audit.console": ("admin", None),
    "audit.ending": ("auditor", None),
    "audit.expiry_run": ("admin", None),
    "audit.expiry_runs": ("admin", None),
    "audit.freezes": ("auditor", None),
    "audit.new_adjustment": ("admin", lambda tour: f"/adjustments/new?who={tour.volunteer_number}"),
    "audit.periods": ("admin", None),
    "audit.print_ending": ("auditor", None),
    "audit.transfer": ("admin", None),
    "audit.trial_balance": ("auditor", None),
    "checkin.ask_hours": ("admin", None),
    "checkin.attendances": ("manager", None),
    "checkin.earned": ("volunteer", None),
    "checkin.enter": ("volunteer", lambda tour: f"/s/{tour.station_code()}"),
    "checkin.objection": ("volunteer", None),
    "checkin.one_review": ("manager", lambda tour: f"/reviews/{tour.public('pending_id')}"),
    "checkin.open_check_in": ("clerk", None),
    "checkin.paper_code": ("admin", None),
    "checkin.receipt": ("anybody", lambda tour: f"/a/{tour.voucher}"),
    "checkin.result": ("volunteer", None),
    "checkin.reviews": ("manager", None),
    "checkin.scan_page": ("clerk", None),
    "checkin.station_screen": ("manager", None),
    "documentation.documentation": ("anybody", None),
    "home.card": ("volunteer", None),
    "home.day": ("manager", None),
    "home.history": ("volunteer", None),
    "home.mine": ("volunteer", None),
    "home.name_looks": ("volunteer", None),
    "home.start": ("volunteer", None),
    "organisations.correct_place": ("admin", None),
    "organisations.import_report": ("admin", None),
    "organisations.import_volunteers": ("admin", None),
    "organisations.new_place": ("admin", lambda tour: f"/places/{tour.public('top_id')}/new"),
    "organisations.place": ("admin", None),
    "organisations.places": ("admin", None),
    "organisations.team": ("manager", None),
    "people.ask_revoke_role": ("admin", None),
    "people.card": ("anybody", None),
    "people.contact": ("manager", lambda tour: f"/people/{public_id(tour.person('volunteer').identity_id)}/contact"),
    "people.credential_events": ("auditor", None),
    "people.factor": ("manager", None),
    "people.first_password": ("anybody", None),
    "people.log_in": ("anybody", None),
    "people.lost_factor": ("admin", lambda tour: f"/staff/{public_id(tour.person('auditor').identity_id)}/factor"),
    "people.staff_household": (
        "admin",
        lambda tour: f"/staff/{public_id(tour.person('auditor').identity_id)}/household",
    ),
    "people.new_code": ("admin", lambda tour: f"/staff/{public_id(tour.person('auditor').identity_id)}/code"),
    "people.log_in_attempts": ("auditor", None),
    "people.log_ins": ("volunteer", None),
    "people.my_log_in_attempts": ("volunteer", None),
    "people.new_staff": ("admin", None),
    "people.new_volunteer": ("manager", None),
    "people.staff": ("admin", None),
    "people.volunteer": ("manager", None),
    "people.volunteers": ("manager", None),
    "preferences.styleguide": ("anybody", None),
    "rules.new_version": ("admin", None),
    "rules.versions": ("volunteer", None),
    "shop.ask_void": ("clerk", None),
    "shop.check_receipt": ("anybody", lambda tour: f"/r/{tour.receipt}"),
    "shop.correct_item": ("manager", None),
    "shop.correct_shop": ("manager", None),
    "shop.deliveries": ("manager", None),
    "shop.delivery": ("manager", None),
    "shop.item": ("manager", None),
    "shop.new_delivery": ("manager", None),
    "shop.new_item": ("manager", None),
    "shop.new_shop": ("manager", None),
    "shop.pay": ("volunteer", None),
    "shop.receipt": ("volunteer", None),
    "shop.receipts": ("clerk", None),
    "shop.shelf": ("admin", None),
    "shop.shelf_of": ("manager", None),
    "shop.till": ("clerk", None),
    "shop.till_at": ("clerk", None),
}
# Pages that may show Chinese in any language: specimens for page developers.
SPECIMENS = {"preferences.styleguide"}
# Swagger's page for programmers: in English, and for a mouse.
FOR_PROGRAMMERS = {"documentation.documentation"}
# Wait for what scripts draw.
DRAWN = {
    "audit.console": ".nx-ec svg",
    "checkin.station_screen": "#station-svg svg",
    "documentation.documentation": ".opblock",
    "shop.pay": "#payer-qr svg",
}
FOR_MACHINES = {"static", "health.alive", "health.ready", "health.metrics"}


def answers_with_a_page(rule: Rule) -> bool:
    """Whether a rule is for people, rather than for the API or a file."""
    return (
        "GET" in (rule.methods or set())
        and rule.endpoint not in FOR_MACHINES
        and "kind" not in rule.arguments
        and (not rule.rule.startswith("/api/") or rule.rule == "/api/docs")
    )


@dataclass
class Guide:
    """Opens pages for people of the tour, each in their own browser, and collects errors."""

    tour: Tour
    url: str
    browser: Browser
    contexts: dict[tuple[str, str], BrowserContext] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    def open(self, endpoint: str, language: str, size: ViewportSize) -> Page:
        """Open a page as its reader; fails unless the status is 200."""
        who, address = PAGES[endpoint]
        page = self._page(who, language)
        page.set_viewport_size(size)
        self.faults.clear()
        answer = page.goto(address(self.tour) if address else self._built(endpoint), wait_until="load")
        assert answer is not None
        assert answer.status == 200, f"{answer.url}: {answer.status}"
        if endpoint in DRAWN:
            page.wait_for_selector(DRAWN[endpoint])
        return page

    def _built(self, endpoint: str) -> str:
        rule = next(
            rule for rule in self.tour.app.url_map.iter_rules(endpoint) if rule.methods and "GET" in rule.methods
        )
        with self.tour.app.test_request_context():
            built = rule.build({name: self.tour.keys[name] for name in rule.arguments})
        assert built is not None
        return built[1]

    def _page(self, who: str, language: str) -> Page:
        if (who, language) not in self.contexts:
            locale = {"zh": "zh-CN", "en": "en-GB"}[language]
            context = self.browser.new_context(base_url=self.url, locale=locale)
            context.set_default_timeout(LONGEST_MS)
            page = context.new_page()
            page.on("pageerror", lambda error: self.faults.append(str(error)))
            page.on("console", self._hear)
            page.on("request", self._look_where)
            page.on("response", self._look_what)
            if person := self.tour.people[who]:
                log_in(page, person)
            self.contexts[who, language] = context
        return self.contexts[who, language].pages[0]

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not message.text.startswith("Failed to load resource"):
            self.faults.append(message.text)

    def _look_where(self, request: Request) -> None:
        if not request.url.startswith((self.url, "data:", "blob:")):
            self.faults.append(f"asks {request.url}, which is somewhere else")

    def _look_what(self, response: Response) -> None:
        if response.status >= 400:
            self.faults.append(f"{response.request.method} {response.url}: {response.status}")


@pytest.fixture(scope="module")
def guide(shared_app: Flask, shared_database: Database, served: str, browser: Browser) -> Iterator[Guide]:
    """A guide through a center with one of everything."""
    guide = Guide(Tour(World(shared_database), shared_app), served, browser)
    yield guide
    for context in guide.contexts.values():
        context.close()


def in_groups(language: str) -> list[object]:
    """Every page, in two halves for two processes."""
    return [
        pytest.param(endpoint, marks=pytest.mark.xdist_group(f"pages {number % 2}"), id=f"{endpoint}-{language}")
        for number, endpoint in enumerate(PAGES)
    ]


@on_sqlite
def test_no_page_is_forgotten(app: Flask) -> None:
    there = {rule.endpoint for rule in app.url_map.iter_rules() if answers_with_a_page(rule)}
    assert there - set(PAGES) == set(), "add these to PAGES, with who looks at them"
    assert set(PAGES) - there == set(), "these are gone"


def only_rules_for_all(page: Page, guide: Guide) -> None:
    """Check what must hold for every page and every reader."""
    assert guide.faults == [], page.url
    assert page.title().strip(), "a page has a title"
    skip = page.evaluate("""() => {
        const link = document.querySelector('a[href]');
        const target = link.matches('.nx-skip, .skip') && document.querySelector(link.hash);
        link.focus({ preventScroll: true });
        return [Boolean(target), document.activeElement === link, link.getBoundingClientRect().top + scrollY >= 0];
    }""")
    assert skip == [True, True, True], "the first link skips to the content, and is seen once it has the focus"
    page.evaluate("document.activeElement.blur()")


def small_targets(page: Page) -> list[str]:
    """Controls smaller than a finger; links within a sentence or a cell may be small."""
    return page.evaluate(  # type: ignore[no-any-return]
        """(least) => [...document.querySelectorAll(
            'button, select, summary, .btn, .nx-tap, .nx-bar__tool, .nx-row > a'
            + ', input:not([type=hidden], [type=checkbox], [type=file])')]
        .filter((each) => each.checkVisibility() && !each.closest('.nx-skip'))
        .map((each) => [each, each.getBoundingClientRect()])
        .filter(([, box]) => box.width > 0 && (box.height < least - 0.5 || box.width < least - 0.5))
        .map(([each, box]) => `${each.outerHTML.slice(0, 120)}: ${box.width.toFixed(0)} x ${box.height.toFixed(0)}`)""",
        LEAST_TARGET,
    )


def words_of(page: Page) -> list[str]:
    """Everything that a person may read or hear, except text marked as Chinese."""
    return page.evaluate("""() => {
        const said = [document.title];
        const nodes = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
        while (nodes.nextNode()) {
            const owner = nodes.currentNode.parentElement;
            if (!owner.closest('script, style, template, [lang="zh-CN"]')) said.push(nodes.currentNode.data);
        }
        for (const each of document.querySelectorAll('[aria-label], [title], [placeholder], [alt]'))
            said.push(...['aria-label', 'title', 'placeholder', 'alt'].map((name) => each.getAttribute(name) ?? ''));
        return said;
    }""")  # type: ignore[no-any-return]


@pytest.mark.browser
@on_sqlite
@pytest.mark.parametrize("endpoint", in_groups("zh"))
def test_a_page_in_chinese_on_a_phone(guide: Guide, endpoint: str) -> None:
    page = guide.open(endpoint, "zh", PHONE)

    only_rules_for_all(page, guide)
    assert page.locator("html").get_attribute("lang") == ("en" if endpoint in FOR_PROGRAMMERS else "zh-CN")
    no_axe_violations(page)
    assert endpoint in FOR_PROGRAMMERS or small_targets(page) == []
    page.set_viewport_size(NARROW)
    no_sideways_scroll(page)


@pytest.mark.browser
@pytest.mark.long
@on_sqlite
@pytest.mark.parametrize("endpoint", in_groups("en"))
def test_a_page_in_english_on_a_desk(guide: Guide, endpoint: str) -> None:
    page = guide.open(endpoint, "en", DESKTOP)

    only_rules_for_all(page, guide)
    assert page.locator("html").get_attribute("lang") == "en"
    no_sideways_scroll(page)
    if endpoint not in SPECIMENS:
        assert chinese_in(words_of(page)) == []
    page.set_viewport_size(NARROW)
    no_sideways_scroll(page)
    page.evaluate("document.documentElement.dataset.type = 'large'")
    no_sideways_scroll(page)


def chinese_in(said: list[str]) -> list[str]:
    """Chinese words that are not data."""
    data = re.compile("|".join(re.escape(each) for each in sorted(DATA, key=len, reverse=True)))
    return [text.strip() for text in said if CHINESE.search(data.sub("", text))]


@pytest.mark.browser
@on_sqlite
@pytest.mark.xdist_group("pages 0")
def test_large_type_and_language_survive_the_log_in(guide: Guide) -> None:
    # Somebody beside the tour: a new password ends a person's sessions.
    phone, password = guide.tour.world.give_password(guide.tour.world.add_volunteer())
    context = guide.browser.new_context(base_url=guide.url, viewport=PHONE, locale="zh-CN")
    page = context.new_page()
    page.goto("/me/history")
    page.get_by_role("button", name="大字").click()
    page.get_by_role("button", name="EN").click()
    page.get_by_label("Phone").fill(phone)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("main").get_by_role("button", name="Log in").click()

    page.wait_for_url("**/me/history")
    assert page.locator("html").get_attribute("data-type") == "large"
    assert page.locator("html").get_attribute("lang") == "en"
    page.get_by_role("button", name="Large").click()
    page.wait_for_function("!document.documentElement.dataset.type")
    context.close()
