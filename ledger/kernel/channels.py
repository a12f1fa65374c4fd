"""Channels of the outbox: a folder, a webhook, mail. They send messages without knowing their meaning.

A repeated message replaces the file of the same name, and carries the same id by webhook and mail. Errors contain no
address, secret or answer, because they are stored.
"""

import hashlib
import hmac
import json
import os
import smtplib
import ssl
import urllib.error
import urllib.request
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from ledger.kernel.ids import public_id
from ledger.kernel.routes import Message, Routes
from ledger.kernel.settings import Deliveries

_TIMEOUT_SECONDS = 10
CHECKPOINT = "checkpoint"


class NotTakenError(Exception):
    """The other side answered but did not accept the message."""


@dataclass(frozen=True, slots=True)
class FolderChannel:
    """Writes one file per message into a folder, ideally on another machine."""

    folder: Path
    name: str = "folder"

    def send(self, message: Message) -> None:
        """Write the complete file or nothing."""
        self.folder.mkdir(parents=True, exist_ok=True)
        draft = self.folder / f".{message.name}.{os.getpid()}"
        with draft.open("w", encoding="utf-8", newline="\n") as file:
            file.write(message.text)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self.folder / f"{message.name}.txt")


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Follows no redirects: a redirected POST would arrive as a GET without its body."""

    def redirect_request(self, *_request: Any, **_more: Any) -> None:
        """Follow nothing."""


@dataclass(frozen=True, slots=True)
class WebhookChannel:
    """Posts signed JSON: X-Ningxin-Signature is sha256= and the HMAC-SHA256 of the body by the secret, in hex."""

    url: str
    secret: str
    name: str = "webhook"

    def send(self, message: Message) -> None:
        """Raises NotTakenError unless the answer is 2xx."""
        body = json.dumps(
            {
                "id": public_id(message.id),
                "center_id": public_id(message.center_id),
                "topic": message.topic,
                "name": message.name,
                "text": message.text,
                "created_at": message.created_at.isoformat(),
            }
        ).encode()
        signature = hmac.new(self.secret.encode(), body, hashlib.sha256).hexdigest()
        headers = {
            "Content-Type": "application/json",
            "X-Ningxin-Delivery": public_id(message.id),
            "X-Ningxin-Signature": f"sha256={signature}",
        }
        # Settings accept only http and https; proxies of the environment are ignored.
        asked = urllib.request.Request(self.url, body, headers, method="POST")  # noqa: S310
        opener = urllib.request.build_opener(_NoRedirect, urllib.request.ProxyHandler({}))
        try:
            with opener.open(asked, timeout=_TIMEOUT_SECONDS):
                pass
        except urllib.error.HTTPError as error:
            raise NotTakenError(f"HTTP {error.code}") from error
        except urllib.error.URLError as error:
            raise NotTakenError(type(error.reason).__name__) from error


@dataclass(frozen=True, slots=True)
class MailChannel:
    """Sends mail by SMTP: smtps:// uses TLS from the start, smtp:// if the server offers it.

    Never sends a password in the clear.
    """

    smtp_url: str
    sender: str
    recipient: str
    name: str = "mail"

    def send(self, message: Message) -> None:
        """Raises NotTakenError, OSError."""
        try:
            with self._connected() as server:
                server.send_message(self._mail(message))
        except smtplib.SMTPResponseException as error:
            raise NotTakenError(f"SMTP {error.smtp_code}") from error
        except smtplib.SMTPException as error:
            raise NotTakenError(type(error).__name__) from error

    def _connected(self) -> smtplib.SMTP:
        parts = urlsplit(self.smtp_url)
        host, context = parts.hostname or "", ssl.create_default_context()
        if parts.scheme == "smtps":
            server: smtplib.SMTP = smtplib.SMTP_SSL(host, parts.port or 465, timeout=_TIMEOUT_SECONDS, context=context)
        else:
            server = smtplib.SMTP(host, parts.port or 25, timeout=_TIMEOUT_SECONDS)
            server.ehlo()
            if server.has_extn("starttls"):
                server.starttls(context=context)
                server.ehlo()
            elif parts.username:
                server.close()
                raise NotTakenError("no TLS for the password")
        if parts.username:
            server.login(unquote(parts.username), unquote(parts.password or ""))
        return server

    def _mail(self, message: Message) -> EmailMessage:
        mail = EmailMessage()
        mail["From"], mail["To"] = self.sender, self.recipient
        mail["Subject"] = message.name
        mail["Date"] = format_datetime(message.created_at)
        mail["Message-ID"] = f"<{public_id(message.id)}@{self.sender.rpartition('@')[2]}>"
        mail.set_content(message.text)
        return mail


def routes_of(wanted: Deliveries, host_name: str) -> Routes:
    """The configured channels, by topic."""
    channels: list[FolderChannel | WebhookChannel | MailChannel] = []
    if wanted.folder is not None:
        channels.append(FolderChannel(wanted.folder))
    if wanted.webhook and wanted.webhook_secret:
        channels.append(WebhookChannel(wanted.webhook, wanted.webhook_secret))
    if wanted.mail and wanted.smtp_url:
        channels.append(MailChannel(wanted.smtp_url, f"ningxin@{host_name}", wanted.mail))
    return {CHECKPOINT: tuple(channels)}
