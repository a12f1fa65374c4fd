"""Sending after commit by a real webhook, real mail and a folder, with retries."""

import hashlib
import hmac
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger import jobs
from ledger.kernel import clock, outbox, outbox_measures, runtime
from ledger.kernel.channels import CHECKPOINT, FolderChannel, MailChannel, WebhookChannel
from ledger.kernel.database import Database
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.errors import Rejected
from ledger.kernel.ids import public_id
from ledger.kernel.outbox import OutboxMessage
from ledger.kernel.routes import Channel, Message
from ledger.points.sealing import service as sealing
from tests.at_once import at_once, failures
from tests.kernel.listeners import HOST, Received, http_listener, smtp_listener
from tests.runtimes import use_instead
from tests.world import World

NOON = datetime(2026, 6, 3, 4, tzinfo=UTC)
SECRET = "a secret of sixteen letters"


@pytest.fixture
def web() -> Iterator[Received]:
    """A webhook that listens."""
    with http_listener() as received:
        yield received


@pytest.fixture
def post() -> Iterator[Received]:
    """A mail server that listens."""
    with smtp_listener() as received:
        yield received


def hook(web: Received) -> WebhookChannel:
    """The webhook channel."""
    return WebhookChannel(f"http://{HOST}:{web.port}/checkpoints", SECRET)


def put(center: int, *channels: Channel, name: str = "checkpoint-1", text: str = "host/center\n1\n") -> None:
    """Put a message for these channels."""
    use_instead(routes={CHECKPOINT: channels})
    in_transaction(outbox.put, CHECKPOINT, name, text, center_id=center)


def rows(center: int) -> list[dict[str, Any]]:
    """Rows of a center's outbox, oldest first."""
    query = sa.select(OutboxMessage.__table__).where(OutboxMessage.center_id == center).order_by(OutboxMessage.id)
    return in_snapshot(lambda session: [dict(row._mapping) for row in session.execute(query)])


def test_the_webhook_gets_what_was_put_with_a_signature_over_the_body(center: int, web: Received) -> None:
    put(center, hook(web))

    assert outbox.deliver(center) == 1
    assert outbox.deliver(center) == 0
    ((head, body),) = web.arrived
    told = json.loads(body)
    assert (told["topic"], told["name"], told["text"]) == (CHECKPOINT, "checkpoint-1", "host/center\n1\n")
    assert head["X-Ningxin-Delivery"] == told["id"]
    assert head["X-Ningxin-Signature"] == "sha256=" + hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()


def test_mail_carries_the_text_unchanged(center: int, post: Received) -> None:
    text = "host/center\n12\nabc=\n\n— host/center AbC+\n.a line that begins with a dot\n"
    put(center, MailChannel(f"smtp://{HOST}:{post.port}", "ningxin@jf.example.org", "audit@example.org"), text=text)

    assert outbox.deliver(center) == 1
    ((envelope, data),) = post.arrived
    mail = message_from_bytes(data.replace(b"\r\n..", b"\r\n."), policy=policy.default)
    assert "audit@example.org" in envelope["RCPT"]
    assert mail["Subject"] == "checkpoint-1"
    assert mail.get_content().replace("\r\n", "\n") == text


def test_the_folder_gets_a_file_of_that_name_and_a_repeat_replaces_it(center: int, tmp_path: Path) -> None:
    folder = tmp_path / "far" / "away"
    for text in ("one", "one"):
        put(center, FolderChannel(folder), text=text)
    assert outbox.deliver(center) == 2

    assert [(file.name, file.read_text()) for file in folder.iterdir()] == [("checkpoint-1.txt", "one")]


def test_nothing_is_left_by_a_unit_that_was_refused(center: int, web: Received) -> None:
    use_instead(routes={CHECKPOINT: [hook(web)]})

    def work(session: Session) -> int:
        outbox.put(session, CHECKPOINT, "n", "t", center_id=center)
        raise Rejected("points.amount_must_be_positive")

    with pytest.raises(Rejected):
        in_transaction(work)
    assert rows(center) == []


def test_a_server_that_is_down_is_asked_again_later_and_later(center: int, web: Received) -> None:
    web.answer = 503
    with clock.at(NOON):
        put(center, hook(web))
        assert outbox.deliver(center) == 0
        assert outbox.deliver(center) == 0
    assert len(web.arrived) == 1
    with clock.at(NOON + timedelta(seconds=30)):
        assert outbox.deliver(center) == 0
    (row,) = rows(center)
    assert (row["attempts"], row["last_error"]) == (2, "NotTakenError: HTTP 503")
    assert row["next_try_at"] == NOON + timedelta(seconds=90)

    web.answer = 200
    with clock.at(NOON + timedelta(seconds=90)):
        assert outbox.deliver(center) == 1
    assert rows(center)[0]["last_error"] is None


def test_who_fails_late_leaves_the_claim_of_another_alone(center: int, web: Received) -> None:
    """A sender that hangs until its claim expires must not release the message to a third while a second sends it."""

    class Slow:
        name = "webhook"

        def send(self, message: Message) -> None:
            with clock.at(NOON + outbox.CLAIM):
                assert in_transaction(outbox.claim, center, self.name) is not None
            raise TimeoutError("nobody answered")

    with clock.at(NOON):
        put(center, Slow())
        assert outbox.deliver(center) == 0

    (row,) = rows(center)
    assert (row["attempts"], row["last_error"]) == (2, None)
    assert row["next_try_at"] == NOON + 2 * outbox.CLAIM


