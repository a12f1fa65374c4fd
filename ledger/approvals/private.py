"""What a proposal says of somebody that must not stay: kept sealed beside it until it ends."""

import json
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.approvals.models import ProposalPrivate
from ledger.kernel.types import table_of

_private = table_of(ProposalPrivate)


def keep_private(session: Session, proposal_id: int, said: dict[str, Any], center_id: int) -> None:
    """Keep these fields of a new proposal's payload, in their stored form."""
    row = {"center_id": center_id, "proposal_id": proposal_id, "payload": json.dumps(said, ensure_ascii=False)}
    session.connection().execute(sa.insert(_private), row)


def private_of(session: Session, proposal_id: int, center_id: int) -> dict[str, Any]:
    """The fields that are kept of an open proposal; {} if it keeps none, or has ended."""
    query = sa.select(_private.c.payload).where(*_own(proposal_id, center_id))
    found = session.connection().execute(query).scalar()
    said: dict[str, Any] = {} if found is None else json.loads(found)
    return said


def forget_private(session: Session, proposal_id: int, center_id: int) -> None:
    """Delete what is kept of a proposal."""
    session.connection().execute(sa.delete(_private).where(*_own(proposal_id, center_id)))


def _own(proposal_id: int, center_id: int) -> tuple[sa.ColumnElement[bool], ...]:
    return _private.c.center_id == center_id, _private.c.proposal_id == proposal_id
