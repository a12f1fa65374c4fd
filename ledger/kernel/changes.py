"""What people changed of what is there: each correction with what it said, what it says, who and when. Append only."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from ledger.kernel import clock
from ledger.kernel.actor import Actor
from ledger.kernel.types import STRICT, Base, center_key, key, table_of

MOST_SHOWN = 100


class Change(Base):
    """A correction of a row of the table `subject`; `body` is JSON: {"name": ["what it said", "what it says"]}."""

    __tablename__ = "change"
    __table_args__ = (sa.ForeignKeyConstraint(["center_id"], ["center.id"]), STRICT)

    center_id: Mapped[center_key]
    subject: Mapped[str] = mapped_column(primary_key=True)
    subject_id: Mapped[key]
    version: Mapped[key]
    changed_at: Mapped[datetime]
    changed_by: Mapped[int]
    body: Mapped[str]


_change = table_of(Change)


@dataclass(frozen=True, slots=True)
class ChangeView:
    """A correction: what changed, by the name of its column, as (what it said, what it says)."""

    version: int
    changed_at: datetime
    changed_by: int
    fields: dict[str, tuple[Any, Any]]


def change(
    session: Session,
    subject: sa.Table,
    subject_id: int,
    *,
    wanted: Mapping[str, Any],
    actor: Actor,
) -> bool:
    """Write what is wanted of a row and differs from what it was, and keep that it changed; False if nothing does.

    What it was is read under lock: of two corrections at once the second finds what the first has written.
    """
    own = (subject.c.center_id == actor.center_id, subject.c.id == subject_id)
    connection = session.connection()
    columns = [subject.c[name] for name in wanted]
    was = connection.execute(sa.select(*columns).where(*own).with_for_update(key_share=True)).mappings().one()
    body = {name: (was[name], value) for name, value in wanted.items() if was[name] != value}
    if not body:
        return False
    connection.execute(sa.update(subject).where(*own).values({name: value for name, (_, value) in body.items()}))
    newest = sa.select(sa.func.coalesce(sa.func.max(_change.c.version), 0)).where(
        *_of(subject, subject_id, actor.center_id)
    )
    row = {
        "center_id": actor.center_id,
        "subject": subject.name,
        "subject_id": subject_id,
        "version": connection.execute(newest).scalar_one() + 1,
        "changed_at": clock.now(),
        "changed_by": actor.identity_id,
        "body": json.dumps(body, ensure_ascii=False, separators=(",", ":")),
    }
    connection.execute(sa.insert(_change), row)
    return True


def changes_of(session: Session, subject: sa.Table, subject_id: int, center_id: int) -> list[ChangeView]:
    """The newest corrections of a row, newest first."""
    query = sa.select(_change).where(*_of(subject, subject_id, center_id)).order_by(_change.c.version.desc())
    rows = session.connection().execute(query.limit(MOST_SHOWN))
    return [
        ChangeView(
            row.version, row.changed_at, row.changed_by, {k: (v[0], v[1]) for k, v in json.loads(row.body).items()}
        )
        for row in rows
    ]


def _of(subject: sa.Table, subject_id: int, center_id: int) -> tuple[sa.ColumnElement[bool], ...]:
    return _change.c.center_id == center_id, _change.c.subject == subject.name, _change.c.subject_id == subject_id
