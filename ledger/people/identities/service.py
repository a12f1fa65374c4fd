"""Writes to identities."""

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.kernel.actor import Actor
from ledger.kernel.errors import Rejected
from ledger.people.models import Identity
from ledger.people.policy import LANGUAGES


def set_preferences(
    session: Session, *, language: str | None = None, large_type: bool | None = None, actor: Actor
) -> None:
    """Remember how the actor wants pages to look. Raises Rejected("people.language_unknown")."""
    if language is not None and language not in LANGUAGES:
        raise Rejected("people.language_unknown")
    wanted = {"language": language, "large_type": large_type}
    values = {name: value for name, value in wanted.items() if value is not None}
    if values:
        change = sa.update(Identity).where(Identity.id == actor.identity_id).values(values)
        session.connection().execute(change)
