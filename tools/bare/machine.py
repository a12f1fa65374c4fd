"""How this machine reaches its package registries, so that a Debian in a folder can do the same.

Nothing is hard-coded: sources and settings come from apt, the rest from the files and the environment that pip and
npm read.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

SUITE = "bookworm"
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
APT_KEYS = ("trusted.gpg", "trusted.gpg.d", "keyrings", "auth.conf", "auth.conf.d")
SETTINGS = ("/etc/pip.conf", "~/.config/pip/pip.conf", "~/.pip/pip.conf", "/etc/npmrc", "~/.npmrc")
NETWORK = ("/etc/resolv.conf", "/etc/hosts")
HANDED_ON = re.compile(
    r"(?i)(https?|all|no)_proxy|(pip|npm_config)_.+|.+_(cert_file|cert_dir|ca_bundle|ca_certs|cainfo)"
)
# A path, but not part of a network address.
LOCAL_PATH = re.compile(r"(?:(?<=file://)|(?<![\w:/.~-]))/[\w][\w./+@-]*")


@dataclass(frozen=True)
class Source:
    """One line of apt's sources."""

    uri: str
    release: str
    component: str
    signed_by: str

    def __str__(self) -> str:
        """The line in the format of sources.list."""
        signed = f"[signed-by={self.signed_by}] " if self.signed_by.startswith("/") else ""
        return f"deb {signed}{self.uri} {self.release} {self.component}"


def sources() -> list[Source]:
    """apt's sources for this Debian, the release itself first."""
    wanted = "$(REPO_URI)|$(RELEASE)|$(COMPONENT)|$(SIGNED_BY)"
    command = ["apt-get", "indextargets", "--format", wanted, "Created-By: Packages"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = {Source(*line.split("|")) for line in said.splitlines() if line.count("|") == 3}
    ours = (source for source in found if source.release.partition("-")[0] == SUITE and source.component == "main")
    return sorted(ours, key=lambda source: source.release)


def proxies() -> dict[str, str]:
    """apt's proxies, under the names that other programs use."""
    found = {}
    for kind in ("http", "https"):
        said = subprocess.run(["apt-config", "dump", "--format=%v%n", f"Acquire::{kind}::Proxy"], capture_output=True)
        if proxy := said.stdout.decode().strip():
            found[f"{kind}_proxy"] = proxy
    return found


def environment() -> dict[str, str]:
    """The environment variables that say how to reach registries."""
    return {name: value for name, value in os.environ.items() if HANDED_ON.fullmatch(name)}


def furnish(base: Path) -> None:
    """Give the Debian in `base` this machine's sources, certificates and settings. Its packages stay as they are."""
    apt = base / "etc/apt"
    lines = "\n".join(map(str, sources()))
    (apt / "sources.list").write_text(lines + "\n")
    (apt / "apt.conf.d/90machine").write_text(_acquire_settings())
    for name in APT_KEYS:
        _copy(Path("/etc/apt") / name, base)
    for source in sources():
        if source.signed_by.startswith("/"):
            _copy(Path(source.signed_by), base)
    for name in (*NETWORK, *SETTINGS, str(CERTIFICATES)):
        _copy(Path(name).expanduser(), base)
    for path in local_paths():
        _show(path, base)


def local_paths() -> list[Path]:
    """Files and folders on this machine that pip's or npm's settings name."""
    named = {path for text in _settings() for path in paths_in(text) if path.exists()}
    # The pages of an index in a folder link to files beside it.
    return sorted({path.parent if len(path.parts) > 3 and path.is_dir() else path for path in named})


def paths_in(text: str) -> Iterator[Path]:
    """The local paths in a setting; paths in network addresses don't count."""
    yield from (Path(found.rstrip("/.")) for found in LOCAL_PATH.findall(text))


def _settings() -> Iterator[str]:
    yield from environment().values()
    for name in SETTINGS:
        if (path := Path(name).expanduser()).is_file():
            yield path.read_text()


def _acquire_settings() -> str:
    """apt's settings for fetching, without the programs that it runs afterwards."""
    said = subprocess.run(["apt-config", "dump", "--no-empty"], capture_output=True, text=True, check=True).stdout
    return "".join(f"{line}\n" for line in said.splitlines() if line.startswith(("Acquire::", "APT::Architecture ")))


def _copy(path: Path, base: Path) -> None:
    """Copy a file or folder to the same place, if it exists."""
    target = base / path.relative_to("/")
    target.parent.mkdir(parents=True, exist_ok=True)
    if path.is_dir():
        shutil.copytree(path, target, dirs_exist_ok=True)
    elif path.is_file():
        target.unlink(missing_ok=True)
        shutil.copyfile(path, target)
        shutil.copymode(path, target)


def _show(path: Path, base: Path) -> None:
    """Show a file or folder read-only at the same place, unless the bare system has its own."""
    target = base / path.relative_to("/")
    if target.exists():
        return
    if path.is_file():
        _copy(path, base)
        return
    target.mkdir(parents=True)
    for arguments in (["--bind", str(path)], ["-o", "remount,ro,bind"]):
        subprocess.run(["mount", *arguments, str(target)], check=True)
