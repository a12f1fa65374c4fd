"""The desk: which kinds of proposal exist, and who may not decide on one. app.py assembles it."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy.orm import Session

from ledger.approvals.asked import Holder, Holders, Housemates
from ledger.approvals.queries import ProposalView
from ledger.kernel.actor import SYSTEM_IDENTITY, Actor
from ledger.kernel.errors import Conflict, Forbidden, Rejected
from ledger.kernel.paths import ROOT
from ledger.kernel.permissions import Permission

Values = Mapping[str, Any]
# Whoever steps in where everybody else who might decide is barred.
AUDITS = (Permission.READ_BOOKS, Permission.RELEASE_AS_AUDITOR)
# What is unusual about who decided: an auditor stood in; role or code came from the proposer within 30 days; or two or
# three people have decided for one another within 30 days.
STOOD_IN, OWES_PROPOSER, IN_TURN = "stood_in", "owes_proposer", "in_turn"
REMARKS = (STOOD_IN, OWES_PROPOSER, IN_TURN)
_LEFT = "approvals.proposer_left"


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


def _nobody(_values: Values) -> int | None:
    return None


def _never(_values: Values) -> bool:
    return False


def _no_number(_values: Values) -> str | None:
    return None


def _no_lock(_session: Session, _values: Values, _center_id: int) -> None:
    return None


def _no_details(_session: Session, _proposal: ProposalView, _center_id: int) -> Sequence[tuple[str, str]]:
    return ()


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of proposal, with everything specific to it, so that no other code checks its name.

    `title` is a lazy text. Who holds one of `decide` may decide. `check` refuses what could never be done; `execute`
    does it in the decision's unit and returns a short reference to the result. With `single`, only one proposal per
    subject may be open. `person` is whose log-in it concerns, if any; `gains` whether that person, or the volunteer
    concerned, gains by it. `household` is the number that it says for their household, if any: it bars like one that is
    known. `lock` locks what it is about, before the proposal, as whatever withdraws one does: the other order would
    be a deadlock. `private` names fields of the payload that hold personal text: they are sealed apart until the
    proposal ends (approvals/private.py), and a stored payload is read without them. `subject_words` words the
    subjects of several proposals of the kind, in their order, with a number of statements that doesn't depend on
    theirs; it receives the names of the members concerned by id. `consequence` receives the text of one subject and
    says what approval would do now, `details` what else of the payload whoever decides must see, as (name, words).
    All are called in the reader's language.
    """

    name: str
    title: Any
    propose: Permission
    decide: tuple[Permission, ...]
    payload: Payload
    check: Callable[[Session, Values, Actor], Subject]
    execute: Callable[[Session, Values, ProposalView, Actor], str]
    subject_words: Callable[[Session, Sequence[ProposalView], int, Mapping[int, str]], Sequence[SubjectWords]]
    consequence: Callable[[Session, ProposalView, int, str], str]
    details: Callable[[Session, ProposalView, int], Sequence[tuple[str, str]]] = _no_details
    single: bool = False
    person: Callable[[Values], int | None] = _nobody
    gains: Callable[[Values], bool] = _never
    household: Callable[[Values], str | None] = _no_number
    private: tuple[str, ...] = ()
    lock: Callable[[Session, Values, int], None] = _no_lock


@dataclass(frozen=True, slots=True)
class Say:
    """What somebody may say to a proposal: `why_not` is the code of what forbids a decision, None if nothing does.

    `in_place_of_others` marks an auditor who decides because everybody else who might is barred.
    """

    why_not: str | None
    in_place_of_others: bool = False


