"""Try what the tests need of this machine, say which Debian package brings what is lacking, install it where allowed.

`--install` (make test-setup) installs with apt-get and ends with 1 if anything is lacking all the same. Without it
(make test) packages are installed only as root with CI=true, where everything must run.
"""

import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

from playwright.sync_api import Page, sync_playwright

from tests.databases import postgres_server
from tools.test_system import (
    LIBRARIES,
    WITHOUT,
    find_browser,
    find_driver,
    find_postgres_folder,
    has_chinese_font,
    install,
    libraries_in,
    missing,
    why_not_start,
)

# A font that lacks both draws the same box, or nothing, for both.
DRAWN_ALIKE = """() => {
    const [first, second] = ['凝', '心'].map((character) => {
        const canvas = document.createElement('canvas');
        canvas.width = canvas.height = 40;
        const pen = canvas.getContext('2d');
        pen.font = '32px sans-serif';
        pen.fillText(character, 2, 32);
        return canvas.toDataURL();
    });
    return first === second;
}"""
# What is lacking hides what else is: a program that lacks two libraries names one after the other.
MOST_ROUNDS = 4


@dataclass(frozen=True)
class Lack:
    """What does not work here, and the Debian package that brings it, if one is known."""

    what: str
    package: str | None = None

    def __str__(self) -> str:
        """One sentence, and what is not tested for it."""
        if self.package is None:
            return f"{self.what}, and no Debian package is known to mend it"
        return f"{self.what}: {self.package} brings it; without it is not run: {WITHOUT[self.package]}"


def try_browser() -> Lack | None:
    """Start what drives the browser, then the browser, and let it draw Chinese on a page."""
    driver = find_driver()
    if driver is None:
        return Lack("the browser's driver, a pip package, is not installed")
    if said := why_not_start(driver):
        package = next((LIBRARIES[each] for each in libraries_in(said)), None)
        return Lack(f"the browser's driver does not start ({said})", package)
    if find_browser() is None:
        return Lack("there is no Chromium", "chromium")
    try:
        drawn = _draw()
    except Exception as error:  # whatever it is, it is what every browser test would meet
        return Lack(f"{find_browser()} does not start ({str(error).strip().splitlines()[0]})")
    if not drawn or not has_chinese_font():
        return Lack("Chinese is drawn as empty boxes", "fonts-noto-cjk")
    return None


def _draw() -> bool:
    """Whether the browser draws two Chinese characters, each with a shape of its own."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_browser(), args=["--no-sandbox"])
        page = browser.new_page()
        page.goto("data:text/html,<p>Ningxin")
        drawn = draws_chinese(page)
        browser.close()
    return drawn


def draws_chinese(page: Page) -> bool:
    """Whether the page's browser has a font in which two Chinese characters differ."""
    return not page.evaluate(DRAWN_ALIKE)


def try_postgres() -> Lack | None:
    """Make a cluster, start its server, and ask it something."""
    if find_postgres_folder() is None:
        return Lack("there is no PostgreSQL whose initdb starts", "postgresql")
    try:
        with postgres_server():
            return None
    except (OSError, RuntimeError) as error:
        return Lack(f"PostgreSQL does not start ({str(error).strip().splitlines()[-1]})")


def try_hledger() -> Lack | None:
    """Let it tell its version."""
    said = why_not_start("hledger")
    return Lack(f"hledger does not start ({said})", "hledger") if said else None


TRIALS: tuple[Callable[[], Lack | None], ...] = (try_browser, try_postgres, try_hledger)


def lacking() -> list[Lack]:
    """What does not work here."""
    return [lack for trial in TRIALS if (lack := trial())]


def mend(found: list[Lack]) -> list[Lack]:
    """Install what is known to mend it, and try again; what is lacking still."""
    tried: set[str] = set()
    for _ in range(MOST_ROUNDS):
        packages = sorted({*missing(), *(lack.package for lack in found if lack.package)} - tried)
        if not packages:
            break
        tried.update(packages)
        install(packages)
        found = lacking()
    return found


def main() -> None:
    """Try all, install where allowed, and fail where everything must run but cannot."""
    begun = time.monotonic()
    asked, in_ci = "--install" in sys.argv[1:], os.environ.get("CI") == "true"
    found = lacking()
    if asked or (in_ci and os.geteuid() == 0):
        found = mend(found)
    if not found:
        print(f"==> System packages for the tests: all there, each tried ({time.monotonic() - begun:.0f} s)")
        return
    print("==> System packages for the tests: MISSING")
    for lack in found:
        print(f"    {lack}")
    print("    To install them: make test-setup", flush=True)
    if asked:
        sys.exit("Not all that the tests need is here.")
    if in_ci:
        sys.exit("With CI=true everything must run, so this is a failure.")


if __name__ == "__main__":
    main()
