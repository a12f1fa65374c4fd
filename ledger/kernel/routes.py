"""The ways out of the system: what a message is, what takes it there, and which channels each topic has."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Message:
    """A message that this process has claimed: `name` is the same for ever and fit for a file, `text` what it says."""

    center_id: int
    id: int
    topic: str
    name: str
    text: str
    created_at: datetime
    attempts: int


class Channel(Protocol):
    """A way out. `send` raises whatever went wrong; it is called outside of any unit and ends within a minute."""

    @property
    def name(self) -> str:
        """What rows call it."""

    def send(self, message: Message) -> None:
        """Hand it over; return only when it has arrived."""


Routes = Mapping[str, Sequence[Channel]]
