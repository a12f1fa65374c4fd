"""Words for roles, in the order in which pages offer them, and for what somebody is logged in on."""

from typing import Any

from flask_babel import lazy_gettext as _

# The widest first: a head of a page names one role.
ROLE_NAMES: dict[str, Any] = {
    "admin": _("管理员"),
    "auditor": _("审计员"),
    "outside_auditor": _("外聘审计员"),
    "station_manager": _("站长"),
    "clerk": _("店员"),
    "leader": _("队长"),
    "unit_officer": _("单位经办人"),
    "merchant": _("商家"),
    "supervisor": _("监督员"),
    "observer": _("观察员"),
}
# What was done with credentials and roles.
EVENT_WORDS: dict[str, Any] = {
    "code_made": _("打了激活码"),
    "code_used": _("用激活码设了密码"),
    "password_set": _("在服务器上设了密码"),
    "password_changed": _("改了自己的密码"),
    "logged_out": _("在所有地方退出"),
    "credentials_ended": _("密码、激活码和登录作废"),
    "sessions_ended": _("激活码和登录作废"),
    "factor_made": _("打开了动态码"),
    "factor_used": _("用了动态码"),
    "factor_ended": _("动态码关掉了"),
    "factor_tried": _("密码对，动态码错了太多次：若不是本人，请马上改密码"),
    "recovery_made": _("打了备用码"),
    "recovery_used": _("用了备用码"),
    "role_granted": _("给了身份"),
    "role_revoked": _("收回了身份"),
    "renamed": _("改了登记的姓名"),
    "restored_card": _("恢复备份：之后作废的卡仍作废"),
    "restored_block": _("恢复备份：之后停用的人仍停用"),
    "restored_household": _("恢复备份：之后登记的家庭户要重新登记"),
    "restored_phone": _("恢复备份：之后改的手机号要重新改"),
    "phone_changed": _("改了登记的手机号"),
}
# Which part of a role counts at its place.
PART_WORDS: dict[str, Any] = {
    "all": _("全部都算"),
    "some": _("账本、审批和规则只在中心任命才算，这里不算"),
    "nothing": _("这个身份只在中心任命才算，这里不算"),
}
# Where somebody is logged in.
SESSION_KINDS: dict[str, Any] = {
    "phone": _("手机上的浏览器"),
    "browser": _("电脑上的浏览器"),
    "device": _("程序或设备"),
}
# What became of an attempt to log in, in the order in which the filter offers it.
ATTEMPT_OUTCOMES: dict[str, Any] = {
    "logged_in": _("登录了"),
    "wrong": _("不对，没登上"),
    "too_many": _("不对，而且次数用完了"),
    "code_needed": _("密码对，还等动态码"),
    "no_password": _("没有密码，没登上"),
    "not_here": _("密码对，但已经不在这个中心"),
}
# What somebody logged in with, or failed with.
ATTEMPT_CREDENTIALS: dict[str, Any] = {
    "password": _("密码"),
    "slip": _("激活码"),
    "factor": _("动态码"),
    "recovery": _("备用码"),
}
