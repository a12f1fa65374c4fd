"""A bundle file: a zip whose manifest names every member with its hash, read line by line."""

import hashlib
import json
import struct
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sealed_log import Fault

FORMAT, VERSION = "ningxin.bundle", 1
MANIFEST = "manifest.json"
# Bundles older than the manifest's field all use this zone.
_TIMEZONE_UNSAID = "Asia/Shanghai"
_FIXED = {"README.txt", "keys.json", "accounts.jsonl", "proofs/consistency.jsonl", "facts.jsonl", "unsealed.jsonl"}
# Exceptions that a malformed file may raise.
BROKEN = (
    LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError, RuntimeError, EOFError,
    struct.error, zipfile.BadZipFile, zlib.error,
)  # fmt: skip


class Unreadable(Exception):
    """The file is not a bundle of this version; the message is in Chinese and in English."""


class Bundle:
    """The zip and its manifest; `at` is the place being read, for error messages."""

    def __init__(self, path: Path) -> None:
        self.at = MANIFEST
        try:
            self._zip = zipfile.ZipFile(path)
            self.manifest: dict[str, Any] = _parse(self._zip.read(MANIFEST))
            known = (self.manifest["format"], self.manifest["version"]) == (FORMAT, VERSION)
        except (OSError, *BROKEN) as error:
            raise Unreadable(f"{path} 不是审计包", f"{path} is not a bundle: {error}") from error
        if not known:
            raise Unreadable("不认识这种审计包", "this is a bundle of another kind or version")

    @property
    def timezone(self) -> str:
        """The time zone of the bundle's calendar days."""
        return str(self.manifest.get("timezone", _TIMEZONE_UNSAID))

    def check_members(self) -> None:
        """Check that the members are exactly those in the manifest, with its hashes. Raises Fault."""
        names, members = Counter(self._zip.namelist()), self.manifest["members"]
        wrong = sorted(names.keys() ^ {*members, MANIFEST}) or [name for name, count in names.items() if count > 1]
        wrong = wrong or sorted(_FIXED - names.keys())
        if wrong:
            raise Fault(
                f"{wrong[0]} 缺了、多了或者没写在清单里", f"{wrong[0]} is missing, too many or not in the manifest"
            )
        for name, stated in members.items():
            self.at = name
            with self._zip.open(name) as member:
                digest = hashlib.file_digest(member, "sha256").hexdigest()  # type: ignore[arg-type]
            if digest != stated["sha256"]:
                raise Fault(f"{name} 和清单里的 SHA-256 不符", f"{name} is not what the manifest's SHA-256 says")

    def text(self, name: str) -> str:
        """Read a small member."""
        self.at = name
        return self._zip.read(name).decode()

    def value(self, name: str) -> Any:
        """Read a small JSON member."""
        return _parse(self.text(name).encode())

    def rows(self, name: str) -> Iterator[Any]:
        """Stream the rows of a member."""
        with self._zip.open(name) as member:
            for number, line in enumerate(member, start=1):
                self.at = f"{name}:{number}"
                yield _parse(line)
        self.at = name

    def count(self, name: str, found: int) -> None:
        """Compare with the manifest's count. Raises Fault."""
        stated = self.manifest["counts"][name]
        if stated != found:
            raise Fault(
                f"清单说 {name} 是 {stated}，实际 {found}", f"the manifest counts {stated} {name}, there are {found}"
            )

    def checkpoint_sizes(self) -> list[int]:
        """The sizes in the checkpoints' names, ascending."""
        names = (name for name in self.manifest["members"] if name not in _FIXED)
        return sorted(int(name.removeprefix("checkpoints/").removesuffix(".txt")) for name in names)


def _parse(data: bytes) -> Any:
    return json.loads(data, object_pairs_hook=_object)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse duplicate names: two readers could read different values."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name twice in one object")
    return found
