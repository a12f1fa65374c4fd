"""The two kinds of proposal about months: close one, and reopen the last closed one."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from flask_babel import gettext as _
from flask_babel import lazy_gettext
from sqlalchemy.orm import Session

from ledger.approvals.desk import Kind, SubjectWords
from ledger.approvals.queries import ProposalView
from ledger.approvals.schemas import PayloadSchema
from ledger.kernel.permissions import Permission
from ledger.points.closing import service
from ledger.points.closing.words import month_words
from ledger.web.fields import Text


class MonthPayload(PayloadSchema):
    """Payload of closing and reopening: the month, as 2026-05."""

    month = Text(required=True, shortest=7, longest=7)


def _months(
    session: Session, proposals: Sequence[ProposalView], center_id: int, members: Mapping[int, str]
) -> list[SubjectWords]:
    return [SubjectWords(month_words(each.payload["month"])) for each in proposals]


def _after_closing(session: Session, proposal: ProposalView, center_id: int, subject: str) -> str:
    return str(
        _(
            "批准以后，%(month)s和以前的月份不能再记账。晚审的出勤照样给人记，记在还开着的月份；要改那个月，得两个人重新打开。",
            month=subject,
        )
    )


def _after_reopening(session: Session, proposal: ProposalView, center_id: int, subject: str) -> str:
    return str(_("批准以后，%(month)s又能记账，报过的数可能会变。补完了请再关一次账。", month=subject))


CLOSE = Kind(
    name="points.period_close",
    title=lazy_gettext("关账"),
    propose=Permission.PROPOSE,
    decide=(Permission.DECIDE,),
    payload=MonthPayload(),
    check=service.check_close,
    execute=service.close,
    subject_words=_months,
    consequence=_after_closing,
    single=True,
)
REOPEN = replace(
    CLOSE,
    name="points.period_reopen",
    title=lazy_gettext("重新打开月份"),
    check=service.check_reopen,
    execute=service.reopen,
    consequence=_after_reopening,
)
