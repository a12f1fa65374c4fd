"""Messages, channels, and the channels of each topic."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Message:
    """A message claimed by this process: `name` never changes and can name a file, `text` is the content."""

    center_id: int
    id: int
    topic: str
    name: str
    text: str
    created_at: datetime
    attempts: int


class Channel(Protocol):
    """A means of sending. `send` raises on failure; it is called outside any unit and returns within a minute."""

    @property
    def name(self) -> str:
        """The channel's name in rows of the outbox."""

    def send(self, message: Message) -> None:
        """Send the message; return only after it was accepted."""


Routes = Mapping[str, Sequence[Channel]]
