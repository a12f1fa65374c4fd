"""The blueprint shared by all check-in pages, and the words their templates need."""

from flask import Blueprint
from flask_babel import gettext as _
from flask_babel import lazy_gettext

from ledger.kernel import clock
from ledger.points.corrections.standing import Standing
from ledger.web.formats import points

bp = Blueprint("checkin", __name__)

STATUS_WORDS = {
    "OPEN": (lazy_gettext("正在服务"), "info"),
    "CLOSED": (lazy_gettext("已签退"), "info"),
    "PENDING": (lazy_gettext("待审"), "look"),
    "CONFIRMED": (lazy_gettext("已记账"), "ok"),
    "REJECTED": (lazy_gettext("没通过"), "stop"),
    "VOID": (lazy_gettext("已作废"), "stop"),
}
REVIEW_REASONS = {
    "AUTO_CLOSED": lazy_gettext("忘了签退"),
    "PERSON_BLOCKED": lazy_gettext("停用以后才签退"),
    "DAILY_LIMIT_REVIEW": lazy_gettext("超过一天的上限"),
    "CORRECTED": lazy_gettext("时长改过"),
}
# By the reason of the batch that changed what an attendance had posted.
_CHANGES = {
    "clawback": lazy_gettext("发错的积分收回了"),
    "hours_corrected": lazy_gettext("时长改过"),
    "hours_taken_back": lazy_gettext("时长和积分收回了"),
}
_METHODS = {
    "screen": lazy_gettext("扫站里屏幕上的码"),
    "paper": lazy_gettext("扫墙上贴的码"),
    "card": lazy_gettext("刷卡"),
    "number": lazy_gettext("输号码"),
}


@bp.app_template_global()
def attendance_state(status: str) -> tuple[str, str]:
    """Word and symbol of an attendance's status."""
    word, sign = STATUS_WORDS[status]
    return str(word), sign


@bp.app_template_global()
def review_reason(reason: str | None) -> str:
    """Why an attendance waits for review."""
    return str(REVIEW_REASONS.get(reason or "", _("要人看一看")))


@bp.app_template_global()
def scan_method(method: str) -> str:
    """Word for the method of a scan."""
    return str(_METHODS[method])


@bp.app_template_global()
def change_words(reason: str) -> str:
    """What changed an attendance's posting, by the code of the reason."""
    return str(_CHANGES.get(reason, _("账上改过")))


def changes_in_words(standing: Standing | None) -> str:
    """What changed a posting later, for a cell of a file: day, code of the reason, minutes and points of each."""
    if standing is None:
        return ""
    return str(_("；")).join(
        f"{clock.local_day(each.at, clock.zone()).isoformat()} {each.reason.upper()} "
        f"{points(each.minutes, 0, sign=True)} / {points(each.points, sign=True)}"
        for each in standing.changes
    )
