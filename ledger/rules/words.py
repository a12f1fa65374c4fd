"""Names and formats of a policy's numbers, and the changes between versions."""

from dataclasses import dataclass, fields
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext

from ledger.rules import expiry_policy
from ledger.rules.policy import RuleBody
from ledger.web.formats import points

NAMES: dict[str, Any] = {
    "points_per_hour": lazy_gettext("每小时积分"),
    "early_minutes": lazy_gettext("开始前多久可以签到"),
    "late_minutes": lazy_gettext("结束后多久还能签退"),
    "shortest_stay_minutes": lazy_gettext("至少服务多久"),
    "automatic_minutes_per_day": lazy_gettext("一天自动记账最多"),
    "points_for_forgotten_check_out": lazy_gettext("忘了签退的给不给积分"),
    "annul_minutes": lazy_gettext("签到后多久内可以撤销"),
    "people_per_code": lazy_gettext("屏幕上的一个码最多几个人签到"),
    "points_expire": lazy_gettext("积分管到哪天"),
    "star_hours": lazy_gettext("星级要的小时数"),
}


@dataclass(frozen=True, slots=True)
class Change:
    """One number that a version changed; `before` is "" in the first version."""

    name: str
    before: str
    after: str


def written(body: RuleBody) -> list[tuple[str, str]]:
    """A policy as names and values, points first."""
    return [(str(NAMES[name]), _value(name, getattr(body, name))) for name in NAMES]


def changes(body: RuleBody, earlier: RuleBody | None) -> list[Change]:
    """The changes of a version; everything for the first one."""
    found = []
    for field in fields(RuleBody):
        name, now = field.name, getattr(body, field.name)
        if earlier is None or getattr(earlier, name) != now:
            before = _value(name, getattr(earlier, name)) if earlier is not None else ""
            found.append(Change(str(NAMES[name]), before, _value(name, now)))
    return found


def expiry(policy: str) -> str:
    """An expiry policy in words."""
    kind, numbers = expiry_policy.parts(policy)
    if kind == "rolling":
        return str(_("挣到的那个月起 %(n)s 个月，到月底", n=numbers[0]))
    if kind == "fixed":
        month, day, years = numbers
        when = (_("当年"), _("第二年"))[years] if years < 2 else _("%(n)s 年后", n=years)
        return str(_("%(when)s %(month)s 月 %(day)s 日", when=when, month=month, day=day))
    return str(_("一直有效"))


def expiry_choices(current: str) -> list[tuple[str, str]]:
    """Usual policies to choose from, plus the one in force."""
    usual = (expiry_policy.USUAL, "fixed:12-31+0", "fixed:12-31+2", "rolling:12", "rolling:24", "rolling:36", "never")
    named = [*usual, current] if expiry_policy.is_policy(current) else usual
    return [(policy, expiry(policy)) for policy in dict.fromkeys(named)]


def _value(name: str, value: Any) -> str:
    if name == "points_per_hour":
        return str(_("%(points)s 分", points=points(value)))
    if name == "points_for_forgotten_check_out":
        return str(_("给") if value else _("不给"))
    if name == "points_expire":
        return expiry(value)
    if name == "star_hours":
        return str(_("、")).join(str(hours) for hours in value)
    if name == "people_per_code":
        return str(_("%(n)s 人", n=value))
    return str(_("%(n)s 分钟", n=value))
