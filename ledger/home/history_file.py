"""The history in words: the same sentences for the page and the file."""

from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import get_locale
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from ledger.checkin.blueprint import change_words, changes_in_words
from ledger.home.blueprint import bp
from ledger.home.history import Happening, HistoryFilter, list_happenings
from ledger.kernel import clock
from ledger.kernel.actor import Actor
from ledger.kernel.paging import Page, PageRequest
from ledger.web.formats import minutes_words, points
from ledger.web.spreadsheets import all_rows


@bp.app_template_global()
def happening_words(happening: Happening) -> str:
    """One sentence, such as 社区巡逻 2 小时 or 柳荫积分超市，兑换 4 样."""
    if happening.attendance is not None and happening.changes:
        what = change_words(happening.reason)
        return str(_("%(activity)s，%(what)s", activity=happening.attendance.activity_name, what=what))
    if happening.attendance is not None:
        hours = minutes_words(happening.minutes, locale=str(get_locale() or "zh"))
        return str(_("%(activity)s %(hours)s", activity=happening.attendance.activity_name, hours=hours))
    if happening.redemption is not None:
        shop, lines = happening.redemption.shop_name, happening.redemption.lines
        if happening.kind == "void":
            return str(_("%(shop)s，小票作废，退回", shop=shop))
        if len(lines) == 1:
            return str(_("%(shop)s，兑换%(item)s", shop=shop, item=lines[0].name))
        return str(_("%(shop)s，兑换 %(n)s 样", shop=shop, n=len(lines)))
    plain = {"adjustment": _("调整积分"), "expiry": _("积分到期"), "clawback": _("发错的积分收回了")}
    return str(plain.get(happening.kind) or _("其他变动"))


def lines(session: Session, actor: Actor, wanted: HistoryFilter, zone: ZoneInfo) -> list[list[Any]]:
    """Rows of the file, headings first: all events that match the filter."""

    def fetch(part: PageRequest) -> Page[Happening]:
        return list_happenings(session, actor, wanted, zone, request=part)

    headings = [_("日期"), _("时间"), _("事项"), _("时长（分钟）"), _("积分"), _("小票"), _("后来改过")]
    return [headings, *(_line(each, zone) for each in all_rows(fetch))]


def _line(happening: Happening, zone: ZoneInfo) -> list[Any]:
    at = happening.recorded_at.astimezone(zone)
    return [
        at.date().isoformat(),
        f"{at:%H:%M}",
        happening_words(happening),
        happening.minutes,
        points(happening.points),
        happening.redemption.receipt if happening.redemption is not None else "",
        _changed_later(happening),
    ]


def _changed_later(happening: Happening) -> str:
    """What later took back some of it or all, with day and reason; "" if it stands."""
    if happening.was_changed:
        return changes_in_words(happening.standing)
    sale = happening.redemption
    if happening.kind != "redemption" or sale is None or sale.voided_at is None:
        return ""
    return f"{clock.local_day(sale.voided_at, clock.zone()).isoformat()} VOID"
