"""Words for verifications: the steps, the kinds of row, what is compared."""

from datetime import datetime
from typing import Any

from flask_babel import lazy_gettext as _

from ledger.audit.checks.finding import Difference, Value
from ledger.kernel import clock
from ledger.kernel.ids import public_id
from ledger.points.policy import POINT, POINT_SCALE
from ledger.web.formats import points

STEP_WORDS: dict[str, Any] = {
    "against": _("和外面留的封存点比"),
    "waiting": _("核对封存有没有漏"),
    "seals": _("逐叶重算封存"),
    "checkpoints": _("核对封存点签名"),
    "chains": _("逐户重算余额"),
    "lots": _("核对每份积分"),
    "kinds": _("核对账户种类"),
    "transfers": _("核对流水"),
    "attendances": _("核对出勤"),
    "redemptions": _("核对兑换"),
    "deliveries": _("核对入库"),
    "receipts": _("核对小票号"),
    "redeemed": _("核对各店已兑"),
    "sources": _("核对凭证"),
    "approvals": _("核对两人审批"),
    "expiry": _("核对到期"),
    "periods": _("核对已关的月份"),
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
    "lot": _("一份积分"),
    "proposal": _("申请"),
    "expiry_run": _("到期批次"),
    "leaf": _("第 %(n)s 片叶"),
    "tree_node": _("树的第 %(n)s 个节点"),
    "block": _("第 %(n)s 块"),
    "checkpoint": _("%(n)s 片叶的封存点"),
    "seal_key": _("签名钥匙"),
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
    "debt_overpaid": _("还的比欠的多"),
    "refund_differs": _("退的和原来的对不上"),
    "account_kind": _("账户的种类和记法不符"),
    "kind_misused": _("这种事不能动这种账户"),
    "unit_total": _("全部余额加起来不是零"),
    "lot_remaining": _("一份积分剩下的数"),
    "lot_held": _("一份积分占用的数"),
    "lot_extended": _("一份积分延期没有依据"),
    "lots_balance": _("各份积分剩下的和余额不同"),
    "lots_held": _("各份积分占用的和账户占用不同"),
    "lots_debited": _("从各份扣的和流水不同"),
    "lots_credited": _("给各份加的和流水不同"),
    "lot_use_elsewhere": _("动了别人的或不存在的一份"),
    "lot_origin": _("一份积分没有来历"),
    "lot_minted": _("退回时新造了一份，没退到原来那份"),
    "lot_given_back": _("退回一份的比当初拿的多"),
    "lot_dates": _("一份积分的日子和来历不符"),
    "approved_alone": _("没有另一个人同意"),
    "adjustment_posted": _("调整记账的数和批准的不同"),
    "expiry_not_released": _("到期没有放行"),
    "expired_too_early": _("没到日子就到期了"),
    "expiry_differs": _("到期的流水和那一份对不上"),
    "expiry_sum": _("到期合计和记的不同"),
    "period_closed": _("记进了已关的月份"),
    "log_shorter": _("现在的封存比外面留的短，可能放回了旧文件"),
    "log_differs": _("同样多叶时的树根和留的不同，历史被改写过"),
    "outside_key": _("外面留的封存点不是这里任何一把钥匙签的"),
    "leaf_missing": _("叶不见了"),
    "leaf_without_batch": _("叶的批次不见了"),
    "leaf_differs": _("批次和封存时不同"),
    "leaf_without_block": _("叶不在任何一块里"),
    "sealed_twice": _("同一批次封了两次"),
    "slipped_in": _("批次是后来塞进去的，记账时间早于前一块封存"),
    "batch_without_leaf": _("批次该封存了却没有封"),
    "waits_for_nothing": _("等着封存的批次不存在或已经封过"),
    "block_order": _("块的次序"),
    "block_root": _("块的树根和按叶重算的不同"),
    "block_times": _("块的时间和里面批次的不同"),
    "block_late": _("块有没有迟到的批次"),
    "folded_balance": _("封存时留的余额"),
    "node": _("节点和按叶重算的不同"),
    "node_count": _("节点的个数"),
    "checkpoint_missing": _("封存点不见了"),
    "checkpoint_without_block": _("没有这一块的封存点"),
    "checkpoint_signature": _("封存点的签名不对"),
    "checkpoint_size": _("封存点签的叶数不同"),
    "checkpoint_root": _("封存点签的树根和重算的不同"),
    "key_not_named": _("前一把钥匙没有指定这一把"),
}


# Their rows are known by a meaningful number, not by a key.
COUNTED_TABLES = ("leaf", "tree_node", "block", "checkpoint")


def difference_words(difference: Difference) -> str:
    """One sentence with the row, what was compared, and the expected and found values."""
    said = row_words(difference)
    if difference.expected is None and difference.found is None:
        return said
    expected, found = (_value(value, difference.unit) for value in (difference.expected, difference.found))
    return said + str(_("，应是 %(expected)s，记的是 %(found)s", expected=expected, found=found))


def row_words(difference: Difference) -> str:
    """The row and what was compared; works outside the application too."""
    table, row_id = TABLE_WORDS[difference.table], difference.row_id
    if difference.table in COUNTED_TABLES:
        what = str(table) % {"n": row_id}
    else:
        what = f"{table} {public_id(row_id)}" if row_id else str(table)
    return str(_("%(row)s：%(check)s", row=what, check=CHECK_WORDS[difference.check]))


def _value(value: Value, unit: str) -> str:
    if value is None:
        return str(_("没有"))
    if isinstance(value, datetime):
        return f"{value.astimezone(clock.zone()):%Y-%m-%d %H:%M:%S}"
    if isinstance(value, int) and unit:
        return points(value, POINT_SCALE if unit == POINT else 0)
    return str(value)
