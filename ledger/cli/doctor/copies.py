"""Whether there is a backup, how old it is, and where it lies."""

from datetime import datetime, timedelta
from pathlib import Path

from ledger.cli.doctor.finding import Finding, ok, warning, wrong
from ledger.kernel.engines import is_sqlite
from ledger.kernel.last_backup import LastBackup, read_note
from ledger.kernel.settings import Settings
from ledger.kernel.sqlite_files import file_of

_LATE, _TOO_LATE = timedelta(days=2), timedelta(days=7)
_TODO = "type ningxin backup FILE, on a stick that leaves the room, and let cron do it every day"


def look(settings: Settings, now: datetime) -> Finding:
    """Judge the newest backup that `ningxin backup` has noted."""
    embedded = is_sqlite(settings.database_url)
    book = file_of(settings.database_url) if embedded else None
    return judge(read_note(settings.data_folder), now, book=book, must=settings.production and embedded)


def judge(last: LastBackup | None, now: datetime, *, book: Path | None, must: bool) -> Finding:
    """Judge a backup's age. Unless one `must` be there, others may exist that nobody noted (PostgreSQL's own)."""
    lacks = wrong if must else warning
    if last is None:
        return lacks("backup", "none was made by ningxin backup; a broken disk would take the whole book along", _TODO)
    age = now - last.at
    said = f"the newest is {_days(age)} old: {last.file}"
    if age >= _TOO_LATE:
        return lacks("backup", said, _TODO)
    if age >= _LATE:
        return warning("backup", said, _TODO)
    if age < -timedelta(hours=1):
        return warning("backup", f"the newest is dated {last.at.date()}, which is to come", "see clock")
    if book is not None and _same_disk(book, last.file):
        return warning("backup", f"{said}, on the same disk as the book", "copy it to a stick that leaves the room")
    return ok("backup", said)


def _days(age: timedelta) -> str:
    return f"{age.days} days" if age.days > 1 else f"{max(0, round(age / timedelta(hours=1)))} hours"


def _same_disk(book: Path, copy: Path) -> bool:
    return book.exists() and copy.exists() and book.stat().st_dev == copy.stat().st_dev
