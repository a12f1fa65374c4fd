"""A bare Debian in a folder: made once by debootstrap, kept as a tarball, and checked before each use."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tools.bare import machine

# The packages that the README asks for, and the certificates of any Debian on a network.
NAMED = ("ca-certificates", "git", "make", "python3", "python3-venv")
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "ningxin"
MAKING_SECONDS, UNPACKING_SECONDS = 900, 120
# Folders where only packages may have files, folders where every program must come from a package, and files that
# packages generate and dpkg does not know.
EMPTY_FOLDERS = (
    "home",
    "media",
    "opt",
    "root",
    "srv",
    "tmp",
    "usr/local",
    "var/cache/apt/archives",
    "var/lib/apt/lists",
)
PROGRAM_FOLDERS = ("usr/bin", "usr/sbin", "usr/lib", "usr/libexec")
MADE_BY_PACKAGES = re.compile(r".*/__pycache__(/.*)?|.*/(gconv-modules\.cache|giomodule\.cache)|.*/lib/udev/hwdb\.bin")


class NotBareError(Exception):
    """The tarball holds something other than the bare system."""


def put(folder: Path) -> None:
    """Put a bare Debian into an empty folder. A kept one that is not bare is deleted and made anew."""
    kept = CACHE / f"bare-{machine.SUITE}-{_architecture()}.tar.gz"
    if kept.exists():
        try:
            _unpack(kept, folder)
        except NotBareError as fault:
            print(f"    the kept system is not bare ({fault}): it is made anew", flush=True)
            kept.unlink()
            _clear(folder)
        else:
            return
    _make(folder)
    check(folder)
    _keep(folder, kept)


def _architecture() -> str:
    said = subprocess.run(["dpkg", "--print-architecture"], capture_output=True, text=True, check=True)
    return said.stdout.strip()


def _make(folder: Path) -> None:
    """Run debootstrap with the mirror, key and proxy of this machine's apt."""
    release = next(iter(machine.sources()), None)
    if release is None or release.release != machine.SUITE:
        sys.exit(
            f"This machine's apt knows no Debian {machine.SUITE}: add it to /etc/apt, then run make test-bare again."
        )
    command = ["debootstrap", "--variant=minbase", "--force-check-gpg", f"--include={','.join(NAMED)}"]
    if release.signed_by.startswith("/"):
        command.append(f"--keyring={release.signed_by}")
    print("    debootstrap makes it, a minute or two the first time", flush=True)
    environment = {**os.environ, **machine.proxies()}
    made = subprocess.run(
        [*command, machine.SUITE, str(folder), release.uri],
        env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=MAKING_SECONDS,
    )  # fmt: skip
    if made.returncode != 0:
        sys.exit(f"debootstrap failed:\n{made.stdout.decode(errors='replace')[-2_000:]}")
    for name in EMPTY_FOLDERS:
        _clear(folder / name)


def _clear(folder: Path) -> None:
    """Remove all files in a folder; subfolders stay, because they belong to the system."""
    for path in folder.rglob("*"):
        if path.is_symlink() or not path.is_dir():
            path.unlink()


def _keep(folder: Path, kept: Path) -> None:
    """Write the tarball, whole or not at all."""
    kept.parent.mkdir(parents=True, exist_ok=True)
    part = kept.with_suffix(".part")
    pack = ["tar", "--create", "--use-compress-program=gzip -1", f"--file={part}", "--one-file-system"]
    subprocess.run([*pack, "--exclude=./dev/*", f"--directory={folder}", "."], check=True, timeout=UNPACKING_SECONDS)
    part.replace(kept)


def _unpack(kept: Path, folder: Path) -> None:
    unpack = ["tar", "--extract", "--gzip", f"--file={kept}", "--numeric-owner", f"--directory={folder}"]
    if subprocess.run(unpack, capture_output=True, timeout=UNPACKING_SECONDS).returncode != 0:
        raise NotBareError("it can't be unpacked")
    check(folder)


def check(folder: Path) -> None:
    """Check that the system holds the unchanged packages of a bare Debian and nothing else.

    Raises NotBareError, which names the first faults.
    """
    packages = read_packages((folder / "var/lib/dpkg/status").read_text())
    _refuse("packages that nobody asked for", sorted(packages.keys() - bare_packages(packages)))
    _refuse("packages that are missing", sorted(set(NAMED) - packages.keys()))
    _refuse("files that no package brought", list(strange_files(folder)))
    changed = subprocess.run(["dpkg", f"--root={folder}", "--verify"], capture_output=True, text=True)
    _refuse("files that were changed", [line for line in changed.stdout.splitlines() if " c /" not in line])


def _refuse(what: str, found: list[str]) -> None:
    if found:
        raise NotBareError(f"{what}: {', '.join(found[:5])}")


Packages = dict[str, dict[str, str]]


def read_packages(status: str) -> Packages:
    """The fields of each package that dpkg lists as installed, by name."""
    found = {}
    for paragraph in status.split("\n\n"):
        fields = dict(re.findall(r"^([\w-]+): (.*)$", paragraph, re.M))
        if fields.get("Status", "").endswith(" installed"):
            found[fields["Package"]] = fields
    return found


def bare_packages(packages: Packages) -> set[str]:
    """The required packages of any Debian, apt, those that the README names, and their dependencies."""
    providers: dict[str, set[str]] = {name: {name} for name in packages}
    for name, fields in packages.items():
        for provided in _names(fields.get("Provides", "")):
            providers.setdefault(provided, set()).add(name)
    required = {
        name for name, each in packages.items() if each.get("Essential") == "yes" or each.get("Priority") == "required"
    }
    bare: set[str] = set()
    ahead = required | ({"apt", *NAMED} & packages.keys())
    while ahead:
        bare |= ahead
        needs = (packages[name].get(field, "") for name in ahead for field in ("Depends", "Pre-Depends"))
        ahead = {each for text in needs for need in _names(text) for each in providers.get(need, ())} - bare
    return bare


def _names(relation: str) -> list[str]:
    """The packages in a field such as Depends, alternatives included."""
    return [re.split(r"[\s:(]", each.strip())[0] for each in re.split(r"[,|]", relation) if each.strip()]


def strange_files(folder: Path) -> Iterator[str]:
    """Files in EMPTY_FOLDERS or PROGRAM_FOLDERS that no package installed."""
    brought = _brought(folder)
    for name in EMPTY_FOLDERS:
        for path in _files(folder / name):
            if str(path.relative_to(folder)) not in brought:
                yield f"/{path.relative_to(folder)}"
    for name in PROGRAM_FOLDERS:
        for path in _files(folder / name):
            inside = str(path.relative_to(folder))
            chosen = path.is_symlink() and path.readlink().is_relative_to("/etc/alternatives")
            if inside not in brought and not chosen and not MADE_BY_PACKAGES.fullmatch(inside):
                yield f"/{inside}"


def _files(folder: Path) -> Iterator[Path]:
    yield from (path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir())


def _brought(folder: Path) -> set[str]:
    """The files of packages, by path below `folder`; paths through links such as /bin are put under /usr."""
    links = {
        name: f"usr/{name}"
        for name in ("bin", "sbin", "lib", "lib32", "lib64", "libx32")
        if (folder / name).is_symlink()
    }
    brought = set()
    for listed in (folder / "var/lib/dpkg/info").glob("*.list"):
        for line in listed.read_text().splitlines():
            top, slash, rest = line.lstrip("/").partition("/")
            brought.add(f"{links.get(top, top)}{slash}{rest}")
    return brought
