"""Proposals as pages show them: rows of a list, and one with its evidence, its effect and what the reader may do."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from flask import url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from ledger.approvals.desk import Desk, SubjectWords
from ledger.approvals.queries import ProposalView
from ledger.audit.approving.words import REMARK_WORDS
from ledger.audit.naming.causes import CAUSE_WORDS
from ledger.audit.naming.names import identity_names, volunteer_names
from ledger.kernel.actor import SYSTEM_IDENTITY, Actor
from ledger.kernel.errors import Forbidden
from ledger.kernel.ids import parse_public_id
from ledger.people.access.approved_codes import may_make_code, may_print_again
from ledger.people.access.kinds import GRANT_NAME
from ledger.people.households.together import one_household
from ledger.people.identities.queries import has_password
from ledger.points.book import entries
from ledger.web.problem import words


@dataclass(frozen=True, slots=True)
class Row:
    """A proposal in a list; people by masked name, "" if nobody has decided yet."""

    proposal: ProposalView
    title: str
    subject: str
    figure: str
    proposed_by: str
    decided_by: str


@dataclass(frozen=True, slots=True)
class Case:
    """A proposal with everything its decision rests on, and what its reader may do about it.

    `corrects` links to what it corrects, `run` to the expiry run, `result` to the outcome. While the proposal
    is pending, `why_not` says why the reader may not decide and what to do, None if they may. Once decided, `kinship`
    says whether the two people belonged to one household, `remarks` what else is unusual about who decided. `free` are
    those who may decide now, `prints_code` says that the reader approved a code and may make it now, `reprints_code`
    that they made it and may make another. `lacks_password` is who got a role by it and can't log in yet.
    """

    row: Row
    lines: list[tuple[str, str]]
    consequence: str
    corrects: str | None
    run: str | None
    result: str | None
    why_not: tuple[str, str] | None
    kinship: str
    remarks: list[str]
    is_own: bool
    free: list[str]
    prints_code: bool
    reprints_code: bool
    lacks_password: int | None


def rows(session: Session, proposals: Sequence[ProposalView], center_id: int, desk: Desk) -> list[Row]:
    """Proposals for a list."""
    deciders = {each.decided_by for each in proposals if each.decided_by is not None}
    called = people(session, deciders | {each.proposed_by for each in proposals}, center_id)
    subjects = _subjects(session, proposals, center_id, desk)
    found = []
    for each in proposals:
        title, subject = str(desk.kind(each.kind).title), subjects[each.id]
        decided_by = called.get(each.decided_by, "") if each.decided_by is not None else ""
        proposed_by = called.get(each.proposed_by, "")
        found.append(Row(each, title, subject.text, subject.figure, proposed_by, decided_by))
    return found


def _subjects(
    session: Session, proposals: Sequence[ProposalView], center_id: int, desk: Desk
) -> Mapping[int, SubjectWords]:
    """What each proposal is about, by its id; each kind is asked once."""
    ids = {each.member_id for each in proposals if each.member_id is not None}
    members = {who: name.text for who, name in volunteer_names(session, ids, center_id).items()}
    found: dict[int, SubjectWords] = {}
    for name in {each.kind for each in proposals}:
        own = [each for each in proposals if each.kind == name]
        words_of = desk.kind(name).subject_words(session, own, center_id, members)
        found |= {each.id: said for each, said in zip(own, words_of, strict=True)}
    return found


def case_of(session: Session, proposal: ProposalView, actor: Actor, desk: Desk) -> Case:
    """One proposal with its evidence."""
    [row] = rows(session, [proposal], actor.center_id, desk)
    waits, kind = proposal.status == "proposed", desk.kind(proposal.kind)
    run = proposal.payload.get("run_id")
    return Case(
        row=row,
        lines=[*_lines(row), *kind.details(session, proposal, actor.center_id)],
        consequence=kind.consequence(session, proposal, actor.center_id, row.subject) if waits else "",
        corrects=_corrects(proposal),
        run=url_for("audit.expiry_run", run_id=parse_public_id(run)) if run else None,
        result=_result(session, proposal, actor.center_id),
        why_not=_why_not(session, proposal, actor, desk) if waits else None,
        kinship="" if waits else _kinship(session, proposal, actor.center_id, desk),
        remarks=[str(REMARK_WORDS[each]) for each in (proposal.remarks or "").split()],
        is_own=proposal.proposed_by == actor.identity_id,
        free=_free(session, proposal, actor.center_id, desk) if waits else [],
        prints_code=may_make_code(session, proposal, actor),
        reprints_code=may_print_again(session, proposal, actor),
        lacks_password=_lacks_password(session, proposal, actor.center_id),
    )


def _corrects(proposal: ProposalView) -> str | None:
    """Link to the transfer or the attendance that it corrects."""
    transfer, attendance = (proposal.payload.get(name) for name in ("transfer_id", "attendance_id"))
    if attendance:
        return url_for("checkin.earned", attendance_id=parse_public_id(attendance))
    return url_for("audit.transfer", transfer_id=parse_public_id(transfer)) if transfer else None


def _lacks_password(session: Session, proposal: ProposalView, center_id: int) -> int | None:
    """Who has got a role by this, and no password yet."""
    if proposal.kind != GRANT_NAME or proposal.status != "approved":
        return None
    person = parse_public_id(proposal.payload["identity_id"])
    return None if has_password(session, person, center_id) else person


def _why_not(session: Session, proposal: ProposalView, actor: Actor, desk: Desk) -> tuple[str, str] | None:
    code = desk.say_of(session, actor, proposal).why_not
    if code == "access.denied":
        return _("这一项要另一个人来定"), _("有权批的人来批，您可以看。")
    return None if code is None else words(Forbidden(code))


def _free(session: Session, proposal: ProposalView, center_id: int, desk: Desk) -> list[str]:
    """The masked names of those who may decide now."""
    ids = [each.identity_id for each in desk.free(session, proposal, center_id)]
    names = people(session, ids, center_id)
    return [names[who] for who in ids if who in names]


def _kinship(session: Session, proposal: ProposalView, center_id: int, desk: Desk) -> str:
    """Whether the decider shared a household with the proposer, the person or the member, then or now."""
    if proposal.decided_by is None or proposal.decided_by == proposal.proposed_by:
        return ""
    members = [] if proposal.member_id is None else [proposal.member_id]
    kind = desk.kind(proposal.kind)
    person = kind.person(kind.payload.read(proposal.payload))
    concerned = [] if person is None else [person]
    then, now = (
        one_household(
            session,
            proposal.decided_by,
            center_id,
            identities=[proposal.proposed_by, *concerned],
            volunteers=members,
            at=at,
        )
        for at in (proposal.decided_at, None)
    )
    if then:
        return str(_("定的时候是一户"))
    return str(_("定的时候不是，现在登记在一户") if now else _("不是"))


def people(session: Session, identity_ids: Iterable[int], center_id: int) -> dict[int, str]:
    """Masked names by identity; the system stands in for nobody."""
    names = {who: name.text for who, name in identity_names(session, identity_ids, center_id).items()}
    return {SYSTEM_IDENTITY: _("系统")} | names


def _lines(row: Row) -> list[tuple[str, str]]:
    cause = row.proposal.payload.get("cause")
    lines = [
        (_("事项"), row.title),
        (_("关于"), row.subject),
        (_("数目"), row.figure),
        (_("原因"), str(CAUSE_WORDS.get(cause, "")) if cause else ""),
        (_("理由"), row.proposal.reason),
        (_("谁提的"), row.proposed_by),
    ]
    return [(name, value) for name, value in lines if value]


def _result(session: Session, proposal: ProposalView, center_id: int) -> str | None:
    """Link to the outcome."""
    what, _colon, ref = (proposal.result_ref or "").partition(":")
    if what == "batch":
        batch = entries.get_batch(session, parse_public_id(ref), center_id)
        return url_for("audit.transfer", transfer_id=batch.transfers[0].id)
    if what == "attendance":
        return url_for("checkin.earned", attendance_id=parse_public_id(ref))
    return url_for("audit.periods") if what == "period" else None