def test_a_port_at_which_nobody_listens_is_only_noted(center: int) -> None:
    with http_listener() as gone:
        channel = hook(gone)
    put(center, channel)

    assert outbox.deliver(center) == 0
    assert rows(center)[0]["last_error"] == "NotTakenError: ConnectionRefusedError"


def test_a_redirect_is_not_followed(center: int, web: Received) -> None:
    web.answer = 302
    put(center, hook(web))

    assert outbox.deliver(center) == 0
    assert len(web.arrived) == 1


def test_a_mail_server_that_refuses_is_asked_again(center: int, post: Received) -> None:
    post.answer = 451
    put(center, MailChannel(f"smtp://{HOST}:{post.port}", "n@example.org", "audit@example.org"))

    assert outbox.deliver(center) == 0
    assert rows(center)[0]["last_error"] == "NotTakenError: SMTP 451"


def test_a_password_is_not_sent_in_the_clear(center: int, post: Received) -> None:
    put(center, MailChannel(f"smtp://me:secret@{HOST}:{post.port}", "n@example.org", "audit@example.org"))

    assert outbox.deliver(center) == 0
    assert post.arrived == []
    assert rows(center)[0]["last_error"] == "NotTakenError: no TLS for the password"


def test_one_channel_that_is_down_keeps_back_nothing_of_the_others(center: int, web: Received, tmp_path: Path) -> None:
    web.answer = 500
    put(center, hook(web), FolderChannel(tmp_path))

    assert outbox.deliver(center) == 1
    assert [(row["channel"], row["sent_at"] is None) for row in rows(center)] == [("webhook", True), ("folder", False)]


class Killed(BaseException):
    """Simulates the end of the process."""


class DiesAfterSending:
    """A channel whose process dies after sending and before the message is marked."""

    name = "webhook"

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def send(self, message: Message) -> None:
        """Send, then die."""
        self._channel.send(message)
        raise Killed


def test_killed_between_sending_and_marking_it_is_sent_again_under_the_same_id(center: int, web: Received) -> None:
    with clock.at(NOON):
        put(center, DiesAfterSending(hook(web)))
        with pytest.raises(Killed):
            outbox.deliver(center)
        use_instead(routes={CHECKPOINT: [hook(web)]})
        assert outbox.deliver(center) == 0
    with clock.at(NOON + outbox.CLAIM):
        assert outbox.deliver(center) == 1

    first, second = (json.loads(body) for _head, body in web.arrived)
    assert first == second


def test_two_who_deliver_at_once_send_nothing_twice(own_database: Database, web: Received) -> None:
    center = World(own_database).center_id
    for number in range(20):
        put(center, hook(web), name=f"checkpoint-{number}")

    assert failures(at_once([lambda: outbox.deliver(center)] * 2)) == []

    names = sorted(json.loads(body)["name"] for _head, body in web.arrived)
    assert names == sorted(f"checkpoint-{number}" for number in range(20))


def test_a_new_checkpoint_leaves_by_the_job(world: World, web: Received) -> None:
    use_instead(routes={CHECKPOINT: [hook(web)]})
    shop = world.add_shop()
    world.add_item(shop)
    in_transaction(sealing.seal, world.center_id)
    job = next(each for each in jobs.SCHEDULE if each.name == "send-outbox")
    jobs.run(runtime.current(), job)

    mine = [json.loads(body) for _head, body in web.arrived]
    (told,) = [each for each in mine if each["center_id"] == told_center(world)]
    assert told["name"].startswith(f"checkpoint-{told_center(world)}-")
    assert told["text"].splitlines()[0].startswith("jf.example.org/")


def told_center(world: World) -> str:
    """The center's public id."""
    return public_id(world.center_id)


def test_the_backlog_is_a_metric(own_database: Database, web: Received) -> None:
    center = World(own_database).center_id
    with clock.at(NOON):
        put(center, hook(web))
    with clock.at(NOON + timedelta(seconds=50)):
        outbox_measures.measure()
        assert (outbox_measures.WAITING._value.get(), outbox_measures.OLDEST._value.get()) == (1, 50)
        outbox.deliver(center)
        outbox_measures.measure()
    assert (outbox_measures.WAITING._value.get(), outbox_measures.OLDEST._value.get()) == (0, 0)


def test_what_was_sent_long_ago_is_forgotten_and_what_waits_is_not(center: int, web: Received) -> None:
    with clock.at(NOON):
        put(center, hook(web), name="sent")
        outbox.deliver(center)
        put(center, hook(web), name="waits")
    with clock.at(NOON + timedelta(days=31)):
        assert in_transaction(outbox.forget_sent, center) == 1
    assert [json.loads(row["payload"])["name"] for row in rows(center)] == ["waits"]


def test_the_wait_doubles_up_to_an_hour() -> None:
    assert [outbox.wait_after(attempts).total_seconds() for attempts in (1, 2, 3, 8, 500)] == [30, 60, 120, 3600, 3600]
