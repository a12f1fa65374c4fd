"""Refusals about activities, shifts and sign-ups, with what to do next."""

from ledger.kernel.errors import ErrorText, register

register(
    "activities",
    {
        "activity_not_found": ErrorText(
            404, "没有这个活动", "There is no such activity",
            "请核对活动编号", "Check the activity's id",
        ),
        "shift_not_found": ErrorText(
            404, "没有这个班次", "There is no such shift",
            "请核对班次编号", "Check the shift's id",
        ),
        "signup_not_found": ErrorText(
            404, "没有报过名", "There is no such sign-up",
            "请核对班次和志愿者", "Check the shift and the volunteer",
        ),
        "name_invalid": ErrorText(
            422, "活动名称不能用", "The activity's name can't be used",
            "请填 1 到 {most} 个字", "Give 1 to {most} characters",
        ),
        "category_invalid": ErrorText(
            422, "活动类别不能用", "The category can't be used",
            "请填 1 到 {most} 个字", "Give 1 to {most} characters",
        ),
        "status_unknown": ErrorText(
            422, "没有这种状态", "There is no such status",
            "新活动只能是草稿或者已批准", "A new activity is a draft or approved",
        ),
        "times_invalid": ErrorText(
            422, "时间不对", "The times are not valid",
            "结束要晚于开始，一个班次最长 {most_hours} 小时", "The end comes after the start, and a shift lasts at most {most_hours} hours",
        ),
        "capacity_invalid": ErrorText(
            422, "人数不对", "The capacity is not valid",
            "请填大于零的人数，不限就空着", "Give a number greater than zero, or leave it empty for no limit",
        ),
        "activity_cancelled": ErrorText(
            409, "活动已经取消", "The activity is cancelled",
            "请选别的活动", "Choose another activity",
        ),
        "activity_not_approved": ErrorText(
            409, "活动还没有批准", "The activity is not approved yet",
            "批准以后再报名", "Sign up once it is approved",
        ),
        "activity_not_draft": ErrorText(
            409, "活动不是草稿，不用再批准", "The activity is no draft",
            "刷新以后再看", "Load it again",
        ),
        "shift_cancelled": ErrorText(
            409, "班次已经取消", "The shift is cancelled",
            "请选别的班次", "Choose another shift",
        ),
        "shift_over": ErrorText(
            409, "班次已经结束", "The shift is over",
            "请选以后的班次", "Choose a later shift",
        ),
        "shift_begun": ErrorText(
            409, "班次已经开始，不能取消报名", "The shift has begun; the sign-up can't be cancelled",
            "不来的话不用做什么", "There is nothing to do if you do not come",
        ),
        "already_signed_up": ErrorText(
            409, "已经报过名", "Already signed up",
            "不用再报一次", "There is nothing to do",
        ),
        "person_blocked": ErrorText(
            403, "志愿者身份已停用，不能报名", "The volunteer is blocked and can't sign up",
            "请到站点问工作人员", "Ask the staff at the station",
        ),
    },
)  # fmt: skip
