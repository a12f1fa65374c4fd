"""Pages for decisions that take two people: the list of proposals, and one proposal with its effect."""

from typing import Any

from flask import redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext
from sqlalchemy.orm import Session

from ledger.approvals import queries, service
from ledger.approvals.api import DECIDERS, READERS, get_desk
from ledger.approvals.queries import ProposalFilter, ProposalView
from ledger.audit.approving import presenter
from ledger.audit.approving.presenter import Row
from ledger.audit.approving.words import STATUS_WORDS
from ledger.audit.blueprint import bp
from ledger.kernel import clock
from ledger.kernel.actor import Actor
from ledger.kernel.db import in_snapshot, in_transaction_once
from ledger.kernel.errors import Conflict, LedgerError, Rejected, Unavailable
from ledger.kernel.paging import Page, PageRequest
from ledger.kernel.permissions import Permission
from ledger.web import asked, forms
from ledger.web.formats import local_datetime, points
from ledger.web.guard import act, get_actor, requires
from ledger.web.locale import language
from ledger.web.once import idempotency_key
from ledger.web.problem import words
from ledger.web.spreadsheets import FileKind, all_rows, spreadsheet

_HOW = {"approve": service.approve, "reject": service.reject, "withdraw": service.withdraw}
_ACTS = {
    "approve": lazy_gettext("批准一件申请"),
    "reject": lazy_gettext("不批一件申请"),
    "withdraw": lazy_gettext("撤回一件申请"),
}


@bp.get("/approvals")
@requires(*READERS)
def approvals() -> str:
    """Proposals that wait for a second person, and decided ones."""
    page = asked.page()
    shown = in_snapshot(_list, _wanted(), page, get_actor())
    kinds = [(kind.name, kind.title) for kind in get_desk().kinds]
    return render_template("audit/approvals.html", kinds=kinds, statuses=STATUS_WORDS, **shown)


def _list(session: Session, wanted: ProposalFilter, page: PageRequest, actor: Actor) -> dict[str, Any]:
    found = queries.list_proposals(session, actor.center_id, wanted, request=page)
    rows = presenter.rows(session, found.items, actor.center_id, get_desk())
    return {"rows": rows, "next_after": found.next, "sort": found.sort, "wanted": wanted}


def _wanted() -> ProposalFilter:
    """Read the filters from the address."""
    kinds = [kind.name for kind in get_desk().kinds]
    return ProposalFilter(asked.choice("what", kinds), asked.choice("status", STATUS_WORDS))


@bp.get("/approvals.<any(csv, xlsx):kind>")
@requires(*READERS)
def export_approvals(kind: FileKind) -> ResponseReturnValue:
    """Export the filtered list in its order as a file."""
    rows = in_snapshot(_all, _wanted(), asked.sort(), get_actor())
    proposed = [_("提出时间"), _("事项"), _("关于"), _("数目"), _("理由"), _("谁提的")]
    decided = [_("现在"), _("谁定的"), _("什么时候定的"), _("定的理由")]
    return spreadsheet(kind, "approvals", [*proposed, *decided], [_cells(row) for row in rows])


def _all(session: Session, wanted: ProposalFilter, sort: str, actor: Actor) -> list[Row]:
    def fetch(part: PageRequest) -> Page[ProposalView]:
        return queries.list_proposals(session, actor.center_id, wanted, request=part)

    found = all_rows(fetch, sort=sort)
    return presenter.rows(session, found, actor.center_id, get_desk())


def _cells(row: Row) -> list[Any]:
    zone, each = clock.zone(), row.proposal
    proposed_at = local_datetime(each.proposed_at, locale=language(), zone=zone)
    decided_at = local_datetime(each.decided_at, locale=language(), zone=zone) if each.decided_at else ""
    proposed = [proposed_at, row.title, row.subject, row.figure, each.reason, row.proposed_by]
    return [*proposed, str(STATUS_WORDS[each.status][0]), row.decided_by, decided_at, each.note or ""]


@bp.get("/approvals/<id:proposal_id>")
@requires(*READERS)
def approval(proposal_id: int) -> str:
    """One proposal and what approving it would do."""
    return _draw(proposal_id)


@bp.post("/approvals/<id:proposal_id>")
@requires(Permission.PROPOSE, *DECIDERS)
@act(lambda: str(_ACTS.get(forms.verbatim("decision"), _ACTS["reject"])))
def decide(proposal_id: int) -> ResponseReturnValue:
    """Approve the proposal, which carries it out at once; reject it with a reason; or withdraw one's own."""
    how = _HOW.get(forms.verbatim("decision"), service.reject)
    try:
        note = forms.text("note")
        in_transaction_once(idempotency_key(), how, proposal_id, note, actor=get_actor(), desk=get_desk())
    except (Rejected, Conflict, Unavailable) as error:
        return _draw(proposal_id, error), error.status
    return redirect(url_for("audit.approval", proposal_id=proposal_id, done=1), 303)


def _draw(proposal_id: int, refusal: LedgerError | None = None) -> str:
    """Render the proposal as it is now, with the refusal of a decision if there was one."""
    case = in_snapshot(_case, proposal_id, get_actor())
    errors = forms.note_errors(refusal, "approvals.note_needed")
    said = refused_words(refusal) if refusal is not None and not errors else None
    note = forms.verbatim("note")
    return render_template(
        "audit/approval.html", case=case, refusal=said, errors=errors, note=note, statuses=STATUS_WORDS
    )


def _case(session: Session, proposal_id: int, actor: Actor) -> presenter.Case:
    proposal = queries.get_proposal(session, proposal_id, actor.center_id)
    return presenter.case_of(session, proposal, actor, get_desk())


def refused_words(error: LedgerError) -> tuple[str, str]:
    """Why the proposal could not be carried out and what to do next; points keep their decimals."""
    if error.code == "points.exceeds_credits":
        available = points(error.context["available"])
        return _("积分不够减：现在可用的只有 %(n)s 分", n=available), _("什么也没有记，请减少数目")
    return words(error)