@dataclass(frozen=True, slots=True)
class Desk:
    """All kinds, and what is asked about people: shared households, holders of permissions, who owes a role to whom."""

    kinds: tuple[Kind, ...]
    housemates: Housemates
    holders: Holders
    owes: Callable[[Session, int, int, int], bool]

    def kind(self, name: str) -> Kind:
        """A kind by name. Raises Rejected("approvals.kind_unknown")."""
        found = next((kind for kind in self.kinds if kind.name == name), None)
        if found is None:
            raise Rejected("approvals.kind_unknown", allowed=", ".join(kind.name for kind in self.kinds))
        return found

    def need_no_own_gain(self, session: Session, kind: Kind, values: Values, member_id: int | None, by: Actor) -> None:
        """Raises Forbidden("approvals.own_gain") for a proposal about oneself, or by which one's household gains.

        The households stay locked until the unit ends.
        """
        matter = _matter(kind, values, member_id, by.identity_id, by.center_id)
        own = matter.person == by.identity_id or (
            matter.gains and member_id is not None and member_id == by.volunteer_id
        )
        if own or self._household_gains(session, matter, lock=True):
            raise Forbidden("approvals.own_gain")

    def may_still_propose(
        self, session: Session, proposal: ProposalView, center_id: int, *, lock: bool = False
    ) -> bool:
        """Whether the proposer may still propose it; if not, it counts as withdrawn, by whatever their role ended."""
        if proposal.proposed_by == SYSTEM_IDENTITY:
            return True
        found = self.holders(session, (self.kind(proposal.kind).propose,), center_id, lock=lock)
        return proposal.proposed_by in {each.identity_id for each in found}

    def free(self, session: Session, proposal: ProposalView, center_id: int) -> list[Holder]:
        """Who may decide now: of those who usually do, or else of the auditors; empty if nobody may."""
        if not self.may_still_propose(session, proposal, center_id):
            return []
        kind = self.kind(proposal.kind)
        return self._unbarred(session, kind.decide, proposal, center_id) or self._unbarred(
            session, AUDITS, proposal, center_id
        )

    def say_of(self, session: Session, actor: Actor, proposal: ProposalView, *, lock: bool = False) -> Say:
        """Whether this person may decide now. An auditor may where everybody else who might decide is barred.

        Neither the proposer, nor the person or member concerned, nor anybody in their households may decide, and
        nobody once the proposer has left. With `lock` roles and households stay as they are until the unit ends.
        """
        kind, center_id = self.kind(proposal.kind), actor.center_id
        if not self.may_still_propose(session, proposal, center_id, lock=lock):
            return Say(_LEFT)
        me = Holder(actor.identity_id, actor.volunteer_id)
        usual = self._holds(session, actor, kind.decide, lock=lock)
        if not usual and not self._holds(session, actor, AUDITS, lock=lock):
            return Say("access.denied")
        code = self._barred(session, [me], proposal, center_id, lock=lock).get(me.identity_id)
        if code is not None or usual:
            return Say(code)
        if self._unbarred(session, kind.decide, proposal, center_id, lock=lock):
            return Say("access.denied")
        return Say(None, in_place_of_others=True)

    def need_another(self, session: Session, actor: Actor, proposal: ProposalView) -> tuple[str, ...]:
        """What to remark about this person's decision.

        Raises Forbidden("access.denied" | "approvals.two_people_needed" | "approvals.same_household" |
        "approvals.own_gain"), Conflict("approvals.proposer_left") for `say_of`, which can't change before the unit
        ends.
        """
        say = self.say_of(session, actor, proposal, lock=True)
        if say.why_not == _LEFT:
            raise Conflict(_LEFT)
        if say.why_not is not None:
            raise Forbidden(say.why_not)
        owing = self.owes(session, actor.identity_id, proposal.proposed_by, actor.center_id)
        return (*([STOOD_IN] if say.in_place_of_others else []), *([OWES_PROPOSER] if owing else []))

    def _holds(self, session: Session, actor: Actor, permissions: Sequence[Permission], *, lock: bool) -> bool:
        """Whether the actor holds one of these for the whole center, by the request and still."""
        if not any(actor.may(permission, ROOT) for permission in permissions):
            return False
        found = self.holders(session, permissions, actor.center_id, lock=lock)
        return actor.identity_id in {each.identity_id for each in found}

    def _unbarred(
        self,
        session: Session,
        permissions: Sequence[Permission],
        proposal: ProposalView,
        center_id: int,
        *,
        lock: bool = False,
    ) -> list[Holder]:
        found = self.holders(session, permissions, center_id, lock=lock)
        barred = self._barred(session, found, proposal, center_id, lock=lock)
        return [each for each in found if each.identity_id not in barred]

    def _barred(
        self, session: Session, people: Sequence[Holder], proposal: ProposalView, center_id: int, *, lock: bool
    ) -> dict[int, str]:
        """By log-in the code of what forbids it to somebody, whatever their role; all households are read at once."""
        matter = self.matter(proposal, center_id)
        concerned = {each.identity_id for each in people if matter.concerns(each)}
        barred = dict.fromkeys(concerned, "approvals.two_people_needed")
        others = [each.identity_id for each in people if each.identity_id not in concerned]
        if not others:
            return barred
        if self._household_gains(session, matter, lock=lock):
            return barred | dict.fromkeys(others, "approvals.own_gain")
        near = self._near(session, others, matter, [matter.proposed_by, *matter.people], lock=lock)
        return barred | dict.fromkeys(near, "approvals.same_household")

    def matter(self, proposal: ProposalView, center_id: int) -> "Matter":
        """Whom a proposal concerns."""
        kind = self.kind(proposal.kind)
        values = kind.payload.read(proposal.payload)
        matter = _matter(kind, values, proposal.member_id, proposal.proposed_by, center_id)
        return replace(matter, since=proposal.proposed_at)

    def _household_gains(self, session: Session, matter: "Matter", *, lock: bool) -> bool:
        """Whether somebody of the proposer's household gains by it."""
        return matter.gains and bool(self._near(session, [matter.proposed_by], matter, matter.people, lock=lock))

    def _near(
        self, session: Session, who: Collection[int], matter: "Matter", identities: Collection[int], *, lock: bool
    ) -> set[int]:
        """Those who are of one household with these people or with whom the matter concerns."""
        return self.housemates(
            session,
            who,
            matter.center_id,
            identities=identities,
            volunteers=matter.members,
            numbers=matter.numbers,
            since=matter.since,
            lock=lock,
        )


@dataclass(frozen=True, slots=True)
class Matter:
    """Whom a proposal concerns, by log-in or as a volunteer, whether they gain by it, and who proposes it.

    `household` is the number that it says for their household; `since` when it was proposed, if it was.
    """

    person: int | None
    member_id: int | None
    gains: bool
    household: str | None
    proposed_by: int
    center_id: int
    since: datetime | None = None

    def concerns(self, one: Holder) -> bool:
        """Whether somebody proposes it, or it is about them."""
        if one.identity_id in (self.proposed_by, self.person):
            return True
        return one.volunteer_id is not None and one.volunteer_id == self.member_id

    @property
    def people(self) -> list[int]:
        return [] if self.person is None else [self.person]

    @property
    def members(self) -> list[int]:
        return [] if self.member_id is None else [self.member_id]

    @property
    def numbers(self) -> list[str]:
        return [] if self.household is None else [self.household]


def _matter(kind: Kind, values: Values, member_id: int | None, proposed_by: int, center_id: int) -> Matter:
    return Matter(kind.person(values), member_id, kind.gains(values), kind.household(values), proposed_by, center_id)
