"""Transactional outbox: messages written in the unit that causes them, sent by a job once that is durable.

Each channel of a topic gets its own message, so that a channel that is down doesn't delay the others. A unit claims a
message by moving its next try ahead; it is then sent outside any unit, and finally marked as sent. So two processes
never send the same message at the same time. A message whose process dies between sending and marking is sent again
when the claim expires: at least once, never lost. Receivers recognise repeats by the message's id.
"""

import json
import logging
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from ledger.kernel import clock, runtime
from ledger.kernel.db import in_transaction
from ledger.kernel.ids import new_id
from ledger.kernel.routes import Channel, Message
from ledger.kernel.sweeping import sweep
from ledger.kernel.types import STRICT, Base, center_key, index_where, key, table_of

_log = logging.getLogger(__name__)
CLAIM = timedelta(minutes=5)
_FIRST_WAIT, _LONGEST_WAIT = timedelta(seconds=30), timedelta(hours=1)
_KEPT = timedelta(days=30)
_LONGEST_ERROR = 200


class OutboxMessage(Base):
    """A message for one channel; `payload` is JSON without personal text, `next_try_at` is also the end of a claim."""

    __tablename__ = "outbox"
    __table_args__ = (
        sa.ForeignKeyConstraint(["center_id"], ["center.id"]),
        sa.CheckConstraint("attempts >= 0", name="attempts"),
        sa.CheckConstraint("sent_at IS NULL OR attempts > 0", name="sent"),
        index_where("sent_at IS NULL", "ix_outbox_waiting", "center_id", "channel", "next_try_at"),
        index_where("sent_at IS NOT NULL", "ix_outbox_sent", "center_id", "sent_at"),
        STRICT,
    )

    center_id: Mapped[center_key]
    id: Mapped[key]
    topic: Mapped[str]
    channel: Mapped[str]
    payload: Mapped[str]
    created_at: Mapped[datetime]
    next_try_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(default=0)
    sent_at: Mapped[datetime | None]
    last_error: Mapped[str | None]


_box = table_of(OutboxMessage)


def put(session: Session, topic: str, name: str, text: str, *, center_id: int) -> int:
    """Add a message for each channel of the topic to the unit and return how many. It must contain no personal text."""
    now = clock.now()
    payload = json.dumps({"name": name, "text": text}, ensure_ascii=False, separators=(",", ":"))
    rows = [
        {
            "center_id": center_id,
            "id": new_id(),
            "topic": topic,
            "channel": channel.name,
            "payload": payload,
            "created_at": now,
            "next_try_at": now,
            "attempts": 0,
        }
        for channel in runtime.current().routes.get(topic, ())
    ]
    if rows:
        session.connection().execute(sa.insert(_box), rows)
    return len(rows)


def deliver(center_id: int) -> int:
    """Send due messages, oldest first, and return how many. A failing channel is skipped until the next call."""
    channels = {channel.name: channel for each in runtime.current().routes.values() for channel in each}
    return sum(_empty(center_id, channel) for channel in channels.values())


def claim(session: Session, center_id: int, channel: str) -> Message | None:
    """Claim the oldest due message for `CLAIM`; concurrent callers get other messages."""
    now = clock.now()
    due = (
        sa.select(_box)
        .where(
            _box.c.center_id == center_id,
            _box.c.channel == channel,
            _box.c.sent_at.is_(None),
            _box.c.next_try_at <= now,
        )
        .order_by(_box.c.next_try_at, _box.c.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    row = session.connection().execute(due).one_or_none()
    if row is None:
        return None
    values = {"next_try_at": now + CLAIM, "attempts": row.attempts + 1}
    session.connection().execute(sa.update(_box).where(*_one(center_id, row.id)).values(values))
    return Message(center_id, row.id, row.topic, **json.loads(row.payload), created_at=row.created_at,
                   attempts=row.attempts + 1)  # fmt: skip


def forget_sent(session: Session, center_id: int) -> int:
    """Sweep messages sent long ago."""
    return sweep(session, _box, _box.c.center_id == center_id, _box.c.sent_at < clock.now() - _KEPT)


def backlog(session: Session) -> tuple[int, datetime | None]:
    """The number of waiting messages of all centers, and since when the oldest waits."""
    query = sa.select(sa.func.count(), sa.func.min(_box.c.created_at)).where(_box.c.sent_at.is_(None))
    number, oldest = session.execute(query).one()
    return int(number), oldest


def wait_after(attempts: int) -> timedelta:
    """The delay after a number of failures: half a minute, doubled each time, at most an hour."""
    doubled: int = 2 ** min(attempts - 1, 10)
    return min(_LONGEST_WAIT, _FIRST_WAIT * doubled)


def _empty(center_id: int, channel: Channel) -> int:
    sent = 0
    while (message := in_transaction(claim, center_id, channel.name)) is not None:
        try:
            channel.send(message)
        except Exception as error:
            in_transaction(_mark_failed, message, type(error).__name__, str(error))
            _log.warning("outbox: %s was not sent by %s: %s", message.name, channel.name, type(error).__name__)
            break
        in_transaction(_mark_sent, message)
        sent += 1
    return sent


def _mark_sent(session: Session, message: Message) -> None:
    values = {"sent_at": clock.now(), "last_error": None}
    session.connection().execute(sa.update(_box).where(*_one(message.center_id, message.id)).values(values))


def _mark_failed(session: Session, message: Message, kind: str, said: str) -> None:
    """Schedule a retry, unless another process has claimed the message meanwhile."""
    still = (*_one(message.center_id, message.id), _box.c.attempts == message.attempts, _box.c.sent_at.is_(None))
    error = f"{kind}: {said}".replace("\x00", "")[:_LONGEST_ERROR]
    values: dict[str, Any] = {"next_try_at": clock.now() + wait_after(message.attempts), "last_error": error}
    session.connection().execute(sa.update(_box).where(*still).values(values))


def _one(center_id: int, message_id: int) -> tuple["sa.ColumnElement[bool]", ...]:
    return _box.c.center_id == center_id, _box.c.id == message_id
