"""The basis of browser tests: a clip really shows its code to a page's camera, and axe checks every shape of a page."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import zxingcpp
from PIL import Image
from playwright.sync_api import Browser, Page

from ledger.web.qr import qr_svg
from tests import browser as shared
from tests.browser import NARROW, PHONE, CameraBrowser, OpenPage, no_axe_violations, no_sideways_scroll, write_clip
from tests.databases import on_sqlite

CODE = "HTTPS://JF.EXAMPLE.ORG/Q/ABCDEFGHJKLMNPQRSTUVWXYZ234567"


@pytest.mark.parametrize("shown", [CODE, str(qr_svg(CODE))], ids=["text", "svg"])
def test_a_clip_shows_the_code(shown: str, tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "camera.y4m", shown)

    header, _, frames = clip.read_bytes().partition(b"FRAME\n")

    assert header == b"YUV4MPEG2 W640 H480 F10:1 Ip A1:1 C420mpeg2\n"
    picture = Image.frombytes("L", (640, 480), frames[: 640 * 480])
    assert [found.text for found in zxingcpp.read_barcodes(picture)] == [CODE]


@pytest.mark.browser
@on_sqlite
def test_a_page_s_camera_sees_the_clip(open_page: OpenPage, camera_browser: CameraBrowser, tmp_path: Path) -> None:
    with camera_browser(write_clip(tmp_path / "camera.y4m", CODE)) as browser:
        page = open_page(browser=browser)
        page.goto("/api/docs")
        seen = page.evaluate("""async () => {
            const { Camera } = await import('/static/js/camera.js');
            const video = document.body.appendChild(document.createElement('video'));
            return new Promise((read, refused) => new Camera(video, {
                onCode: read, onState: (state) => ['starting', 'running'].includes(state) || refused(state),
            }).start());
        }""")
    assert seen == CODE


PAGE = """<!doctype html><html lang="zh-CN" data-bs-theme="light"><head><title>页</title><style>
button { color: #000; background: #fff } div { width: 60px; white-space: nowrap; overflow: auto }
.faint, [data-bs-theme=dark] p, [aria-pressed=true] { color: #ddd; background: #fff }
.aside { display: none; color: #ddd; background: #fff } @media (max-width: 350px) { .aside { display: block } }
</style></head><body><main><h1>标题</h1><p>三个人</p><p class="aside">旁边</p>
<label for="who">谁</label><input id="who"><button type="button" aria-pressed="false">大字</button>
<ul><li><a href="#who">王</a></li><li><a href="#who">李</a></li></ul><div>短</div></main></body></html>"""


@pytest.fixture
def judged(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> Iterator[Page]:
    """A page without violations, whose shape axe has checked."""
    monkeypatch.setattr(shared, "_judged", set())
    page = browser.new_page(viewport=PHONE)
    page.set_content(PAGE)
    no_axe_violations(page)
    yield page
    page.close()


@pytest.mark.browser
@pytest.mark.parametrize(
    "change",
    [
        "document.querySelector('label').remove()",
        "document.querySelector('label').htmlFor = 'nobody'",
        "document.querySelector('h1').textContent = ''",
        "document.querySelector('p').style.color = '#ddd'",
        "document.querySelector('p').className = 'faint'",
        "document.querySelector('button').ariaPressed = 'true'",
        "document.querySelector('input').ariaHidden = 'true'",
        "document.querySelector('li:last-child a').textContent = ''",
        "document.querySelector('ul').append(document.createElement('p'))",
        "document.querySelector('div').textContent = '长'.repeat(40)",
        "document.documentElement.dataset.bsTheme = 'dark'",
        "document.documentElement.removeAttribute('lang')",
        "document.title = ''",
    ],
)
def test_axe_looks_again_at_a_page_of_another_shape(judged: Page, change: str) -> None:
    judged.evaluate(change)

    with pytest.raises(AssertionError, match="violations"):
        no_axe_violations(judged)
    with pytest.raises(AssertionError, match="violations"):
        no_axe_violations(judged)


@pytest.mark.browser
def test_axe_looks_again_at_what_only_another_size_shows(judged: Page) -> None:
    judged.set_viewport_size(NARROW)

    with pytest.raises(AssertionError, match="color-contrast"):
        no_axe_violations(judged)


@pytest.mark.browser
def test_axe_does_not_look_again_where_words_alone_differ(judged: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared, "AXE_RUN", "throw new Error('axe looked')")
    judged.evaluate("document.querySelector('p').textContent = '四个人'")
    judged.evaluate("document.querySelector('ul').append(document.querySelector('li').cloneNode(true))")
    judged.evaluate("document.documentElement.lang = 'en'")

    no_axe_violations(judged)


@pytest.mark.browser
def test_what_sticks_out_of_the_window_is_named(browser: Browser) -> None:
    page = browser.new_page(viewport=NARROW)
    page.set_content("<p style='width: 400px'>wide")

    with pytest.raises(AssertionError, match=r"px wider than the window: .*wide"):
        no_sideways_scroll(page)
    page.close()
