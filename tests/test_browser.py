"""What browser tests rest on: a clip really shows its code to the camera of a page."""

from pathlib import Path

import pytest
import zxingcpp
from PIL import Image

from ledger.web.qr import qr_svg
from tests.browser import CameraBrowser, OpenPage, write_clip
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
