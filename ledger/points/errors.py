"""Refusals of the ledger, named as in the field, with what to do next."""

from ledger.kernel.errors import ErrorText, register

register(
    "points",
    {
        "amount_must_be_positive": ErrorText(
            422, "数目要大于零", "The amount must be greater than zero",
            "请填一个大于零的整数（最小单位）", "Give a positive integer in minor units",
        ),
        "accounts_must_be_different": ErrorText(
            422, "转出和转入是同一个账户", "Debit and credit are the same account",
            "请换一个账户", "Choose two accounts",
        ),
        "accounts_must_have_the_same_unit": ErrorText(
            422, "两个账户的单位不同", "The accounts count different units",
            "请选同一单位的账户", "Choose two accounts of one unit",
        ),
        "account_not_found": ErrorText(
            404, "没有这个账户", "There is no such account",
            "请核对账户编号", "Check the account id",
        ),
        "account_closed": ErrorText(
            422, "账户已经销户", "The account is closed",
            "请用别的账户", "Use another account",
        ),
        "exceeds_credits": ErrorText(
            422, "余额不够：要 {amount}，可用 {available}", "Not enough: {amount} wanted, {available} available",
            "请减少数目，什么也没有动", "Lower the amount; nothing was moved",
        ),
        "exceeds_debits": ErrorText(
            422, "还的比欠的多", "More is paid than is owed",
            "请减少数目，什么也没有动", "Lower the amount; nothing was moved",
        ),
        "not_an_award": ErrorText(
            422, "这一笔不是发给个人的积分", "That transfer is no award to a member",
            "请选一笔发放；别的用冲回或者调整", "Choose an award; use a reversal or an adjustment for others",
        ),
        "expiry_run_not_found": ErrorText(
            404, "没有这一次到期处理", "There is no such run of expiry",
            "请核对编号", "Check the id",
        ),
        "expiry_wrong_state": ErrorText(
            409, "这一次到期处理已经放行或者作废", "That run of expiry has been released or dropped already",
            "请看它现在的状态，要处理别的请另做一次", "Look at its state; prepare another run for others",
        ),
        "expiry_too_early": ErrorText(
            422, "还在宽限期里，最晚只能处理到 {last_day} 到期的", "Still within the grace: at present up to {last_day}",
            "请选这一天或者更早", "Choose that day or an earlier one",
        ),
        "nothing_expires": ErrorText(
            422, "到这一天没有要到期的积分", "No points have ended by that day",
            "不用处理", "There is nothing to do",
        ),
        "already_posted": ErrorText(
            409, "这件事已经记过账", "This event has been posted before",
            "请查已有的那一批，不要再记", "Look at the batch that is there; do not post it again",
        ),
        "pending_transfer_not_found": ErrorText(
            404, "没有这笔占用", "There is no such pending transfer",
            "请核对编号", "Check the id",
        ),
        "pending_transfer_not_pending": ErrorText(
            422, "这一笔不是占用", "That transfer is not pending",
            "只有占用可以确认或者放掉", "Only a pending transfer can be posted or voided",
        ),
        "pending_transfer_already_posted": ErrorText(
            409, "这笔占用已经确认", "The pending transfer has been posted",
            "要撤回请用冲回", "Use a reversal to take it back",
        ),
        "pending_transfer_already_voided": ErrorText(
            409, "这笔占用已经放掉", "The pending transfer has been voided",
            "请重新占用", "Hold again",
        ),
        "pending_transfer_expired": ErrorText(
            409, "这笔占用已经过时", "The pending transfer has expired",
            "请重新占用", "Hold again",
        ),
        "pending_transfer_not_expired": ErrorText(
            409, "这笔占用还没有过时", "The pending transfer has not expired yet",
            "要提前放掉请用撤销", "Void it to release it earlier",
        ),
        "exceeds_pending_transfer_amount": ErrorText(
            422, "确认的数目比占用的多", "More is posted than was held",
            "请填不多于占用的数目", "Post at most what was held",
        ),
        "already_reversed": ErrorText(
            409, "这一笔已经冲回", "The transfer has been reversed",
            "一笔只能冲回一次", "A transfer can be reversed once",
        ),
        "transfer_not_correctable": ErrorText(
            422, "这一笔不能冲回或者退", "That transfer can't be reversed or refunded",
            "只有记了账、自己不是冲回也不是退回的才可以", "Only one that was posted and is no correction itself can be",
        ),
        "correction_must_mirror": ErrorText(
            422, "冲回和退回要和原来那一笔方向相反，冲回还要一样多", "A correction must go the other way; a reversal also in the whole amount",
            "请把两个账户对调，冲回填原来的数目", "Swap the two accounts; reverse the amount of the original",
        ),
        "exceeds_refundable": ErrorText(
            422, "退得太多：要 {amount}，还能退 {refundable}", "Too much: {amount} wanted, {refundable} can still be refunded",
            "请减少数目，什么也没有动", "Lower the amount; nothing was moved",
        ),
        "approval_needed": ErrorText(
            403, "这个账户不能手工记账", "This account takes no transfer by hand",
            "请走两人审批的调整", "Use an adjustment, which takes two people",
        ),
        "pending_transfer_has_different_debit_account_id": ErrorText(
            422, "转出账户和占用时的不同", "The debit account is not that of the pending transfer",
            "请去掉账户，或者写占用时的账户", "Leave it out, or give that of the pending transfer",
        ),
        "pending_transfer_has_different_credit_account_id": ErrorText(
            422, "转入账户和占用时的不同", "The credit account is not that of the pending transfer",
            "请去掉账户，或者写占用时的账户", "Leave it out, or give that of the pending transfer",
        ),
        "exists": ErrorText(
            409, "这一笔已经记过，内容一样", "The same transfer has been booked under this name",
            "不用再记，请看已有的那一笔", "Nothing needs to be done: look at the one that is there",
        ),
        **{
            f"exists_with_different_{part}": ErrorText(
                409, f"这个名字已经记过一笔，{zh}不同", f"Another transfer has this name: its {en} differs",
                "请换一个名字，或者核对已有的那一笔", "Choose another name, or check the one that is there",
            )
            for part, zh, en in (
                ("kind", "种类", "kind"), ("pending_id", "占用", "pending transfer"),
                ("timeout_seconds", "占用的时间", "timeout"), ("debit_account_id", "转出账户", "debit account"),
                ("credit_account_id", "转入账户", "credit account"), ("amount", "数目", "amount"),
                ("unit", "单位", "unit"), ("code", "事由代码", "code"),
            )
        },
        "linked_event_failed": ErrorText(
            422, "同一串里有一笔没成，这一笔也没记", "Another transfer of the chain was refused, so this one is not booked",
            "请看同一串里有自己原因的那一笔", "Look at the one of the chain that has a code of its own",
        ),
        "linked_event_chain_open": ErrorText(
            422, "最后一笔还写着和下一笔相连", "The last transfer says that it is linked with a next one",
            "请把最后一笔的 linked 去掉", "Leave out linked on the last one of a chain",
        ),
        "center_not_found": ErrorText(
            404, "没有这个中心", "There is no such center",
            "请核对中心的编号", "Check the id of the center",
        ),
        "unit_unknown": ErrorText(
            422, "没有这个单位", "There is no such unit",
            "请先在本中心建立这个单位", "Add the unit to the center first",
        ),
        "transfer_not_found": ErrorText(
            404, "没有这笔流水", "There is no such transfer",
            "请核对编号", "Check the id",
        ),
        "batch_not_found": ErrorText(
            404, "没有这个批次", "There is no such batch",
            "请核对编号", "Check the id",
        ),
        "period_locked": ErrorText(
            422, "{month} 已经关账，不能再往里记", "{month} is closed and takes no posting",
            "请记在还开着的月份，写明改的是哪一笔；确实要改那个月，就请管理员提出重新打开", "Post in the open period with a reference to what it corrects; or have the month reopened by two people",
        ),
        "period_invalid": ErrorText(
            422, "月份写得不对", "That is no month",
            "请写成 2026-05 这样", "Write it as 2026-05",
        ),
        "period_not_over": ErrorText(
            422, "{month} 还没过完，不能关账", "{month} is not over yet and can't be closed",
            "请等到下个月再关", "Close it once the month is over",
        ),
        "period_not_next": ErrorText(
            422, "前面的月份还没有关账", "An earlier month is still open",
            "请先关 {expected}，一个月一个月地关", "Close {expected} first, one month after the other",
        ),
        "period_closed": ErrorText(
            409, "{month} 已经关账了", "{month} is closed already",
            "不用再关", "There is nothing left to close",
        ),
        "period_not_last": ErrorText(
            422, "只有最后关的那个月能重新打开", "Only the month that was closed last can be reopened",
            "请先重新打开 {last}", "Reopen {last} first",
        ),
        "period_not_closed": ErrorText(
            409, "{month} 没有关账，本来就开着", "{month} is not closed",
            "直接记账就行", "It takes postings as it is",
        ),
        "ledger_frozen": ErrorText(
            503, "账本冻结了，现在不能记账", "The books are frozen and take no posting now",
            "核对发现账对不上，管理员和审计员正在查。没记上的签退，请站里的人记下走的时间，解冻以后补上", "A check found that they differ, and an administrator and an auditor are looking. Send the same once more after the release; who could not check out tells the station when they left",
        ),
        "freeze_not_found": ErrorText(
            404, "没有这次冻结", "There is no such freeze",
            "请从冻结记录里找", "Look for it in the list of freezes",
        ),
        "freeze_released": ErrorText(
            409, "这次冻结已经解除", "The freeze has been released",
            "账本已经能记账，不用再签", "The books take postings again; nothing is left to sign",
        ),
        "release_signed": ErrorText(
            409, "您这一方已经签过字", "Your side has signed already",
            "还差另一方：管理员和审计员各签一次", "The other side is missing: an administrator and an auditor each sign once",
        ),
        "release_needs_another": ErrorText(
            403, "解冻要两个不同的人", "A release takes two different people",
            "您已经签过一次，请另一个人来签", "You have signed already; somebody else must sign too",
        ),
        "release_same_household": ErrorText(
            403, "解冻要两户的人来签", "A release takes people of two households",
            "您和签过字的人登记在同一户，请另一个人来签。户登记错了，请别人先在志愿者的页面上改", "You are registered in one household with somebody who has signed; somebody else must sign. If the register is wrong, have somebody else correct it on the volunteer's page first",
        ),
        "release_note_needed": ErrorText(
            422, "还没有写查到了什么", "Say what was found",
            "请写清楚差在哪、怎么处理的，再签字", "Say what differed and what was done about it, then sign",
        ),
        "adjustment_zero": ErrorText(
            422, "调整的数不能是零", "An adjustment of zero changes nothing",
            "加分填正数，减分填负数", "Give a positive amount to add, a negative one to take away",
        ),
        "not_sealed_yet": ErrorText(
            409, "这一批还没封存", "The batch is not sealed yet",
            "过几分钟再看，封存好了就有证明", "Ask again in a few minutes; it has a proof once it is sealed",
        ),
        "checkpoint_not_found": ErrorText(
            404, "没有这个封存点", "There is no such checkpoint",
            "请看封存点的列表", "Look at the list of checkpoints",
        ),
        "not_in_checkpoint": ErrorText(
            422, "这个封存点只到第 {size} 号，这一批在后面，是第 {leaf_number} 号", "That checkpoint ends with no. {size}; the batch came later, as no. {leaf_number}",
            "请换一个更新的封存点", "Choose a later checkpoint",
        ),
        "beyond_checkpoint": ErrorText(
            422, "这个封存点只到第 {size} 号", "That checkpoint ends with no. {size}",
            "请从不晚于它的封存点比起", "Compare from a checkpoint that is not later",
        ),
    },
)  # fmt: skip
