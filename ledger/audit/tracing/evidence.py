"""The evidence behind a batch: the attendance with scans and rule, the redemption, the delivery or the approval."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.approvals import queries as approvals
from ledger.approvals.queries import ProposalView
from ledger.audit.naming.names import PersonName, identity_names, volunteer_names
from ledger.checkin import queries as checkin
from ledger.checkin.models import ReviewDecision
from ledger.checkin.queries import AttendanceView, ScanView
from ledger.kernel.errors import NotFound
from ledger.kernel.types import table_of
from ledger.points.book.entries import BatchView
from ledger.points.corrections import adjustments
from ledger.rules import queries as rules
from ledger.rules.policy import whole_minutes
from ledger.rules.queries import Rule
from ledger.shop import delivery_queries as deliveries
from ledger.shop import redemption_queries as redemptions
from ledger.shop.delivery_queries import DeliveryView
from ledger.shop.models import PayerCode
from ledger.shop.redemption_queries import RedemptionView

_decision, _code = table_of(ReviewDecision), table_of(PayerCode)


@dataclass(frozen=True, slots=True)
class Decision:
    """A review: who decided, what and why."""

    decision: str
    decided_by: int
    decided_at: datetime
    note: str


@dataclass(frozen=True, slots=True)
class AttendanceEvidence:
    """An attendance, its scans, the rule applied, and the review decision if there was one."""

    attendance: AttendanceView
    scans: list[ScanView]
    rule: Rule | None
    minutes_present: int
    decision: Decision | None

    @property
    def worth(self) -> int:
        """Points by the rule for the minutes; more than awarded if it pays none for a forgotten check-out."""
        return self.attendance.minutes * self.rule.body.points_per_hour // 60 if self.rule is not None else 0


@dataclass(frozen=True, slots=True)
class RedemptionEvidence:
    """A redemption with its lines, and when the member's code was issued."""

    redemption: RedemptionView
    code_issued_at: datetime


Evidence = AttendanceEvidence | RedemptionEvidence | DeliveryView | ProposalView


def evidence_of(session: Session, batch: BatchView, center_id: int) -> Evidence | None:
    """The source of a batch; None for a batch of the raw ledger."""
    if not batch.source_ref.isdecimal():
        return None
    source_id = int(batch.source_ref)
    if batch.source_type == "attendance":
        return _attendance(session, source_id, center_id)
    if batch.source_type == "redemption":
        return _redemption(session, source_id, center_id)
    if batch.source_type == "goods_in":
        return _delivery(session, source_id, center_id)
    if batch.source_type == adjustments.SOURCE:
        return _proposal(session, source_id, center_id)
    return None


def people_behind(
    session: Session, batch: BatchView, evidence: Evidence | None, center_id: int
) -> dict[str, PersonName]:
    """People involved by part (member, scanner, decider, clerk, recorder), with number and masked name."""
    parts: dict[str, int | None] = {"recorded_by": batch.actor_id}
    member = 0
    if isinstance(evidence, AttendanceEvidence):
        member = evidence.attendance.volunteer_id
        parts |= {f"scanned_{way}": scan.scanned_by for way, scan in zip(("in", "out"), evidence.scans, strict=False)}
        parts["decided_by"] = evidence.decision.decided_by if evidence.decision is not None else None
    if isinstance(evidence, RedemptionEvidence):
        member = evidence.redemption.volunteer_id
        parts |= {"clerk": evidence.redemption.clerk_id, "voided_by": evidence.redemption.voided_by}
    if isinstance(evidence, DeliveryView):
        parts["received_by"] = evidence.received_by
    if isinstance(evidence, ProposalView):
        member = evidence.member_id or 0
        parts |= {"proposed_by": evidence.proposed_by, "approved_by": evidence.decided_by}
    names = identity_names(session, {each for each in parts.values() if each is not None}, center_id)
    known = {part: names[who] for part, who in parts.items() if who in names}
    members = volunteer_names(session, [member], center_id)
    return ({"member": members[member]} if member in members else {}) | known


def _attendance(session: Session, attendance_id: int, center_id: int) -> AttendanceEvidence | None:
    try:
        view = checkin.get_attendance(session, attendance_id, center_id)
    except NotFound:
        return None
    query = sa.select(*(_decision.c[name] for name in Decision.__slots__)).where(
        _decision.c.center_id == center_id,
        _decision.c.attendance_id == attendance_id,
        _decision.c.revision == view.revision,
    )
    row = session.execute(query).one_or_none()
    return AttendanceEvidence(
        attendance=view,
        scans=checkin.scans_of(session, view, center_id),
        rule=rules.get_rule(session, view.rule_id, center_id) if view.rule_id is not None else None,
        minutes_present=whole_minutes(view.closed_at - view.opened_at) if view.closed_at is not None else 0,
        decision=Decision(*row) if row is not None else None,
    )


def _redemption(session: Session, redemption_id: int, center_id: int) -> RedemptionEvidence | None:
    view = redemptions.find_redemption(session, redemption_id, center_id)
    if view is None:
        return None
    issued = sa.select(_code.c.issued_at).where(_code.c.center_id == center_id, _code.c.id == view.payer_code_id)
    return RedemptionEvidence(view, session.execute(issued).scalar_one())


def _proposal(session: Session, proposal_id: int, center_id: int) -> ProposalView | None:
    try:
        return approvals.get_proposal(session, proposal_id, center_id)
    except NotFound:
        return None


def _delivery(session: Session, goods_in_id: int, center_id: int) -> DeliveryView | None:
    try:
        return deliveries.get_delivery(session, goods_in_id, center_id)
    except NotFound:
        return None
