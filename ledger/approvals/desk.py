"""The desk: which kinds of proposal exist, and who may not decide on one. app.py assembles it."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy.orm import Session

from ledger.approvals.queries import ProposalView
from ledger.kernel.actor import Actor
from ledger.kernel.errors import Forbidden, Rejected
from ledger.kernel.permissions import Permission

Values = Mapping[str, Any]


class OneHousehold(Protocol):
    """Whether a person shares a household with any of the others, given as identities or volunteers.

    With `lock`, nobody can change the answer before the unit ends.
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
        """True if they share one."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What a proposal is about, and the volunteer it concerns, if any."""

    ref: str
    member_id: int | None = None


@dataclass(frozen=True, slots=True)
class SubjectWords:
    """What a proposal is about, as pages word it, and its figure, "" if it has none."""

    text: str
    figure: str = ""


class Payload(Protocol):
    """Reads and writes a kind's payload. `approvals.schemas.PayloadSchema` is one."""

    def read(self, given: Values) -> Values:
        """Convert a sent or stored payload to typed values. Raises Rejected("approvals.payload_invalid")."""

    def write(self, values: Values) -> Values:
        """Convert typed values to the stored form."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of proposal, with everything specific to it, so that no other code checks its name.

    `title` is a lazy text. `check` refuses what could never be done; `execute` does it in the decision's unit and
    returns a short reference to the result. With `single`, only one proposal per subject may be open.
    `subject_words` words the subjects of several proposals of the kind, in their order, with a number of statements
    that doesn't depend on theirs; it receives the names of the members concerned by id. `consequence` receives the text
    of one subject and says what approval would do now. Both are called in the reader's language.
    """

    name: str
    title: Any
    propose: Permission
    decide: Permission
    payload: Payload
    check: Callable[[Session, Values, Actor], Subject]
    execute: Callable[[Session, Values, ProposalView, Actor], str]
    subject_words: Callable[[Session, Sequence[ProposalView], int, Mapping[int, str]], Sequence[SubjectWords]]
    consequence: Callable[[Session, ProposalView, int, str], str]
    single: bool = False


@dataclass(frozen=True, slots=True)
class Desk:
    """All kinds, and the check for a shared household."""

    kinds: tuple[Kind, ...]
    one_household: OneHousehold

    def kind(self, name: str) -> Kind:
        """A kind by name. Raises Rejected("approvals.kind_unknown")."""
        found = next((kind for kind in self.kinds if kind.name == name), None)
        if found is None:
            raise Rejected("approvals.kind_unknown", allowed=", ".join(kind.name for kind in self.kinds))
        return found

    def why_not(self, session: Session, actor: Actor, proposal: ProposalView, *, lock: bool = False) -> str | None:
        """The code of what forbids this person to decide, None if nothing does.

        Neither the proposer, nor the member concerned, nor anybody in their households may decide.
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

        The households stay locked until the unit ends, so the decision rests on the households at its time.
        """
        code = self.why_not(session, actor, proposal, lock=True)
        if code is not None:
            raise Forbidden(code)
