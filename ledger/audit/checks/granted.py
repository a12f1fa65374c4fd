"""Find roles that decide or audit and that nobody has given: rows without the event that is kept with each grant."""

from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.approvals.models import ProposalDecision
from ledger.kernel.ids import public_id
from ledger.kernel.types import table_of
from ledger.people.access.events import ROLE_GRANTED
from ledger.people.levels import DECIDER, level_of
from ledger.people.models import CredentialEvent, RoleGrant
from ledger.places.models import Center

_grant, _event, _decision = table_of(RoleGrant), table_of(CredentialEvent), table_of(ProposalDecision)
# A center whose first event is as old as itself has an event for each grant; before events were kept, none has.
_FROM_THE_START = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Ungiven:
    """A role in force that no event tells of."""

    center_id: int
    grant_id: int
    identity_id: int
    role: str


def find_ungiven(session: Session, center_id: int) -> list[Ungiven]:
    """The roles of a center that let somebody decide or audit, and that nobody has given since events are kept."""
    ask = session.connection().execute
    about = set(
        ask(sa.select(_event.c.about).where(_event.c.center_id == center_id, _event.c.kind == ROLE_GRANTED)).scalars()
    )
    decided = sa.select(_decision.c.proposal_id, _decision.c.result_ref).where(
        _decision.c.center_id == center_id, _decision.c.result_ref.like("grant:%")
    )
    given = about | {row.result_ref for row in ask(decided) if f"proposal:{public_id(row.proposal_id)}" in about}
    first = ask(sa.select(sa.func.min(_event.c.at)).where(_event.c.center_id == center_id)).scalar()
    begun = ask(sa.select(Center.created_at).where(Center.id == center_id)).scalar()
    live = sa.select(_grant).where(_grant.c.center_id == center_id, _grant.c.revoked_at.is_(None))
    if first is None or begun is None:
        return []
    whole = first - begun < _FROM_THE_START
    return [
        Ungiven(center_id, row.id, row.identity_id, row.role)
        for row in ask(live.order_by(_grant.c.id))
        if level_of([(row.role, row.place_path)]) == DECIDER
        and (whole or row.granted_at >= first)
        and f"grant:{public_id(row.id)}" not in given
    ]


def ungiven_words(found: Ungiven) -> str:
    """What was found, for an operator."""
    return (
        f"in the center {public_id(found.center_id)}, {public_id(found.identity_id)} is {found.role} by the grant "
        f"{public_id(found.grant_id)}, which no event tells of: it was written by hand; end it with ningxin user revoke"
    )
