"""Show that the README's commands turn a bare Debian 12 into one that runs the tests: make test-bare.

A Debian is put into a folder in memory, with nothing but what the README asks for, and entered by chroot: there the
checkout is set up, `make test-setup` is run, then a test in a browser and one on PostgreSQL. All of it lives in
namespaces of its own, so whatever ends this program ends each process and each mount with it.
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
# Hidden by a file system in memory in our own namespace only; nothing is made outside.
FOLDER = Path("/mnt")
SIZE = "6g"
CHECKOUT = "/root/ningxin"
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
RESULTS = "results.xml"
LOG = FOLDER / "log"
LAST_LINES = 100
TOLD = re.compile(r"^==> |\d passed")
TESTS = ("tests/test_browser.py::test_a_page_s_camera_sees_the_clip", "tests/test_walk.py")
# Each step: what is typed in the checkout, and the longest it may take.
STEPS: tuple[tuple[str, tuple[str, ...], int], ...] = (
    ("set up", ("make", "setup"), 400),
    ("make test-setup", ("make", "test-setup"), 600),
    ("two tests", (".venv/bin/python", "-m", "pytest", "-q", f"--junit-xml={RESULTS}", *TESTS), 300),
)
OWN_NAMESPACES = ("setpriv", "--pdeathsig", "KILL", "unshare", "--mount", "--pid", "--fork", "--kill-child")


def main() -> None:
    """Prepare, and run the rest in namespaces of its own."""
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
    """Put the system there and try the README's commands in it."""
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
    """Processes, devices and shared memory, as a machine that has started has them."""
    subprocess.run(["mount", "-t", "proc", "proc", str(FOLDER / "proc")], check=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755", "dev", str(FOLDER / "dev")], check=True)
    for name in DEVICES:
        (FOLDER / "dev" / name).touch()
        subprocess.run(["mount", "--bind", f"/dev/{name}", str(FOLDER / "dev" / name)], check=True)
    (FOLDER / "dev/fd").symlink_to("/proc/self/fd")
    (FOLDER / "dev/shm").mkdir()
    (FOLDER / "dev/shm").chmod(0o1777)


def _copy_checkout() -> None:
    """Copy what git knows and what is about to be added, and nothing that a set-up here has made."""
    target = FOLDER / CHECKOUT.lstrip("/")
    listing = ["git", "-c", f"safe.directory={ROOT}", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listing, cwd=ROOT, capture_output=True, check=True).stdout.decode().split("\0")
    for name in filter(None, names):
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)


def _step(name: str, command: tuple[str, ...], longest: int) -> None:
    """Run one command in the checkout over there; the end if it fails or takes too long."""
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
    """What a command in the checkout over there said, and how it ended; None if it had to be ended."""
    own = {"HOME": "/root", "PATH": PATH, **machine.environment()}
    entered = ["chroot", str(FOLDER), "env", f"--chdir={CHECKOUT}", *command]
    ended = None
    with LOG.open("wb") as log, suppress(subprocess.TimeoutExpired):
        to_log = {"stdout": log, "stderr": log}
        ended = subprocess.run(entered, env=own, stdin=subprocess.DEVNULL, timeout=longest, **to_log).returncode
    return LOG.read_text(errors="replace").splitlines(), ended


def read_results(path: Path) -> tuple[int, int]:
    """How many tests were run, and how many were left out."""
    suites = list(ElementTree.parse(path).iter("testsuite"))
    left_out = sum(int(suite.get("skipped", 0)) for suite in suites)
    return sum(int(suite.get("tests", 0)) for suite in suites) - left_out, left_out


if __name__ == "__main__":
    inside() if "--inside" in sys.argv[1:] else main()
