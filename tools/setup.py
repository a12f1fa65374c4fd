"""Prepare this checkout to run: virtual environment, locked packages, front-end files, translations.

make runs it with the machine's own Python. It skips steps whose input hasn't changed, so a
second start takes no time. `setup.py --tests` adds what tests and checks need.
"""

import hashlib
import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
TRANSLATIONS = ROOT / "ledger" / "translations"
OLDEST_PYTHON = (3, 11)
PIP_INSTALL = ["-m", "pip", "install", "--disable-pip-version-check"]
# The checkout itself: its packages are there already, and the build must not fetch any.
PIP_INSTALL_HERE = [*PIP_INSTALL, "--quiet", "--no-index", "--no-deps", "--no-build-isolation", "--editable", str(ROOT)]


def say(text: str) -> None:
    """Print a line of progress, unbuffered even into a file."""
    print(text, flush=True)


def make_environment() -> None:
    """Make .venv if it is missing, or was made for another folder or by a Python that no longer exists."""
    stamp = VENV / ".made-for"
    works = PYTHON.exists() and subprocess.run([PYTHON, "-m", "pip", "--version"], capture_output=True).returncode == 0
    if works and (not stamp.is_file() or stamp.read_text() == str(ROOT)):
        return
    say("==> Virtual environment: making .venv")
    made = subprocess.run([sys.executable, "-m", "venv", "--clear", str(VENV)])
    if made.returncode != 0:
        sys.exit("Python cannot make a virtual environment. On Debian: apt-get install python3-venv")
    stamp.write_text(str(ROOT))


def install(*, with_tests: bool) -> None:
    """Install exactly the locked packages, each file checked against its hash."""
    locks = [ROOT / "requirements.txt", ROOT / "requirements-build.txt"]
    if with_tests:
        locks.append(ROOT / "requirements-dev.txt")
    outdated = [lock for lock in locks if not is_installed(lock)]
    if not outdated:
        return
    names = ", ".join(lock.name for lock in outdated)
    say(f"==> Python packages: installing {names} (20 to 60 seconds the first time)")
    arguments = [argument for lock in locks for argument in ("-r", str(lock))]
    quiet = [] if sys.stdout.isatty() else ["--quiet"]
    if subprocess.run([PYTHON, *PIP_INSTALL, "--require-hashes", *quiet, *arguments]).returncode != 0:
        sys.exit("The packages could not be installed: see pip's message above, then run make again.")
    for lock in locks:
        stamp_of(lock).write_text(digest(lock))


def stamp_of(lock: Path) -> Path:
    """The file that records which version of a lock, or of pyproject.toml, is installed."""
    return VENV / f".{lock.stem}.installed"


def digest(lock: Path) -> str:
    """A digest of a file's content."""
    return hashlib.sha256(lock.read_bytes()).hexdigest()


def is_installed(lock: Path) -> bool:
    """Whether the lock is installed in its current version."""
    stamp = stamp_of(lock)
    return stamp.is_file() and stamp.read_text() == digest(lock)


def install_program() -> None:
    """Make .venv/bin/ningxin, which runs this checkout."""
    described = ROOT / "pyproject.toml"
    if (VENV / "bin" / "ningxin").exists() and is_installed(described):
        return
    if subprocess.run([PYTHON, *PIP_INSTALL_HERE]).returncode != 0:
        sys.exit("The program could not be installed: see pip's message above, then run make again.")
    stamp_of(described).write_text(digest(described))


def fetch_frontend() -> None:
    """Fetch the front-end files; the tool skips this if its lock hasn't changed."""
    if subprocess.run([PYTHON, ROOT / "tools" / "frontend.py"]).returncode != 0:
        sys.exit("The front-end files could not be fetched: see the message above, then run make again.")


def compile_translations() -> None:
    """Compile each catalogue that is newer than its compiled file."""
    for catalogue in sorted(TRANSLATIONS.glob("*/LC_MESSAGES/messages.po")):
        compiled = catalogue.with_suffix(".mo")
        if compiled.exists() and compiled.stat().st_mtime >= catalogue.stat().st_mtime:
            continue
        language = catalogue.parent.parent.name
        say(f"==> Translations: compiling {language}")
        command = [
            "-m",
            "babel.messages.frontend",
            "compile",
            "-i",
            str(catalogue),
            "-o",
            str(compiled),
            "-l",
            language,
        ]
        subprocess.run([PYTHON, *command], check=True, capture_output=True)


def main() -> None:
    """Run all steps in order."""
    if sys.version_info < OLDEST_PYTHON:
        wanted = ".".join(map(str, OLDEST_PYTHON))
        sys.exit(
            f"Python {wanted} or newer is needed; this is {sys.version.split()[0]}. Try: make PYTHON=python3.11 run"
        )
    os.chdir(ROOT)
    begun = time.monotonic()
    make_environment()
    install(with_tests="--tests" in sys.argv[1:])
    install_program()
    fetch_frontend()
    compile_translations()
    say(f"==> Set up ({time.monotonic() - begun:.0f} s)")


if __name__ == "__main__":
    main()
