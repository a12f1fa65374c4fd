"""What was corrected of a thing, with the names of those who did it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.kernel.actor import Actor
from ledger.kernel.changes import changes_of
from ledger.kernel.permissions import Permission
from ledger.people.identities.queries import names_of
from ledger.people.policy import mask_name


@dataclass(frozen=True, slots=True)
class Corrected:
    """A correction as it is shown: who, when, and of each column what it said and what it says."""

    at: datetime
    who: str
    fields: dict[str, tuple[Any, Any]]


def history(session: Session, subject: sa.Table, subject_id: int, place_path: str, actor: Actor) -> list[Corrected]:
    """The corrections of a row, newest first; names are masked for whoever doesn't manage the people of the place."""
    changes = changes_of(session, subject, subject_id, actor.center_id)
    names = names_of(session, {each.changed_by for each in changes}, actor.center_id)
    whole = actor.may(Permission.MANAGE_VOLUNTEERS, place_path)
    return [
        Corrected(each.changed_at, name if whole else mask_name(name), each.fields)
        for each in changes
        for name in [names.get(each.changed_by, "")]
    ]
