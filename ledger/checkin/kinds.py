"""The kind of proposal that corrects confirmed hours or takes them back."""

from collections.abc import Mapping, Sequence

from flask_babel import gettext as _
from flask_babel import lazy_gettext
from sqlalchemy.orm import Session

from ledger.approvals.desk import Kind, SubjectWords
from ledger.approvals.queries import ProposalView
from ledger.approvals.schemas import PayloadSchema
from ledger.checkin import correcting, queries
from ledger.checkin.queries import AttendanceView
from ledger.kernel import clock
from ledger.kernel.errors import LedgerError
from ledger.kernel.ids import parse_public_id
from ledger.kernel.permissions import Permission
from ledger.web.fields import Instant, PublicId
from ledger.web.formats import local_date, local_time, points, reader_language


class HoursPayload(PayloadSchema):
    """The attendance, and its real end; without one all of it is taken back."""

    attendance_id = PublicId(required=True)
    ended_at = Instant(load_default=None, allow_none=True)


_PAYLOAD = HoursPayload()


def _words(
    session: Session, proposals: Sequence[ProposalView], center_id: int, members: Mapping[int, str]
) -> list[SubjectWords]:
    ids = [parse_public_id(each.payload["attendance_id"]) for each in proposals]
    found = queries.attendances_by_id(session, ids, center_id)
    return [
        SubjectWords(
            f"{members.get(each.member_id or 0, '')} {_day(found[key])}".strip(),
            _("%(n)s 分钟", n=found[key].minutes),
        )
        for each, key in zip(proposals, ids, strict=True)
    ]


def _day(attendance: AttendanceView) -> str:
    return local_date(attendance.opened_at, locale=reader_language(), zone=clock.zone())


def _consequence(session: Session, proposal: ProposalView, center_id: int, subject: str) -> str:
    values = _PAYLOAD.read(proposal.payload)
    if values["ended_at"] is None:
        return str(_("批准以后，%(subject)s，这次的时长和积分全部收回，花掉的积分记成欠账。", subject=subject))
    attendance = queries.get_attendance(session, values["attendance_id"], center_id)
    try:
        earned = correcting.foresee(session, attendance, values["ended_at"], center_id)
    except LedgerError:
        return ""
    return str(
        _(
            "批准以后，%(subject)s，这次从 %(before)s 分钟改成 %(after)s 分钟，积分改成 %(points)s 分。",
            subject=subject,
            before=attendance.minutes,
            after=earned.minutes,
            points=points(earned.points),
        )
    )


def _details(session: Session, proposal: ProposalView, center_id: int) -> list[tuple[str, str]]:
    values = _PAYLOAD.read(proposal.payload)
    attendance = queries.get_attendance(session, values["attendance_id"], center_id)
    zone, ended_at = clock.zone(), values["ended_at"]
    end = _("全部收回") if ended_at is None else local_time(ended_at, zone=zone)
    which = f"{attendance.station_name}{_('，')}{attendance.activity_name}"
    return [(str(_("哪一次")), which), (str(_("改成几点走的")), str(end))]


HOURS = Kind(
    name=correcting.NAME,
    title=lazy_gettext("改记好的时长"),
    propose=Permission.PROPOSE,
    decide=(Permission.DECIDE,),
    payload=_PAYLOAD,
    check=correcting.check,
    execute=correcting.execute,
    subject_words=_words,
    consequence=_consequence,
    details=_details,
    single=True,
    gains=lambda values: values["ended_at"] is not None,
)
