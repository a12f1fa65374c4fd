"""A studio for pictures: the demonstration, served with its own clock, and browsers for the people in it.

The clock starts on the morning of a working day and moves only when told to, so that pictures change only if pages do.
"""

import json
import os
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, Page, Playwright, ViewportSize

from tools.test_system import find_browser

ROOT = Path(__file__).resolve().parent.parent
PICTURES = ROOT / "docs" / "screenshots"
DATA = ROOT / "var" / "screenshots"
CLOCK = DATA / "clock"
BEGIN = datetime.fromisoformat("2026-06-03T09:40:00+08:00")
PORT = int(os.environ.get("SCREENSHOTS_PORT", "8017"))
ADDRESS = f"http://127.0.0.1:{PORT}"
PHONE: ViewportSize = {"width": 390, "height": 844}
DESK: ViewportSize = {"width": 1280, "height": 800}
WALL: ViewportSize = {"width": 1920, "height": 1080}
LONGEST_START_SECONDS = 300
COLOURS = 128
SETTLE_MS = 500


@dataclass
class Visit:
    """One person's browser, logged in; `taken` collects its pictures: (name, words about it)."""

    page: Page
    taken: list[tuple[str, str]]

    def show(self, path: str, name: str, words: str, *, whole: bool = False) -> None:
        """Open a page and take its picture."""
        self.page.goto(path, wait_until="load")
        self.take(name, words, whole=whole)

    def take(self, name: str, words: str, *, whole: bool = False) -> None:
        """Take a picture of the window, or of the whole page, with few colours."""
        self.page.wait_for_timeout(SETTLE_MS)
        path = PICTURES / f"{name}.png"
        self.page.screenshot(path=path, full_page=whole, animations="disabled")
        with Image.open(path) as picture:
            fewer = picture.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
        fewer.save(path, optimize=True)
        self.taken.append((name, words))

    def api(self, method: str, path: str, data: Any = None) -> Any:
        """Call the API as this person, with the page's session."""
        token = self.page.locator('meta[name="csrf-token"]').get_attribute("content") or ""
        headers = {"X-CSRFToken": token, "Idempotency-Key": f"screenshots-{time.time_ns()}"}
        answer = self.page.request.fetch(f"/api/v1{path}", method=method, data=data, headers=headers)
        if not answer.ok:
            sys.exit(f"{method} {path} was answered by {answer.status}: {answer.text()}")
        return answer.json()


class Studio:
    """The served demonstration and the people in it."""

    def __init__(self, playwright: Playwright, printed: dict[str, Any]) -> None:
        self._playwright = playwright
        self._logins = {login["role"]: login for login in printed["logins"]}
        self.card_url: str = printed["card_url"]
        self.taken: list[tuple[str, str]] = []
        self._browser = self._launch()

    def visit(
        self,
        who: str,
        size: ViewportSize,
        *,
        language: str = "zh",
        large: bool = False,
        camera: Path | None = None,
    ) -> Visit:
        """Open a browser and log `who` in, or nobody if ''. The camera shows the clip `camera`."""
        seeing = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
        browser = self._launch(*seeing, f"--use-file-for-fake-video-capture={camera}") if camera else self._browser
        locale = {"zh": "zh-CN", "en": "en-GB"}[language]
        context = browser.new_context(base_url=ADDRESS, viewport=size, locale=locale, timezone_id="Asia/Shanghai")
        switches = {"language": language, "large_type": "1" if large else "0"}
        context.add_cookies([{"name": name, "value": value, "url": ADDRESS} for name, value in switches.items()])
        page = context.new_page()
        page.clock.set_fixed_time(datetime.fromisoformat(CLOCK.read_text()))
        if who:
            self._log_in(page, self._logins[who])
        return Visit(page, self.taken)

    def _launch(self, *arguments: str) -> Browser:
        environment = dict(os.environ) | {"LANGUAGE": "zh_CN"}  # for what the browser itself draws, such as date fields
        return self._playwright.chromium.launch(
            executable_path=find_browser(), args=["--no-sandbox", *arguments], env=environment
        )

    def _log_in(self, page: Page, login: dict[str, str]) -> None:
        page.goto("/log-in")
        page.fill("[name=phone]", login["phone"])
        page.fill("[name=password]", login["password"])
        page.click("main form .nx-main-btn")
        page.wait_for_url(lambda url: "log-in" not in url)


def set_clock(text: str) -> None:
    """Move the clock of the service to another time of the day."""
    CLOCK.write_text(BEGIN.replace(hour=int(text[:2]), minute=int(text[3:])).isoformat())


@contextmanager
def served(loaded: Path | None) -> Iterator[dict[str, Any]]:
    """Serve a copy of a loaded demonstration, or a new one, within the block; yields its printed log-ins."""
    shutil.rmtree(DATA, ignore_errors=True)
    if loaded is not None:
        shutil.copytree(loaded, DATA)
    DATA.mkdir(parents=True, exist_ok=True)
    CLOCK.write_text(BEGIN.isoformat())
    environment = os.environ | {
        "LEDGER_DATA_FOLDER": str(DATA),
        "LEDGER_PORT": str(PORT),
        "LEDGER_CLOCK_FILE": str(CLOCK),
    }
    ningxin = [sys.executable, "-m", "ningxin"]
    with subprocess.Popen([*ningxin, "serve", "--demo"], cwd=ROOT, env=environment, stdout=sys.stderr) as server:
        try:
            _wait_until_it_answers(server)
            printed = subprocess.run(
                [*ningxin, "demo", "--logins", "--json"], cwd=ROOT, env=environment, capture_output=True, check=True
            )
            yield json.loads(printed.stdout)
        finally:
            server.terminate()


def _wait_until_it_answers(server: "subprocess.Popen[bytes]") -> None:
    for _ in range(LONGEST_START_SECONDS):
        if server.poll() is not None:
            sys.exit("the demonstration did not start")
        try:
            with urllib.request.urlopen(f"{ADDRESS}/log-in", timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(1)
    sys.exit("the demonstration took too long to start")
