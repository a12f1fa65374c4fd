"""A real browser in front of a real server: fixtures and steps that browser tests share (mark them `browser`).

A test takes `open_page`, which gives a page of its own per person, logged in, on the test's database. One server
answers all tests of a process on one database. A browser with something before its camera is given by
`camera_browser(clip)` for a clip that `write_clip` has drawn. Tests that say nothing about the database are best marked
`@on_sqlite` as well, because a browser is slow.

Nothing here waits for a set time: what a page will show is waited for, as long as a loaded machine may need.
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
from ledger.web.guard import SESSION_COOKIE
from tests.runtimes import CLOCK
from tests.world import Person
from tools.test_system import find_browser

HOST = "127.0.0.1"
PHONE: ViewportSize = {"width": 390, "height": 844}
DESKTOP: ViewportSize = {"width": 1280, "height": 800}
NARROW: ViewportSize = {"width": 320, "height": 640}
LONGEST_MS = 60_000
expect.set_options(timeout=LONGEST_MS)

# Nobody changes a stylesheet while a page is tested, so no page asks again whether it is the newest.
FILES_LAST_SECONDS = 3_600
POLL_SECONDS = 0.05

OpenPage = Callable[..., Page]
CameraBrowser = Callable[[Path], AbstractContextManager[Browser]]
SHAPE = (Path(__file__).parent / "shape.js").read_text(encoding="utf-8")
AXE_RUN = "axe.run({ resultTypes: ['violations'] }).then((results) => results.violations)"
_judged: set[str] = set()


class _Quiet(WSGIRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Nothing: a test's output is its own."""


@pytest.fixture(scope="session")
def served(shared_app: Flask, shared_database: Database) -> Iterator[str]:
    """The address of a server on the database that the tests of this process share."""
    with serving(shared_app, shared_database) as url:
        yield url


@pytest.fixture
def live_url(served: str, database: Database) -> str:
    """The address of a server with the test's database; its codes point to it."""
    return served


@contextmanager
def serving(app: Flask, database: Database) -> Iterator[str]:
    """Serve an application of the same settings at a free port for as long as the block runs; gives the address."""
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
    """What drives browsers; one per process."""
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="session")
def browser(driver: Playwright) -> Iterator[Browser]:
    """A browser without a camera, shared by the tests of this process."""
    browser = _launch(driver)
    yield browser
    browser.close()


@pytest.fixture(scope="session")
def camera_clip(driver: Playwright, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Browser, Path]]:
    """A browser with a camera, and the file that this camera plays from its first frame whenever a page opens it."""
    playing = tmp_path_factory.mktemp("camera") / "playing.y4m"
    write_clip(playing, "")
    seeing = ["--use-fake-device-for-media-stream", f"--use-file-for-fake-video-capture={playing}"]
    browser = _launch(driver, *seeing, "--use-fake-ui-for-media-stream")
    yield browser, playing
    browser.close()


@pytest.fixture
def camera_browser(camera_clip: tuple[Browser, Path]) -> CameraBrowser:
    """A browser whose camera sees a clip for as long as the block runs: `with camera_browser(path) as browser:`."""
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
    """Open a page for somebody: `open_page(person, size=PHONE, language="en", browser=other)`; all may be left out.

    The test fails at its end if a script of a page failed, or if the page wanted what its security policy forbids.
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
    """An answer that is no 200 is reported to the console as well; it is what a page asked for, not a fault of it."""
    if message.type == "error" and not message.text.startswith("Failed to load resource"):
        faults.append(f"{message.text} ({message.location.get('url')})")


def log_in(page: Page, person: Person) -> None:
    """Let the page's browser be this person's."""
    page.context.add_cookies([{"name": SESSION_COOKIE, "value": person.token, "domain": HOST, "path": "/"}])


def no_axe_violations(page: Page) -> None:
    """Fail with what axe has to say about the page as it is now, if anything.

    Axe looks once per process at each shape of a page: what differs in words and numbers alone it judges alike.
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
    """What must hold of every page, at its present size or at each of these; and a picture of it at each."""
    for size in sizes or (page.viewport_size,):
        assert size is not None
        page.set_viewport_size(size)
        no_axe_violations(page)
        no_sideways_scroll(page)
        screenshot(page, f"{name}-{size['width']}" if sizes else name)


def screenshot(page: Page, name: str) -> None:
    """Keep a picture of the whole page as <name>.png in the folder LEDGER_TEST_SCREENSHOTS, where one is named."""
    if folder := os.environ.get("LEDGER_TEST_SCREENSHOTS"):
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


_CLIP_SIZE = (640, 480)
_CODE_SIDE = 400
_FRAMES = 10


def write_clip(path: Path, shown: str | bytes) -> Path:
    """A camera clip (y4m) that looks at a code: a PNG picture of it, an SVG that ledger.web.qr drew, or a text."""
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
    """The runs of black modules, as ledger.web.qr writes them."""
    side = int(re.search(r'viewBox="0 0 (\d+) ', svg)[1])  # type: ignore[index]
    picture = Image.new("L", (side + 4, side + 4), 255)
    pen = ImageDraw.Draw(picture)
    for x, y, length in re.findall(r"M(\d+) (\d+)h(\d+)v1", svg):
        pen.line((int(x) + 2, int(y) + 2, int(x) + int(length) + 1, int(y) + 2), fill=0)
    return picture
