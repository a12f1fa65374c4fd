"""The log of a center as one zip that can be checked without us: its contents and how it is written.

It is streamed from the caller's snapshot, one member at a time; the manifest with the hash of each member comes last.
Damaged rows are exported as they are: finding them is the task of the verifier (verifier/), which shares no code with
this.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, BinaryIO
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.audit.exports import bundle_rows
from ledger.audit.exports.bundle_readme import HOW_TO_VERIFY, README
from ledger.audit.exports.names import instant_text
from ledger.kernel import clock
from ledger.kernel.types import table_of
from ledger.organisations import queries as organisations
from ledger.points.models import Batch
from ledger.points.sealing import keys as seal_keys

FORMAT = "ningxin.bundle"
VERSION = 1
MANIFEST = "manifest.json"
Progress = Callable[[int, int], None]
_TELL_EVERY = 1_000
_batch = table_of(Batch)


@dataclass(slots=True)
class Counts:
    """Sizes of a bundle; `leaves` is the size of the log, `unsealed` the number of batches still waiting for a leaf."""

    leaves: int = 0
    unsealed: int = 0
    transfers: int = 0
    accounts: int = 0
    checkpoints: int = 0
    keys: int = 0


def write_bundle(session: Session, center_id: int, file: BinaryIO, *, progress: Progress | None = None) -> Counts:
    """Write a center's log and book as of the session's snapshot; `progress(done, total)` counts batches.

    Raises NotFound("organisations.center_not_found").
    """
    center = organisations.get_center(session, center_id)
    at = clock.now()
    counts = Counts()
    with ZipFile(file, "w", ZIP_DEFLATED) as archive:
        bundle = _Archive(archive, at)
        bundle.add("README.txt", [README])
        keys = [bundle_rows.key_row(key) for key in seal_keys.keys(session, center_id)]
        counts.keys = len(keys)
        bundle.add("keys.json", [json.dumps(keys, ensure_ascii=False, indent=1) + "\n"])
        counts.accounts = bundle.add_rows("accounts.jsonl", bundle_rows.accounts(session, center_id))
        sizes = []
        for size, note in bundle_rows.checkpoints(session, center_id):
            bundle.add(f"checkpoints/{size}.txt", [note])
            sizes.append(size)
        counts.checkpoints = len(sizes)
        bundle.add_rows("proofs/consistency.jsonl", bundle_rows.consistency(session, center_id, sizes))
        seen = _Watch(counts, _count_batches(session, center_id), progress)
        counts.leaves = bundle.add_rows("facts.jsonl", seen(bundle_rows.sealed(session, center_id)))
        counts.unsealed = bundle.add_rows("unsealed.jsonl", seen(bundle_rows.unsealed(session, center_id)))
        seen.end()
        manifest = {
            "format": FORMAT,
            "version": VERSION,
            "center": {"id": center.id, "name": center.name},
            "exported_at": instant_text(at),
            "timezone": clock.zone().key,
            "counts": asdict(counts),
            "members": bundle.members,
            "how_to_verify": HOW_TO_VERIFY,
        }
        bundle.add(MANIFEST, [json.dumps(manifest, ensure_ascii=False, indent=1) + "\n"])
    return counts


class _Archive:
    """A zip written front to back, with the hash of each member."""

    def __init__(self, archive: ZipFile, at: datetime) -> None:
        self._archive = archive
        self._at = at.timetuple()[:6]
        self.members: dict[str, dict[str, str | int]] = {}

    def add(self, name: str, parts: Iterable[str]) -> None:
        """Write a member from these parts in order."""
        info = ZipInfo(name, date_time=self._at)
        info.compress_type = ZIP_DEFLATED
        info.external_attr = 0o644 << 16
        digest, size = hashlib.sha256(), 0
        with self._archive.open(info, "w", force_zip64=True) as member:
            for part in parts:
                data = part.encode()
                member.write(data)
                digest.update(data)
                size += len(data)
        self.members[name] = {"bytes": size, "sha256": digest.hexdigest()}

    def add_rows(self, name: str, rows: Iterable[dict[str, Any]]) -> int:
        """Write a member with one line of JSON per row; returns the number of rows."""
        written = 0

        def lines() -> Iterator[str]:
            nonlocal written
            for row in rows:
                yield json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n"
                written += 1

        self.add(name, lines())
        return written


class _Watch:
    """Counts the batches and transfers passing through and reports progress."""

    def __init__(self, counts: Counts, total: int, progress: Progress | None) -> None:
        self._counts, self._total, self._progress, self._done = counts, total, progress, 0

    def __call__(self, rows: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        """Pass the rows through unchanged."""
        for row in rows:
            if self._progress is not None and self._done % _TELL_EVERY == 0:
                self._progress(self._done, self._total)
            self._counts.transfers += len(row["transfers"])
            self._done += 1
            yield row

    def end(self) -> None:
        """Report completion."""
        if self._progress is not None:
            self._progress(self._total, self._total)


def _count_batches(session: Session, center_id: int) -> int:
    query = sa.select(sa.func.count()).where(_batch.c.center_id == center_id)
    return int(session.connection().execute(query).scalar_one())
