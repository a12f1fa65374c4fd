"""The staff menu: one table of pages, labels and permissions. Add new staff pages here."""

from dataclasses import dataclass
from typing import Any

from flask import current_app, url_for
from flask_babel import lazy_gettext as _
from flask_babel import lazy_pgettext

from ledger.kernel.actor import Actor
from ledger.kernel.permissions import Permission


@dataclass(frozen=True, slots=True)
class Entry:
    """A page in the menu, for holders of one of the permissions at any place."""

    endpoint: str
    label: Any
    permissions: tuple[Permission, ...]


# In display order. Pages that the actor may not use, or that aren't registered, are left out.
STAFF_MENU = (
    Entry("audit.console", _("总览"), (Permission.READ_BOOKS,)),
    Entry("home.day", _("今天"), (Permission.MANAGE_ACTIVITIES, Permission.CHECK_IN_OTHERS)),
    Entry("checkin.scan_page", _("签到"), (Permission.CHECK_IN_OTHERS,)),
    Entry("shop.till", _("兑换"), (Permission.TILL,)),
    Entry("shop.receipts", lazy_pgettext("many", "小票"), (Permission.TILL, Permission.READ_BOOKS)),
    Entry("checkin.reviews", _("待审"), (Permission.REVIEW,)),
    Entry("audit.approvals", _("审批"), (Permission.PROPOSE, Permission.DECIDE, Permission.READ_BOOKS)),
    Entry("activities.list_activities", lazy_pgettext("many", "活动"), (Permission.MANAGE_ACTIVITIES,)),
    Entry("people.volunteers", lazy_pgettext("many", "志愿者"), (Permission.MANAGE_VOLUNTEERS,)),
    Entry("shop.shelf", _("货架"), (Permission.MANAGE_SHOP, Permission.GOODS_IN, Permission.READ_BOOKS)),
    Entry("organisations.places", lazy_pgettext("many", "站点"), (Permission.MANAGE_PLACES,)),
    Entry("people.staff", _("人员"), (Permission.MANAGE_STAFF,)),
    Entry("audit.trial_balance", _("账本"), (Permission.READ_BOOKS,)),
    Entry("rules.versions", _("规则"), (Permission.MANAGE_RULES, Permission.READ_BOOKS)),
)
# For staff who volunteer too: the way to their own points.
OWN = Entry("home.mine", _("我的"), (Permission.OWN_RECORD,))


def staff_nav(actor: Actor | None, path: str) -> list[dict[str, Any]]:
    """The menu of an actor who is at `path`: [{"label", "href", "current"}], empty for a volunteer or a stranger.

    The current entry is the one with the longest address that is a prefix of the path: /volunteers/new belongs to
    /volunteers.
    """
    if actor is None:
        return []
    menu = [entry for entry in STAFF_MENU if _usable(entry, actor)]
    if menu and _usable(OWN, actor):
        menu.append(OWN)
    entries = [(entry.label, url_for(entry.endpoint)) for entry in menu]
    here = [href for _label, href in entries if path == href or path.startswith(href.rstrip("/") + "/")]
    current = max(here, key=len, default="")
    return [{"label": label, "href": href, "current": href == current} for label, href in entries]


def _usable(entry: Entry, actor: Actor) -> bool:
    return entry.endpoint in current_app.view_functions and any(actor.may_somewhere(each) for each in entry.permissions)
