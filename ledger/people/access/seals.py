"""What a person logs in with now, as a digest: what rests on it ends with the password and the second factor."""

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.kernel.crypto import keyring
from ledger.kernel.types import table_of
from ledger.people.access.models import SecondFactor
from ledger.people.models import Identity

_LENGTH = 16
_identity, _factor = table_of(Identity), table_of(SecondFactor)
_live = (
    _factor.c.center_id == _identity.c.center_id,
    _factor.c.identity_id == _identity.c.id,
    _factor.c.ended_at.is_(None),
)


def seal_of(session: Session, identity_id: int, center_id: int) -> str:
    """A digest of the person's password and of when their second factor was turned on, if it is on."""
    query = (
        sa.select(_identity.c.password_hash, _factor.c.confirmed_at)
        .outerjoin(_factor, sa.and_(*_live))
        .where(_identity.c.center_id == center_id, _identity.c.id == identity_id)
    )
    row = session.connection().execute(query).one_or_none()
    password, since = (None, None) if row is None else row
    moment = "" if since is None else since.isoformat()
    return keyring().index(f"{center_id}:{identity_id}:{password or ''}:{moment}", purpose="log-in seal")[:_LENGTH]
