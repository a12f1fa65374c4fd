"""The words of a verification: its steps, the rows it looks at, what it compares."""

from datetime import datetime
from typing import Any

from flask_babel import format_datetime
from flask_babel import lazy_gettext as _

from ledger.audit.checks.finding import Difference, Value
from ledger.kernel.ids import public_id
from ledger.points.policy import POINT, POINT_SCALE
from ledger.web.formats import points

STEP_WORDS: dict[str, Any] = {
    "chains": _("逐户重算余额"),
    "transfers": _("核对流水"),
    "attendances": _("核对出勤"),
    "redemptions": _("核对兑换"),
    "deliveries": _("核对入库"),
    "receipts": _("核对小票号"),
    "redeemed": _("核对各店已兑"),
    "sources": _("核对凭证"),
}
TABLE_WORDS: dict[str, Any] = {
    "account": _("账户"),
    "transfer": _("流水"),
    "batch": _("批次"),
    "unit": _("单位"),
    "attendance": _("出勤"),
    "redemption": _("兑换"),
    "shop": _("超市"),
    "goods_in": _("入库单"),
}
CHECK_WORDS: dict[str, Any] = {
    "debits_pending": _("账户上占用的数"),
    "debits_posted": _("账户上支出的数"),
    "credits_pending": _("账户上待收的数"),
    "credits_posted": _("账户上收入的数"),
    "version": _("账户变动的次数"),
    "last_recorded_at": _("账户最后变动的时间"),
    "side_without_account": _("流水的账户不见了"),
    "version_chain": _("流水在账户里的次序"),
    "balance_after": _("流水记的变动后余额"),
    "held_after": _("流水记的变动后占用"),
    "time_runs_back": _("流水的时间比前一笔早"),
    "below_zero": _("可用的数少于零"),
    "side_does_not_fit": _("流水和账户对不上"),
    "unit_unbalanced": _("借方和贷方不等"),
    "resolution_differs": _("确认或放掉的和占用的对不上"),
    "resolved_twice": _("一笔占用了结了不止一次"),
    "reversal_differs": _("冲回的和原来的对不上"),
    "reversed_twice": _("一笔冲回了不止一次"),
    "refunded_too_much": _("退的比原来的多"),
    "batch_differs": _("流水和批次对不上"),
    "batch_empty": _("批次里没有流水"),
    "scan_differs": _("扫码的人和出勤的人不同"),
    "came_at": _("签到时间和扫码时间不同"),
    "left_at": _("签退时间和扫码时间不同"),
    "rule_missing": _("认定了却没有规则或签退时间"),
    "minutes_by_rule": _("时长和按规则算的不同"),
    "points_by_rule": _("积分和按规则算的不同"),
    "attendance_posted": _("记账的数和认定的数不同"),
    "award_missing": _("认定了却没有记账"),
    "redemption_total": _("小票合计和各行之和不同"),
    "line_points": _("小票一行的分和单价乘数量不同"),
    "line_transfer": _("小票一行和它的流水对不上"),
    "redemption_posted": _("兑换记账的数和小票不同"),
    "redemption_held": _("兑换占用的数和购物车不同"),
    "receipt_time": _("小票时间和记账时间不同"),
    "receipt_balance": _("小票上的余额和账上不同"),
    "receipt_gap": _("小票号断了"),
    "receipt_counter": _("小票号数到的数不对"),
    "redeemed": _("超市已兑的分和小票合计不同"),
    "delivered": _("入库记账的数和入库单不同"),
    "source_missing": _("批次的来由不见了"),
}


def difference_words(difference: Difference) -> str:
    """One sentence that names the row, what was compared, what it should be and what it is."""
    row = f" {public_id(difference.row_id)}" if difference.row_id else ""
    what = f"{TABLE_WORDS[difference.table]}{row}"
    said = str(_("%(row)s：%(check)s", row=what, check=CHECK_WORDS[difference.check]))
    if difference.expected is None and difference.found is None:
        return said
    expected, found = (_value(value, difference.unit) for value in (difference.expected, difference.found))
    return said + str(_("，应是 %(expected)s，记的是 %(found)s", expected=expected, found=found))


def _value(value: Value, unit: str) -> str:
    if value is None:
        return str(_("没有"))
    if isinstance(value, datetime):
        return str(format_datetime(value, "yyyy-MM-dd HH:mm:ss"))
    if isinstance(value, int) and unit:
        return points(value, POINT_SCALE if unit == POINT else 0)
    return str(value)
