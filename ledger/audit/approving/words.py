"""Words for the states of a proposal, and the field of each refusal to propose."""

from typing import Any

from flask_babel import lazy_gettext

# Word and symbol of each state.
STATUS_WORDS: dict[str, tuple[Any, str]] = {
    "proposed": (lazy_gettext("等人批"), "look"),
    "approved": (lazy_gettext("批准了"), "ok"),
    "rejected": (lazy_gettext("没批准"), "stop"),
    "withdrawn": (lazy_gettext("撤回了"), "info"),
}
# Where a form shows why nothing was proposed.
PROPOSING_FIELDS = {"approvals.reason_needed": "reason", "approvals.already_proposed": "reason"}
