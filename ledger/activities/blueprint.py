"""The blueprint shared by all pages of activities, and its template helpers."""

from typing import Any

from flask import Blueprint
from flask_babel import gettext as _

bp = Blueprint("activities", __name__)


@bp.app_template_global()
def activity_state(status: str) -> tuple[str, str]:
    """The label and icon of an activity's status."""
    return {"draft": (_("草稿"), "look"), "approved": (_("已批准"), "ok"), "cancelled": (_("已取消"), "stop")}[status]


@bp.app_template_global()
def signup_state(status: str) -> tuple[str, str]:
    """The label and icon of a sign-up's status."""
    return {"signed_up": (_("已报名"), "ok"), "waitlisted": (_("候补"), "look"), "cancelled": (_("已取消"), "stop")}[
        status
    ]


@bp.app_template_global()
def places_left(shift: dict[str, Any]) -> str:
    """Sign-ups and capacity of a shift in words."""
    numbers = {"taken": shift["signed_up"], "capacity": shift["capacity"], "waiting": shift["waitlisted"]}
    if shift["capacity"] is None:
        return str(_("%(taken)s 人报名，不限人数", **numbers))
    if not shift["waitlisted"]:
        return str(_("%(taken)s 人报名，要 %(capacity)s 人", **numbers))
    return str(_("%(taken)s 人报名，要 %(capacity)s 人，候补 %(waiting)s 人", **numbers))
