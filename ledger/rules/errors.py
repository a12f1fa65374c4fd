"""Refusals of the rules."""

from ledger.kernel.errors import ErrorText, register

register(
    "rules",
    {
        "none_in_force": ErrorText(
            422, "那时候还没有积分规则", "No rule was in force at that time",
            "请管理员先定一版规则，写明从哪天起", "Ask the administrator to set a version and the day it starts",
        ),
        "not_later": ErrorText(
            422, "新版规则要比上一版晚起", "A new version must start later than the last one",
            "请填晚于{last_moment}的时间", "Choose a start after {last_moment}",
        ),
        "body_invalid": ErrorText(
            422, "规则里的数不对：{field}", "The policy has a wrong number: {field}",
            "请改成不小于零的整数；星级要一级比一级高", "Use an integer of zero or more; each star needs more hours than the one before",
        ),
        "version_not_found": ErrorText(
            404, "没有这一版规则", "There is no such version",
            "请核对版本号", "Check the version",
        ),
    },
)  # fmt: skip
