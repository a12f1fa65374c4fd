"""The two kinds of proposal that correct points: a manual adjustment and a claw-back."""

from collections.abc import Callable, Mapping, Sequence

from flask_babel import gettext as _
from flask_babel import lazy_gettext
from sqlalchemy.orm import Session

from ledger.approvals.desk import Kind, Subject, SubjectWords, Values
from ledger.approvals.queries import ProposalView
from ledger.approvals.schemas import PayloadSchema
from ledger.kernel.actor import Actor
from ledger.kernel.ids import parse_public_id
from ledger.kernel.permissions import Permission
from ledger.points.book import entries, queries
from ledger.points.corrections import adjustments, clawback
from ledger.points.policy import POINT, AccountKey
from ledger.web.fields import Choice, PublicId, Whole
from ledger.web.formats import points
from ledger.web.reading import MOST_WHOLE

FindMember = Callable[[Session, int, int], object]


class AdjustmentPayload(PayloadSchema):
    """Volunteer, amount in minor units (negative takes away), cause, and optionally the corrected transfer."""

    volunteer_id = PublicId(required=True)
    amount = Whole(-MOST_WHOLE, MOST_WHOLE, required=True)
    cause = Choice(tuple(adjustments.CAUSES), required=True)
    transfer_id = PublicId(load_default=None, allow_none=True)


class ClawbackPayload(PayloadSchema):
    """The award to claw back."""

    transfer_id = PublicId(required=True)


ADJUSTMENT_PAYLOAD = AdjustmentPayload()


def adjustment(get_member: FindMember) -> Kind:
    """The kind of adjustments; `get_member(session, volunteer_id, center_id)` raises NotFound for strangers."""

    def check(session: Session, values: Values, actor: Actor) -> Subject:
        get_member(session, values["volunteer_id"], actor.center_id)
        return adjustments.check(session, values, actor)

    return Kind(
        name=adjustments.NAME,
        title=lazy_gettext("调整积分"),
        propose=Permission.PROPOSE,
        decide=(Permission.DECIDE,),
        payload=ADJUSTMENT_PAYLOAD,
        check=check,
        execute=adjustments.post,
        subject_words=_adjusted,
        consequence=_after_adjustment,
        gains=lambda values: bool(values["amount"] > 0),
    )


def _adjusted(
    session: Session, proposals: Sequence[ProposalView], center_id: int, members: Mapping[int, str]
) -> list[SubjectWords]:
    return [_of_member(each, members, each.payload["amount"]) for each in proposals]


def _after_adjustment(session: Session, proposal: ProposalView, center_id: int, subject: str) -> str:
    member = AccountKey(POINT, "member", proposal.member_id or 0)
    available = queries.balance(session, member, center_id).available
    return str(
        _(
            "批准以后马上记账：%(name)s 可用的积分从 %(before)s 变成 %(after)s。要改只能再提一笔反方向的。",
            name=subject,
            before=points(available),
            after=points(available + int(proposal.payload["amount"])),
        )
    )


def _taken_back(
    session: Session, proposals: Sequence[ProposalView], center_id: int, members: Mapping[int, str]
) -> list[SubjectWords]:
    awards = [parse_public_id(each.payload["transfer_id"]) for each in proposals]
    amounts = entries.amounts(session, awards, center_id)
    return [_of_member(each, members, -amounts[award_id]) for each, award_id in zip(proposals, awards, strict=True)]


def _of_member(proposal: ProposalView, members: Mapping[int, str], amount: int) -> SubjectWords:
    """The member by name, "" if erased, with the change of their points."""
    return SubjectWords(members.get(proposal.member_id or 0, ""), _("%(n)s 分", n=points(amount, sign=True)))


def _after_clawback(session: Session, proposal: ProposalView, center_id: int, subject: str) -> str:
    return str(
        _(
            "批准以后，%(name)s 那一笔发错的积分收回：还在的先收，花掉的记成欠账，以后得的分先还。记了不能撤销。",
            name=subject,
        )
    )


CLAWBACK = Kind(
    name="points.clawback",
    title=lazy_gettext("收回发错的积分"),
    propose=Permission.PROPOSE,
    decide=(Permission.DECIDE,),
    payload=ClawbackPayload(),
    check=clawback.check,
    execute=clawback.execute,
    subject_words=_taken_back,
    consequence=_after_clawback,
    single=True,
)
