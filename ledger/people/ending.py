"""What ends with a person's password: their codes and log-ins in a center."""

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.kernel import clock
from ledger.people.models import ActivationCode, Identity, LoginSession


def replace_password(
    session: Session, identity_id: int, center_id: int, password_hash: str | None, kept: int | None = None
) -> None:
    """Store a hash, None for no password, and end all codes and log-ins of the person, except the log-in `kept`."""
    own = (Identity.center_id == center_id, Identity.id == identity_id)
    session.connection().execute(sa.update(Identity).where(*own).values(password_hash=password_hash))
    end_codes(session, identity_id, center_id)
    others = sa.and_(LoginSession.identity_id == identity_id, LoginSession.id.is_distinct_from(kept))
    end_sessions(session, center_id, others)


def end_codes(session: Session, identity_id: int, center_id: int) -> None:
    """End a person's unused activation codes."""
    delete = sa.delete(ActivationCode).where(
        ActivationCode.center_id == center_id,
        ActivationCode.identity_id == identity_id,
        ActivationCode.used_at.is_(None),
    )
    session.connection().execute(delete)


def end_sessions(session: Session, center_id: int, which: sa.ColumnElement[bool]) -> None:
    """End live log-ins of the center."""
    live = (LoginSession.center_id == center_id, which, LoginSession.revoked_at.is_(None))
    session.connection().execute(sa.update(LoginSession).where(*live).values(revoked_at=clock.now()))
