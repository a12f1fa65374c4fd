"""Words for the states of a proposal, and the field of each refusal to propose."""

from typing import Any

from flask_babel import lazy_gettext

from ledger.approvals.desk import IN_TURN, OWES_PROPOSER, STOOD_IN

# Word and symbol of each state.
STATUS_WORDS: dict[str, tuple[Any, str]] = {
    "proposed": (lazy_gettext("等人批"), "look"),
    "approved": (lazy_gettext("批准了"), "ok"),
    "rejected": (lazy_gettext("没批准"), "stop"),
    "withdrawn": (lazy_gettext("撤回了"), "info"),
}
# What is unusual about who decided.
REMARK_WORDS: dict[str, Any] = {
    STOOD_IN: lazy_gettext("别的人都不能批，由审计员批的"),
    OWES_PROPOSER: lazy_gettext("批的人的身份或激活码，30 天内来自提的人"),
    IN_TURN: lazy_gettext("两三个人 30 天内互相批的"),
}
# Where a form shows why nothing was proposed.
PROPOSING_FIELDS = {
    "approvals.reason_needed": "reason",
    "approvals.already_proposed": "reason",
    "approvals.own_gain": "reason",
}
