"""Fixtures and steps for tests with a real browser and a real server (mark them `browser`).

`open_page` opens a logged-in page per person on the test's database. One server serves all tests of a process on one
database. `camera_browser(clip)` is a browser whose camera sees a clip that `write_clip` drew. Mark tests that don't
depend on the database `@on_sqlite` too, because browsers are slow.

Nothing here sleeps for a fixed time: tests wait for what the page shows, as long as a loaded machine may need.
"""

import io
import os
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import qrcode
from axe_playwright_python.base import AXE_SCRIPT, AxeResults
from flask import Flask
from PIL import Image, ImageDraw, ImageOps
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Playwright,
    ViewportSize,
    expect,
    sync_playwright,
)
from werkzeug.serving import WSGIRequestHandler, make_server

from ledger.app import create_app
from ledger.kernel.database import Database
from ledger.web.cookies import SESSION
from tests.runtimes import CLOCK
from tests.world import Person
from tools.test_system import find_browser

HOST = "127.0.0.1"
PHONE: ViewportSize = {"width": 390, "height": 844}
DESKTOP: ViewportSize = {"width": 1280, "height": 800}
NARROW: ViewportSize = {"width": 320, "height": 640}
LONGEST_MS = 60_000
expect.set_options(timeout=LONGEST_MS)

# Style sheets don't change during a test, so pages needn't revalidate them.
FILES_LAST_SECONDS = 3_600
POLL_SECONDS = 0.05

OpenPage = Callable[..., Page]
CameraBrowser = Callable[[Path], AbstractContextManager[Browser]]
SHAPE = (Path(__file__).parent / "shape.js").read_text(encoding="utf-8")
AXE_RUN = "axe.run({ resultTypes: ['violations'] }).then((results) => results.violations)"
_judged: set[str] = set()


class _Quiet(WSGIRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Log nothing into the test's output."""


@pytest.fixture(scope="session")
def served(shared_app: Flask, shared_database: Database) -> Iterator[str]:
    """The address of a server on the database shared by this process's tests."""
    with serving(shared_app, shared_database) as url:
        yield url


@pytest.fixture
def live_url(served: str, database: Database) -> str:
    """The address of a server on the test's database; codes contain this address."""
    return served


@contextmanager
def serving(app: Flask, database: Database) -> Iterator[str]:
    """Serve an application with the same settings at a free port within the block; yields the address."""
    server = make_server(HOST, 0, app, threaded=True, request_handler=_Quiet)
    url = f"http://{HOST}:{server.server_port}"
    server.app = create_app(replace(app.config["SETTINGS"], base_url=url), database=database, clock=CLOCK)
    server.app.config["SEND_FILE_MAX_AGE_DEFAULT"] = FILES_LAST_SECONDS
    thread = threading.Thread(target=server.serve_forever, args=(POLL_SECONDS,), daemon=True)
    thread.start()
    yield url
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="session")
def driver() -> Iterator[Playwright]:
    """The driver of browsers; one per process."""
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="session")
def browser(driver: Playwright) -> Iterator[Browser]:
    """A browser without a camera, shared by this process's tests."""
    browser = _launch(driver)
    yield browser
    browser.close()


@pytest.fixture(scope="session")
def camera_clip(driver: Playwright, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Browser, Path]]:
    """A browser with a camera, and the file that the camera plays from the start whenever a page opens it."""
    playing = tmp_path_factory.mktemp("camera") / "playing.y4m"
    write_clip(playing, "")
    seeing = ["--use-fake-device-for-media-stream", f"--use-file-for-fake-video-capture={playing}"]
    browser = _launch(driver, *seeing, "--use-fake-ui-for-media-stream")
    yield browser, playing
    browser.close()


@pytest.fixture
def camera_browser(camera_clip: tuple[Browser, Path]) -> CameraBrowser:
    """A browser whose camera sees a clip within the block: `with camera_browser(path) as browser:`."""
    browser, playing = camera_clip

    @contextmanager
    def showing(clip: Path) -> Iterator[Browser]:
        playing.unlink(missing_ok=True)
        playing.write_bytes(clip.read_bytes())
        yield browser
        for context in browser.contexts:
            context.close()

    return showing


def _launch(driver: Playwright, *arguments: str) -> Browser:
    return driver.chromium.launch(executable_path=find_browser(), args=["--no-sandbox", *arguments])


