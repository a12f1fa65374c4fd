"""What the desk asks about people, of whom it knows nothing itself; app.py gives it the answers of people/."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sqlalchemy.orm import Session

from ledger.kernel.permissions import Permission


class Housemates(Protocol):
    """Which people share a household with any of the others, given as identities, volunteers or its numbers.

    Of late, and at any time since `since`. With `lock`, nobody can change the answer before the unit ends.
    """

    def __call__(
        self,
        session: Session,
        who: Collection[int],
        center_id: int,
        *,
        identities: Collection[int] = (),
        volunteers: Collection[int] = (),
        numbers: Collection[str] = (),
        since: datetime | None = None,
        lock: bool = False,
    ) -> set[int]:
        """Those of `who` that share one."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Somebody who holds a permission, and which volunteer of the center they are, if any."""

    identity_id: int
    volunteer_id: int | None


class Holders(Protocol):
    """Everybody who holds one of these permissions for the whole center; with `lock` until the unit ends."""

    def __call__(
        self, session: Session, permissions: Collection[Permission], center_id: int, *, lock: bool = False
    ) -> Sequence[Holder]:
        """The holders."""
