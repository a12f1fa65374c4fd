"""The kind of proposal that releases a prepared expiry run."""

from collections.abc import Mapping, Sequence

from flask_babel import gettext as _
from flask_babel import lazy_gettext
from sqlalchemy.orm import Session

from ledger.approvals.desk import Kind, Subject, SubjectWords, Values
from ledger.approvals.queries import ProposalView
from ledger.approvals.schemas import PayloadSchema
from ledger.kernel import clock
from ledger.kernel.actor import Actor
from ledger.kernel.ids import parse_public_id, public_id
from ledger.kernel.permissions import Permission
from ledger.points.expiry import queries, service
from ledger.points.expiry.queries import RunView
from ledger.web.fields import PublicId
from ledger.web.formats import local_date, points, reader_language


class RunPayload(PayloadSchema):
    """The run to release."""

    run_id = PublicId(required=True)


def _check(session: Session, values: Values, actor: Actor) -> Subject:
    return Subject(str(service.get_prepared(session, values["run_id"], actor.center_id).id))


def _release(session: Session, values: Values, proposal: ProposalView, actor: Actor) -> str:
    service.release(session, values["run_id"], actor=actor)
    return f"expiry:{public_id(values['run_id'])}"


def _runs(
    session: Session, proposals: Sequence[ProposalView], center_id: int, members: Mapping[int, str]
) -> list[SubjectWords]:
    runs = queries.runs_by_id(session, map(_run_id, proposals), center_id)
    return [_run_words(runs[_run_id(each)]) for each in proposals]


def _run_words(run: RunView) -> SubjectWords:
    return SubjectWords(_("到期日 %(day)s", day=_last_day(run)), _("%(n)s 分", n=points(-run.expected_amount)))


def _after_release(session: Session, proposal: ProposalView, center_id: int, subject: str) -> str:
    run = queries.get_run(session, _run_id(proposal), center_id)
    return str(
        _(
            "批准以后，到 %(day)s 还没用的积分就过期，不能再兑换：预计 %(n)s 笔，共 %(points)s 分。占用着的不动。",
            day=_last_day(run),
            n=run.expected_lots,
            points=points(run.expected_amount),
        )
    )


def _run_id(proposal: ProposalView) -> int:
    return parse_public_id(proposal.payload["run_id"])


def _last_day(run: RunView) -> str:
    return local_date(run.ends_on, locale=reader_language(), zone=clock.zone())


RELEASE = Kind(
    name="points.expiry_release",
    title=lazy_gettext("放行积分到期"),
    propose=Permission.PROPOSE,
    decide=(Permission.DECIDE,),
    payload=RunPayload(),
    check=_check,
    execute=_release,
    subject_words=_runs,
    consequence=_after_release,
    single=True,
)
