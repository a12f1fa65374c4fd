"""Reads of proposals: one, a list, how many are open."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.approvals.models import Proposal, ProposalDecision
from ledger.kernel.errors import NotFound
from ledger.kernel.ids import public_id
from ledger.kernel.paging import Page, PageRequest, fetch_page
from ledger.kernel.types import table_of

_proposal, _decision = table_of(Proposal), table_of(ProposalDecision)


@dataclass(frozen=True, slots=True)
class ProposalView:
    """A proposal with its decision, whose fields are None while the proposal is open."""

    id: int
    kind: str
    subject_ref: str
    member_id: int | None
    payload: dict[str, Any]
    reason: str
    status: str
    proposed_by: int
    proposed_at: datetime
    decided_by: int | None
    decided_at: datetime | None
    note: str | None
    result_ref: str | None
    remarks: str | None


@dataclass(frozen=True, slots=True)
class ProposalFilter:
    """Filter for a list of proposals."""

    kind: str | None = None
    status: str | None = None


def get_proposal(session: Session, proposal_id: int, center_id: int, *, lock: bool = False) -> ProposalView:
    """A proposal; `lock` locks its row until the unit ends. Raises NotFound("approvals.not_found")."""
    if lock:
        own = sa.select(_proposal.c.id).where(_proposal.c.center_id == center_id, _proposal.c.id == proposal_id)
        session.connection().execute(own.with_for_update()).all()
    row = session.connection().execute(_query(center_id).where(_proposal.c.id == proposal_id)).one_or_none()
    if row is None:
        raise NotFound("approvals.not_found")
    return _view(row)


def list_proposals(
    session: Session, center_id: int, wanted: ProposalFilter, *, request: PageRequest
) -> Page[ProposalView]:
    """Proposals of a center, newest first by default."""
    query = _query(center_id)
    if wanted.kind is not None:
        query = query.where(_proposal.c.kind == wanted.kind)
    if wanted.status is not None:
        query = query.where(_proposal.c.status == wanted.status)
    return fetch_page(
        session,
        query,
        request=request,
        sorts={"proposed_at": Proposal.proposed_at},
        tie=Proposal.id,
        make=_view,
        usual="-proposed_at",
    )


def find_waiting(session: Session, center_id: int, kind: str, subject_ref: str) -> int | None:
    """An open proposal of this kind about the same subject."""
    query = sa.select(_proposal.c.id).where(
        *_waiting(center_id), _proposal.c.kind == kind, _proposal.c.subject_ref == subject_ref
    )
    return session.connection().execute(query.limit(1)).scalar()


def waiting_about(session: Session, center_id: int, subject_ref: str) -> list[ProposalView]:
    """Open proposals about a subject, locked so that nobody decides on them before the unit ends."""
    return _locked(session, center_id, _proposal.c.subject_ref == subject_ref)


def waiting_of(session: Session, identity_id: int, center_id: int) -> list[ProposalView]:
    """Open proposals that this person made, locked so that nobody decides on them before the unit ends."""
    return _locked(session, center_id, _proposal.c.proposed_by == identity_id)


def _locked(session: Session, center_id: int, which: sa.ColumnElement[bool]) -> list[ProposalView]:
    own = sa.select(_proposal.c.id).where(*_waiting(center_id), which)
    ids = session.connection().scalars(own.order_by(_proposal.c.id).with_for_update()).all()
    rows = session.connection().execute(_query(center_id).where(_proposal.c.id.in_(ids)).order_by(_proposal.c.id))
    return [_view(row) for row in rows]


def deciders_for(
    session: Session, identity_id: int, volunteer_id: int | None, *, center_id: int, since: datetime
) -> set[int]:
    """Who has approved since then what concerned this person, by log-in or as a volunteer."""
    about = [_proposal.c.subject_ref == f"identity:{public_id(identity_id)}"]
    if volunteer_id is not None:
        about.append(_proposal.c.member_id == volunteer_id)
    decided = sa.and_(_decision.c.center_id == _proposal.c.center_id, _decision.c.proposal_id == _proposal.c.id)
    query = sa.select(_decision.c.decided_by).join(_proposal, decided).distinct()
    found = query.where(
        _proposal.c.center_id == center_id,
        _proposal.c.status == "approved",
        sa.or_(*about),
        _decision.c.decided_at >= since,
    )
    return set(session.connection().scalars(found))


def proposers_waiting(session: Session, center_id: int) -> list[int]:
    """Who has proposed what still waits."""
    query = sa.select(_proposal.c.proposed_by).where(*_waiting(center_id)).distinct()
    return [int(each) for each in session.connection().scalars(query.order_by(_proposal.c.proposed_by))]


def count_waiting(session: Session, center_id: int) -> int:
    """Number of open proposals."""
    return int(session.execute(sa.select(sa.func.count()).where(*_waiting(center_id))).scalar_one())


def waiting(session: Session, center_id: int, *, most: int) -> list[ProposalView]:
    """The oldest open proposals."""
    query = _query(center_id).where(*_waiting(center_id)).order_by(_proposal.c.proposed_at, _proposal.c.id)
    return [_view(row) for row in session.connection().execute(query.limit(most))]


def _waiting(center_id: int) -> tuple[sa.ColumnElement[bool], ...]:
    # A literal, so that the partial index applies.
    return _proposal.c.center_id == center_id, _proposal.c.status == sa.literal_column("'proposed'")


def _query(center_id: int) -> "sa.Select[Any]":
    decided = sa.and_(_decision.c.center_id == _proposal.c.center_id, _decision.c.proposal_id == _proposal.c.id)
    names = ("decided_by", "decided_at", "note", "result_ref", "remarks")
    return (
        sa.select(*_proposal.c, *(_decision.c[name] for name in names))
        .outerjoin(_decision, decided)
        .where(_proposal.c.center_id == center_id)
    )


def _view(row: Any) -> ProposalView:
    values = {name: getattr(row, name) for name in ProposalView.__slots__}
    return ProposalView(**values | {"payload": json.loads(row.payload)})
