"""The newest backup, noted in the data folder by whoever made it, so that its age can be told."""

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from ledger.kernel.private_files import whole_file

NOTE = "last-backup.json"


@dataclass(frozen=True, slots=True)
class LastBackup:
    """When a backup was made, and its file, which may have been carried away since."""

    at: datetime
    file: Path


def note(data_folder: Path, backup: LastBackup) -> None:
    """Note the newest backup. Raises OSError."""
    with whole_file(data_folder / NOTE) as file:
        file.write(json.dumps({"at": backup.at.isoformat(), "file": str(backup.file.resolve())}).encode())


def read_note(data_folder: Path) -> LastBackup | None:
    """The newest backup; None if none is noted, or nobody can read the note any more. Raises OSError."""
    path = data_folder / NOTE
    if not path.is_file():
        return None
    try:
        noted = json.loads(path.read_bytes())
        at = datetime.fromisoformat(noted["at"])
        return None if at.tzinfo is None else LastBackup(at, Path(noted["file"]))
    except (ValueError, KeyError, TypeError):
        return None
