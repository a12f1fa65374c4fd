"""Making somebody a volunteer whom another place has hired: points come to a log-in that the hirer may hold."""

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.kernel import clock
from ledger.kernel.actor import Actor
from ledger.kernel.ids import new_id
from ledger.kernel.paths import is_under
from ledger.kernel.types import table_of
from ledger.people.ending import replace_password
from ledger.people.identities.queries import lock_password
from ledger.people.levels import DECIDER, level_of
from ledger.people.models import CredentialEvent, RoleGrant
from ledger.people.terms import in_force

_grant = table_of(RoleGrant)


def take_over(session: Session, identity_id: int, path: str, actor: Actor) -> None:
    """End what somebody of another place may have set or printed for a person who becomes a volunteer at this place.

    Whoever had a say over them keeps it if the place lies under one of a role of theirs. Who decides or audits has got
    their password by two people.
    """
    lock_password(session, identity_id, actor.center_id)
    own = (_grant.c.center_id == actor.center_id, _grant.c.identity_id == identity_id, *in_force())
    query = sa.select(_grant.c.role, _grant.c.place_path).where(*own)
    roles = session.connection().execute(query, {"today": clock.today()}).all()
    stays = any(is_under(path, [role.place_path]) for role in roles)
    if stays or level_of((role.role, role.place_path) for role in roles) == DECIDER:
        return
    replace_password(session, identity_id, actor.center_id, None)
    row = {
        "center_id": actor.center_id,
        "id": new_id(),
        "identity_id": identity_id,
        "kind": "credentials_ended",
        "made_by": actor.identity_id,
        "proposed_by": None,
        "at": clock.now(),
        "about": "",
        "reason": "",
    }
    session.connection().execute(sa.insert(CredentialEvent), row)
