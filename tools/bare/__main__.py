"""Show that the README's commands make a bare Debian 12 run the tests: make test-bare.

It puts a Debian into a folder in memory, with only what the README asks for, and enters it by chroot. There it sets
up the checkout and runs `make test-setup`, then one test in a browser and one on PostgreSQL. Everything lives in
separate namespaces, so that all processes and mounts end with this program.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from types import FrameType
from xml.etree import ElementTree

from tools.bare import base, machine
from tools.test_system import install

ROOT = Path(__file__).resolve().parent.parent.parent
# A file system in memory covers it, in our own namespace only; nothing changes outside.
FOLDER = Path("/mnt")
SIZE = "6g"
CHECKOUT = "/srv/ningxin"
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
RESULTS = "results.xml"
LOG = FOLDER / "log"
LAST_LINES = 100
TOLD = re.compile(r"^==> |\d passed")
TESTS = ("tests/test_browser.py::test_a_page_s_camera_sees_the_clip", "tests/test_walk.py")
# Packages come from the registry, as for anybody who installs it.
WHEEL = """
python3 -m venv /srv/elsewhere
/srv/elsewhere/bin/python -m pip install --quiet --disable-pip-version-check dist/*.whl
cd / && /srv/elsewhere/bin/ningxin --help && cd /tmp && /srv/elsewhere/bin/ningxin migrate
"""
# Each step: its name, the command to run in the checkout, and the limit in seconds.
STEPS: tuple[tuple[str, tuple[str, ...], int], ...] = (
    ("set up", ("make", "setup"), 600),
    ("make test-setup", ("make", "test-setup"), 600),
    ("make wheel", ("make", "wheel"), 60),
    ("the wheel in a bare environment", ("sh", "-ec", WHEEL), 300),
    ("two tests", (".venv/bin/python", "-m", "pytest", "-q", f"--junit-xml={RESULTS}", *TESTS), 300),
)
OWN_NAMESPACES = ("setpriv", "--pdeathsig", "KILL", "unshare", "--mount", "--pid", "--fork", "--kill-child")


def main() -> None:
    """Prepare, and run the rest in separate namespaces."""
    if os.geteuid() != 0:
        sys.exit("make test-bare enters a Debian of its own by chroot, which only root may: sudo make test-bare")
    signal.signal(signal.SIGTERM, _end)
    if subprocess.run([*OWN_NAMESPACES, "mount", "-t", "tmpfs", "bare", str(FOLDER)]).returncode != 0:
        sys.exit("This root may not mount in a namespace of its own (a container without the right to?).")
    if not shutil.which("debootstrap"):
        install(["debootstrap"])
    inside = subprocess.Popen([*OWN_NAMESPACES, sys.executable, "-m", "tools.bare", "--inside"], cwd=ROOT)
    try:
        sys.exit(inside.wait())
    finally:
        inside.kill()
        inside.wait()


def _end(number: int, frame: FrameType | None) -> None:
    sys.exit(128 + number)


def inside() -> None:
    """Install the bare system and try the README's commands in it."""
    begun = time.monotonic()
    print("==> A bare Debian 12", flush=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE},mode=755", "bare", str(FOLDER)], check=True)
    base.put(FOLDER)
    machine.furnish(FOLDER)
    _mount_kernel_files()
    _copy_checkout()
    print(f"    {_packages()} packages ({time.monotonic() - begun:.0f} s)", flush=True)
    for name, command, longest in STEPS:
        _step(name, command, longest)
    ran, skipped = read_results(FOLDER / CHECKOUT.lstrip("/") / RESULTS)
    if skipped or not ran:
        sys.exit(f"{ran} tests were run and {skipped} left out: make test-setup did not bring what they need.")
    used = shutil.disk_usage(FOLDER).used / 2**30
    print(f"A bare Debian runs the tests ({time.monotonic() - begun:.0f} s, {used:.1f} GB of memory for its files).")


def _packages() -> int:
    return len(base.read_packages((FOLDER / "var/lib/dpkg/status").read_text()))


def _mount_kernel_files() -> None:
    """Provide processes, devices and shared memory, as on a booted machine."""
    subprocess.run(["mount", "-t", "proc", "proc", str(FOLDER / "proc")], check=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755", "dev", str(FOLDER / "dev")], check=True)
    for name in DEVICES:
        (FOLDER / "dev" / name).touch()
        subprocess.run(["mount", "--bind", f"/dev/{name}", str(FOLDER / "dev" / name)], check=True)
    (FOLDER / "dev/fd").symlink_to("/proc/self/fd")
    (FOLDER / "dev/shm").mkdir()
    (FOLDER / "dev/shm").chmod(0o1777)


def _copy_checkout() -> None:
    """Copy the files that git tracks or doesn't ignore, and nothing made by a set-up here."""
    target = FOLDER / CHECKOUT.lstrip("/")
    listing = ["git", "-c", f"safe.directory={ROOT}", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listing, cwd=ROOT, capture_output=True, check=True).stdout.decode().split("\0")
    for name in filter(None, names):
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)


def _step(name: str, command: tuple[str, ...], longest: int) -> None:
    """Run one command in the copied checkout; exits if it fails or takes too long."""
    print(f"==> Bare: {name}", flush=True)
    begun = time.monotonic()
    said, ended = _enter(command, longest)
    if ended != 0:
        print("\n".join(said[-LAST_LINES:]))
        how = f"took longer than {longest} s" if ended is None else f"ended with {ended}"
        sys.exit(f"FAILED in a bare Debian: {name} {how}; its last words are above.")
    for line in said:
        if TOLD.search(line):
            print(f"    | {line}")
    print(f"    ok ({time.monotonic() - begun:.0f} s)", flush=True)


def _enter(command: tuple[str, ...], longest: int) -> tuple[list[str], int | None]:
    """Run a command in the copied checkout. Returns its output and exit code; None after a timeout."""
    own = {"HOME": "/root", "PATH": PATH, **machine.environment()}
    entered = ["chroot", str(FOLDER), "env", f"--chdir={CHECKOUT}", *command]
    ended = None
    with LOG.open("wb") as log, suppress(subprocess.TimeoutExpired):
        to_log = {"stdout": log, "stderr": log}
        ended = subprocess.run(entered, env=own, stdin=subprocess.DEVNULL, timeout=longest, **to_log).returncode
    return LOG.read_text(errors="replace").splitlines(), ended


def read_results(path: Path) -> tuple[int, int]:
    """The numbers of tests run and skipped."""
    suites = list(ElementTree.parse(path).iter("testsuite"))
    left_out = sum(int(suite.get("skipped", 0)) for suite in suites)
    return sum(int(suite.get("tests", 0)) for suite in suites) - left_out, left_out


if __name__ == "__main__":
    inside() if "--inside" in sys.argv[1:] else main()
