"""Places under a place: SQL and Python agree."""

import re

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.kernel.database import Database
from ledger.kernel.db import in_snapshot
from ledger.kernel.ids import new_id, public_id
from ledger.kernel.paths import is_under, under
from tests.source import package

TOP, LEFT, RIGHT, BELOW = (public_id(new_id()) for _ in range(4))
PATHS = [f"/{TOP}/", f"/{TOP}/{LEFT}/", f"/{TOP}/{LEFT}/{BELOW}/", f"/{TOP}/{RIGHT}/"]


@pytest.mark.parametrize(
    ("above", "found"),
    [
        ([], []),
        (["/"], PATHS),
        ([PATHS[1]], PATHS[1:3]),
        ([PATHS[2], PATHS[3]], PATHS[2:]),
        ([f"/{LEFT}/"], []),
    ],
)
def test_sql_and_python_agree(database: Database, above: list[str], found: list[str]) -> None:
    def ask(session: Session) -> list[str]:
        paths = sa.union_all(*(sa.select(sa.literal(path).label("path")) for path in PATHS)).subquery()
        return sorted(session.scalars(sa.select(paths.c.path).where(under(paths.c.path, above))))

    assert in_snapshot(ask) == sorted(found)
    assert [path for path in PATHS if is_under(path, above)] == found


def test_under_no_path_leaves_no_word_behind() -> None:
    """Otherwise SQLite would scan the center for `volunteer_id = ? OR 0`."""
    own = sa.column("volunteer_id") == 1
    assert str(sa.or_(own, under(sa.column("path"), []))) == str(own)


def test_a_path_has_no_wildcard() -> None:
    assert not re.search("[%_]", "".join(PATHS))


def test_nobody_else_compares_paths() -> None:
    own = [
        f"{source.path}: {found}"
        for source in package()
        if source.path != "ledger/kernel/paths.py"
        for found in re.findall(r"\b(?!request\.path)[\w.]*path\.(?:startswith|like)\([^)]*\)", source.text)
        if not source.path.startswith("ledger/web/")
    ]
    assert not own, f"use ledger.kernel.paths: {own}"
