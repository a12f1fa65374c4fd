"""The desk: which kinds of proposal there are, and who may not decide on one. app.py puts it together."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from marshmallow import Schema
from sqlalchemy.orm import Session

from ledger.approvals.queries import ProposalView
from ledger.kernel.actor import Actor
from ledger.kernel.errors import Forbidden, Rejected
from ledger.kernel.permissions import Permission

Values = Mapping[str, Any]
# Whether somebody is too near to a proposal to decide on it: of one household with who proposed it or whom it is for.
Related = Callable[[Session, Actor, ProposalView], bool]


@dataclass(frozen=True, slots=True)
class Subject:
    """What a proposal is about, and the volunteer whom it is for where there is one."""

    ref: str
    member_id: int | None = None


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of proposal. `title` is a lazy text; `payload` reads and writes what is asked for.

    `check` refuses at once what could never be done; `execute` does it, within the unit of the decision, and says what
    it led to in a few plain letters. With `single` only one about the same subject may wait.
    """

    name: str
    title: Any
    propose: Permission
    decide: Permission
    payload: Schema
    check: Callable[[Session, Values, Actor], Subject]
    execute: Callable[[Session, Values, ProposalView, Actor], str]
    single: bool = False


def nobody_related(session: Session, actor: Actor, proposal: ProposalView) -> bool:
    """The test of a product that knows no households."""
    return False


@dataclass(frozen=True, slots=True)
class Desk:
    """All kinds, and the test by which somebody is too near."""

    kinds: tuple[Kind, ...]
    related: Related = nobody_related

    def kind(self, name: str) -> Kind:
        """A kind by name. Raises Rejected("approvals.kind_unknown")."""
        found = next((kind for kind in self.kinds if kind.name == name), None)
        if found is None:
            raise Rejected("approvals.kind_unknown", allowed=", ".join(kind.name for kind in self.kinds))
        return found

    def may_decide(self, session: Session, actor: Actor, proposal: ProposalView) -> bool:
        """Whether somebody may decide: neither who proposed it, nor whom it is for, nor one of their households."""
        own = actor.identity_id == proposal.proposed_by
        for_themselves = proposal.member_id is not None and actor.volunteer_id == proposal.member_id
        return not (own or for_themselves or self.related(session, actor, proposal))

    def need_another(self, session: Session, actor: Actor, proposal: ProposalView) -> None:
        """Raises Forbidden("approvals.two_people_needed") unless `may_decide`."""
        if not self.may_decide(session, actor, proposal):
            raise Forbidden("approvals.two_people_needed")