@pytest.fixture
def open_page(request: pytest.FixtureRequest, live_url: str) -> Iterator[OpenPage]:
    """Open a page for a person: `open_page(person, size=PHONE, language="en", browser=other)`; all are optional.

    At its end the test fails if a page's script failed or tried something that the security policy forbids.
    """
    contexts: list[BrowserContext] = []
    faults: list[str] = []

    def opened(
        person: Person | None = None,
        *,
        size: ViewportSize = DESKTOP,
        language: str = "zh",
        browser: Browser | None = None,
    ) -> Page:
        chosen = browser or request.getfixturevalue("browser")
        locale = {"zh": "zh-CN", "en": "en-GB"}[language]
        context = chosen.new_context(base_url=live_url, viewport=size, locale=locale)
        context.set_default_timeout(LONGEST_MS)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda message: _keep_fault(message, faults))
        if person is not None:
            log_in(page, person)
        return page

    yield opened
    for context in contexts:
        if context.browser is not None and context.browser.is_connected():
            context.close()
    assert faults == [], "scripts of the page failed"


def _keep_fault(message: ConsoleMessage, faults: list[str]) -> None:
    """Keep faults only: the console also reports answers other than 200, which the page may have asked for."""
    if message.type == "error" and not message.text.startswith("Failed to load resource"):
        faults.append(f"{message.text} ({message.location.get('url')})")


def log_in(page: Page, person: Person) -> None:
    """Log this person in on the page's browser."""
    page.context.add_cookies([{"name": SESSION, "value": person.token, "domain": HOST, "path": "/"}])


def no_axe_violations(page: Page) -> None:
    """Fail if axe finds violations on the page as it is now.

    axe checks each shape of a page once per process: pages that differ only in words and numbers get the same verdict.
    """
    shapes = set(page.evaluate(SHAPE))
    if shapes <= _judged:
        return
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    violations = page.evaluate(AXE_RUN)
    assert violations == [], f"{page.url}\n{AxeResults({'violations': violations}).generate_report()}"
    _judged.update(shapes)


def no_sideways_scroll(page: Page) -> None:
    """Fail if the page is wider than its window."""
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0, f"{page.url} is {wide} px wider than the window: {page.evaluate(_STICKING_OUT)}"


_STICKING_OUT = """() => [...document.body.querySelectorAll('*')]
    .filter((each) => !each.closest('.nx-scroll'))
    .filter((each) => each.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
    .map((each) => each.outerHTML.slice(0, 160)).slice(0, 5)"""


def look_at(page: Page, name: str, *sizes: ViewportSize) -> None:
    """Check what holds for every page and take a picture, at the present size or at each of these."""
    for size in sizes or (page.viewport_size,):
        assert size is not None
        page.set_viewport_size(size)
        no_axe_violations(page)
        no_sideways_scroll(page)
        screenshot(page, f"{name}-{size['width']}" if sizes else name)


def screenshot(page: Page, name: str) -> None:
    """Save a picture of the whole page as <name>.png in the folder LEDGER_TEST_SCREENSHOTS, if set."""
    if folder := os.environ.get("LEDGER_TEST_SCREENSHOTS"):
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


_CLIP_SIZE = (640, 480)
_CODE_SIDE = 400
_FRAMES = 10


def write_clip(path: Path, shown: str | bytes) -> Path:
    """Write a camera clip (y4m) of a code, given as a PNG picture, an SVG by ledger.web.qr, or a text."""
    frame = Image.new("L", _CLIP_SIZE, 210)
    code = ImageOps.contain(_picture(shown).convert("L"), (_CODE_SIDE, _CODE_SIDE), Image.Resampling.NEAREST)
    width, height = _CLIP_SIZE
    frame.paste(code, ((width - code.width) // 2, (height - code.height) // 2))
    grey = bytes([128]) * (width * height // 2)
    with path.open("wb") as clip:
        clip.write(f"YUV4MPEG2 W{width} H{height} F10:1 Ip A1:1 C420mpeg2\n".encode())
        for _ in range(_FRAMES):
            clip.write(b"FRAME\n" + frame.tobytes() + grey)
    return path


def _picture(shown: str | bytes) -> Image.Image:
    if isinstance(shown, bytes):
        return Image.open(io.BytesIO(shown))
    if shown.lstrip().startswith("<svg"):
        return _draw_svg(shown)
    code = qrcode.QRCode(border=4)
    code.add_data(shown)
    return code.make_image().get_image()


def _draw_svg(svg: str) -> Image.Image:
    """Draw the runs of black modules in the format of ledger.web.qr."""
    side = int(re.search(r'viewBox="0 0 (\d+) ', svg)[1])  # type: ignore[index]
    picture = Image.new("L", (side + 4, side + 4), 255)
    pen = ImageDraw.Draw(picture)
    for x, y, length in re.findall(r"M(\d+) (\d+)h(\d+)v1", svg):
        pen.line((int(x) + 2, int(y) + 2, int(x) + int(length) + 1, int(y) + 2), fill=0)
    return picture
