"""The words of proposals: their causes and states, what each is about, and what happens if it is approved."""

from collections.abc import Callable, Mapping
from typing import Any

from flask_babel import get_locale, lazy_gettext
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from ledger.approvals.queries import ProposalView
from ledger.kernel.clock import BUSINESS_ZONE
from ledger.kernel.ids import parse_public_id
from ledger.points.book import entries, queries
from ledger.points.closing import service as closing
from ledger.points.closing.months import month_start
from ledger.points.corrections import adjustments
from ledger.points.corrections.clawback import CLAWBACK
from ledger.points.expiry import queries as expiry_queries
from ledger.points.expiry.service import RELEASE
from ledger.points.policy import POINT, AccountKey
from ledger.web.formats import local_date, local_month, points

CAUSE_WORDS: dict[str, Any] = {
    "missed": lazy_gettext("漏记"),
    "mistake": lazy_gettext("记错"),
    "carried_over": lazy_gettext("旧账转入"),
    "other": lazy_gettext("其他原因"),
}
# Word and sign of a state.
STATUS_WORDS: dict[str, tuple[Any, str]] = {
    "proposed": (lazy_gettext("等人批"), "look"),
    "approved": (lazy_gettext("批准了"), "ok"),
    "rejected": (lazy_gettext("没批准"), "stop"),
    "withdrawn": (lazy_gettext("撤回了"), "info"),
}


def cause_words(number: int) -> str:
    """What the cause is called whose account has this owner."""
    causes = {adjustments.CAUSES[name]: words for name, words in CAUSE_WORDS.items()}
    return str(causes.get(number, ""))


def month_words(month: str) -> str:
    """2026年5月."""
    return local_month(month_start(month), locale=_locale())


def subject_of(session: Session, proposal: ProposalView, center_id: int, members: Mapping[int, str]) -> tuple[str, str]:
    """Whom or what a proposal is about, and its figure, "" where it has none; `members` are names by volunteer."""
    payload = proposal.payload
    if proposal.kind == RELEASE.name:
        run = expiry_queries.get_run(session, parse_public_id(payload["run_id"]), center_id)
        day = local_date(run.ends_on, locale=_locale(), zone=BUSINESS_ZONE)
        return _("到期日 %(day)s", day=day), _("%(n)s 分", n=points(-run.expected_amount))
    if "month" in payload:
        return month_words(payload["month"]), ""
    name = members.get(proposal.member_id or 0, "")
    if proposal.kind == CLAWBACK.name:
        transfer = entries.get_transfer(session, parse_public_id(payload["transfer_id"]), center_id)
        return name, _("%(n)s 分", n=points(-transfer.amount))
    if proposal.kind == adjustments.NAME:
        return name, _("%(n)s 分", n=points(payload["amount"], sign=True))
    return name or proposal.subject_ref, ""


def consequence_of(session: Session, proposal: ProposalView, center_id: int, subject: str) -> str:
    """What happens if it is approved now; "" for a kind that says nothing."""
    said = _CONSEQUENCES.get(proposal.kind)
    return said(session, proposal, center_id, subject) if said is not None else ""


def _adjustment(session: Session, proposal: ProposalView, center_id: int, subject: str) -> str:
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


def _close(session: Session, proposal: ProposalView, center_id: int, subject: str) -> str:
    return str(
        _(
            "批准以后，%(month)s和以前的月份不能再记账。晚审的出勤照样给人记，记在还开着的月份；要改那个月，得两个人重新打开。",
            month=subject,
        )
    )


def _reopen(session: Session, proposal: ProposalView, center_id: int, subject: str) -> str:
    return str(_("批准以后，%(month)s又能记账，报过的数可能会变。补完了请再关一次账。", month=subject))


def _expiry(session: Session, proposal: ProposalView, center_id: int, subject: str) -> str:
    run = expiry_queries.get_run(session, parse_public_id(proposal.payload["run_id"]), center_id)
    return str(
        _(
            "批准以后，到 %(day)s 还没用的积分就过期，不能再兑换：预计 %(n)s 笔，共 %(points)s 分。占用着的不动。",
            day=local_date(run.ends_on, locale=_locale(), zone=BUSINESS_ZONE),
            n=run.expected_lots,
            points=points(run.expected_amount),
        )
    )


def _clawback(session: Session, proposal: ProposalView, center_id: int, subject: str) -> str:
    return str(
        _(
            "批准以后，%(name)s 那一笔发错的积分收回：还在的先收，花掉的记成欠账，以后得的分先还。记了不能撤销。",
            name=subject,
        )
    )


_CONSEQUENCES: Mapping[str, Callable[[Session, ProposalView, int, str], str]] = {
    adjustments.NAME: _adjustment,
    closing.CLOSE.name: _close,
    closing.REOPEN.name: _reopen,
    RELEASE.name: _expiry,
    CLAWBACK.name: _clawback,
}


def _locale() -> str:
    return str(get_locale() or "zh")
