"""What deciders and auditors see first: signals, and roles that one person revoked, for 30 days."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext, ngettext
from sqlalchemy.orm import Session

from ledger.approvals.desk import IN_TURN, OWES_PROPOSER, STOOD_IN
from ledger.audit.naming.names import identity_names
from ledger.checkin import signs
from ledger.kernel import clock, restored
from ledger.kernel.actor import SYSTEM_IDENTITY
from ledger.kernel.ids import parse_public_id
from ledger.kernel.signals import SignalView, count_signals, signals_since
from ledger.people.access import events, lost_factors, on_server
from ledger.people.access.events import EventView
from ledger.people.households.deciders import SIGNAL as DECIDER_HOUSEHOLD
from ledger.points.closing import freezing
from ledger.web.formats import points

_STANDS = timedelta(days=30)
_MOST = 20
SIGNAL_WORDS = {
    f"approvals.{STOOD_IN}": lazy_gettext("别的人都不能批，由审计员批的"),
    f"approvals.{OWES_PROPOSER}": lazy_gettext("批的人的身份或激活码，30 天内来自提的人"),
    lost_factors.SIGNAL: lazy_gettext("关掉了一位审批人或审计员丢了的动态码"),
    f"approvals.{IN_TURN}": lazy_gettext("两三个人 30 天内互相批的"),
    freezing.OWING: lazy_gettext("一起解冻的两个人，一位的身份或激活码 30 天内来自另一位"),
    DECIDER_HOUSEHOLD: lazy_gettext("管理员、审计员的户，或者谁和他们同住，有改动"),
    on_server.SIGNAL: lazy_gettext("在服务器上改了登录或者身份"),
    signs.LATE: lazy_gettext("屏幕上的码换了 10 秒以后，还有人打开旧的"),
    signs.MORE_THAN_LISTED: lazy_gettext("半分钟里扫码签到的人，比名单上的多"),
    restored.SIGNAL: lazy_gettext("在服务器上恢复了备份，所有人都要重新登录"),
}


@dataclass(frozen=True, slots=True)
class Watched:
    """A line to look at: what happened, when, and where to look."""

    text: str
    at: datetime
    href: str


def watched(session: Session, center_id: int) -> list[Watched]:
    """Every revoked role and the newest signals of the last 30 days, newest first; then how many more there are.

    So nobody hides the one behind many of the other.
    """
    since = clock.now() - _STANDS
    revoked = events.revoked_since(session, center_id, since)
    signalled = signals_since(session, center_id, since, most=_MOST)
    people = {who for each in revoked for who in (each.identity_id, each.made_by)}
    people |= {whose for each in signalled if (whose := _whose(each)) is not None}
    names = {who: name.text for who, name in identity_names(session, people, center_id).items()}
    names[SYSTEM_IDENTITY] = _("服务器上的人")
    signals = [_of_signal(each, names) for each in signalled]
    found = [*signals, *(_of_revoked(each, names) for each in revoked)]
    shown = sorted(found, key=lambda each: each.at, reverse=True)
    more = count_signals(session, center_id, since) - len(signals) if len(signals) == _MOST else 0
    return [*shown, _rest(more, signals[-1].at)] if more else shown


def _whose(signal: SignalView) -> int | None:
    """Whose log-in a signal is about, if it is about one."""
    return next((parse_public_id(ref) for what, ref in signal.evidence if what == "identity"), None)


def _of_signal(signal: SignalView, names: Mapping[int, str]) -> Watched:
    href = url_for("people.credential_events")
    for what, ref in signal.evidence:
        if what == "proposal":
            href = url_for("audit.approval", proposal_id=parse_public_id(ref))
        elif what == "freeze":
            href = url_for("audit.freezes")
        elif what == "place":
            href = url_for("checkin.attendances", station_id=parse_public_id(ref))
    whose, text = _whose(signal), str(SIGNAL_WORDS[signal.kind])
    said = text if whose is None or whose not in names else _("%(what)s：%(name)s", what=text, name=names[whose])
    return Watched(said, signal.at, href)


def _rest(more: int, at: datetime) -> Watched:
    text = ngettext("还有 %(n)s 件更早的", "还有 %(n)s 件更早的", more, n=points(more, 0))
    return Watched(str(text), at, url_for("audit.approvals"))


def _of_revoked(event: EventView, names: dict[int, str]) -> Watched:
    text = _(
        "%(name)s 的身份收回了，%(by)s 收的", name=names.get(event.identity_id, ""), by=names.get(event.made_by, "")
    )
    return Watched(text, event.at, url_for("people.credential_events"))
