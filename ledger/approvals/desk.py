"""The desk: which kinds of proposal there are, and who may not decide on one. app.py puts it together."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy.orm import Session

from ledger.approvals.queries import ProposalView
from ledger.kernel.actor import Actor
from ledger.kernel.errors import Forbidden, Rejected
from ledger.kernel.permissions import Permission

Values = Mapping[str, Any]


class OneHousehold(Protocol):
    """Whether a person is of one household with any of the others, who are named by identity or by volunteer.

    With `lock` nobody changes the answer before the unit ends.
    """

    def __call__(
        self,
        session: Session,
        identity_id: int,
        center_id: int,
        *,
        identities: Collection[int] = (),
        volunteers: Collection[int] = (),
        lock: bool = False,
    ) -> bool:
        """The answer."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What a proposal is about, and the volunteer whom it is for where there is one."""

    ref: str
    member_id: int | None = None


@dataclass(frozen=True, slots=True)
class SubjectWords:
    """What a proposal is about as pages say it, and its figure, "" where it has none."""

    text: str
    figure: str = ""


class Payload(Protocol):
    """What a kind asks for. `approvals.schemas.PayloadSchema` is one."""

    def read(self, given: Values) -> Values:
        """What was sent or kept, as the kind takes it. Raises Rejected("approvals.payload_invalid")."""

    def write(self, values: Values) -> Values:
        """The same as it is kept."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of proposal: all that tells it from others, so that nothing else needs to know its name.

    `title` is a lazy text. `check` refuses at once what could never be done; `execute` does it, within the unit of the
    decision, and says what it led to in a few plain letters. With `single` only one about the same subject may wait.
    `subject_words` gets the name of the member whom the proposal is for, "" where there is none; `consequence` says,
    of what `subject_words` calls so, what happens if it is approved now. Both are asked in the reader's language.
    """

    name: str
    title: Any
    propose: Permission
    decide: Permission
    payload: Payload
    check: Callable[[Session, Values, Actor], Subject]
    execute: Callable[[Session, Values, ProposalView, Actor], str]
    subject_words: Callable[[Session, ProposalView, int, str], SubjectWords]
    consequence: Callable[[Session, ProposalView, int, str], str]
    single: bool = False


@dataclass(frozen=True, slots=True)
class Desk:
    """All kinds, and the test whether two people are of one household."""

    kinds: tuple[Kind, ...]
    one_household: OneHousehold

    def kind(self, name: str) -> Kind:
        """A kind by name. Raises Rejected("approvals.kind_unknown")."""
        found = next((kind for kind in self.kinds if kind.name == name), None)
        if found is None:
            raise Rejected("approvals.kind_unknown", allowed=", ".join(kind.name for kind in self.kinds))
        return found

    def why_not(self, session: Session, actor: Actor, proposal: ProposalView, *, lock: bool = False) -> str | None:
        """The code of what forbids somebody to decide, None where nothing does.

        The proposer may not, nor the member whom it is for, nor anybody of their households.
        """
        members = [] if proposal.member_id is None else [proposal.member_id]
        if actor.identity_id == proposal.proposed_by or actor.volunteer_id in members:
            return "approvals.two_people_needed"
        near = self.one_household(
            session,
            actor.identity_id,
            actor.center_id,
            identities=[proposal.proposed_by],
            volunteers=members,
            lock=lock,
        )
        return "approvals.same_household" if near else None

    def need_another(self, session: Session, actor: Actor, proposal: ProposalView) -> None:
        """Raises Forbidden("approvals.two_people_needed" | "approvals.same_household") for `why_not`.

        The households stay as they are until the unit ends, so the decision stands by what they were at its time.
        """
        code = self.why_not(session, actor, proposal, lock=True)
        if code is not None:
            raise Forbidden(code)
