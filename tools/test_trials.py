"""Try everything that the tests need of this machine, name the Debian packages that are missing, install if allowed.

`--install` (make test-setup) installs with apt-get and exits with 1 if anything is still missing. Without it
(make test) it installs only as root with CI=true, where everything must run.
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

# A font without them draws the same box, or nothing, for both.
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
# One fault may hide another: a program that lacks two libraries names only one at a time.
MOST_ROUNDS = 4


@dataclass(frozen=True)
class Lack:
    """Something that does not work here, and the Debian package that provides it, if known."""

    what: str
    package: str | None = None

    def __str__(self) -> str:
        """One sentence that includes the tests that can't run."""
        if self.package is None:
            return f"{self.what}, and no Debian package is known to mend it"
        return f"{self.what}: {self.package} brings it; without it is not run: {WITHOUT[self.package]}"


def try_browser() -> Lack | None:
    """Start the browser's driver, then the browser, and let it draw Chinese on a page."""
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
    except Exception as error:  # any error would hit every browser test too
        return Lack(f"{find_browser()} does not start ({str(error).strip().splitlines()[0]})")
    if not drawn or not has_chinese_font():
        return Lack("Chinese is drawn as empty boxes", "fonts-noto-cjk")
    return None


def _draw() -> bool:
    """Whether the browser draws two Chinese characters differently."""
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
    """Make a cluster, start its server and query it."""
    if find_postgres_folder() is None:
        return Lack("there is no PostgreSQL whose initdb starts", "postgresql")
    try:
        with postgres_server():
            return None
    except (OSError, RuntimeError) as error:
        return Lack(f"PostgreSQL does not start ({str(error).strip().splitlines()[-1]})")


def try_hledger() -> Lack | None:
    """Ask hledger for its version."""
    said = why_not_start("hledger")
    return Lack(f"hledger does not start ({said})", "hledger") if said else None


TRIALS: tuple[Callable[[], Lack | None], ...] = (try_browser, try_postgres, try_hledger)


def lacking() -> list[Lack]:
    """Everything that does not work here."""
    return [lack for trial in TRIALS if (lack := trial())]


def mend(found: list[Lack]) -> list[Lack]:
    """Install the known packages and try again. Returns what still does not work."""
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
    """Try all, install if allowed, and fail if everything must run but can't."""
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
