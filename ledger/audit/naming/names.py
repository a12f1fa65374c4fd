"""Names of accounts and people: the ledger stores only keys, names are added when they are shown."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from flask_babel import gettext as _
from flask_babel import lazy_gettext
from sqlalchemy.orm import Session

from ledger.audit.naming.causes import cause_words
from ledger.kernel.types import table_of
from ledger.people.identities import queries as identities
from ledger.people.models import Volunteer
from ledger.people.policy import mask_name
from ledger.people.volunteers import queries as people
from ledger.points.policy import MINUTE, POINT, AccountKey
from ledger.shop.models import Item, Shop

KIND_WORDS: dict[str, Any] = {
    "member": lazy_gettext("志愿者"),
    "stock": lazy_gettext("在库"),
    "free": lazy_gettext("自由账户"),
    "service": lazy_gettext("服务时长"),
    "issuance": lazy_gettext("发放"),
    "redeemed": lazy_gettext("已兑"),
    "handed_out": lazy_gettext("已领走"),
    "bought": lazy_gettext("采购"),
    "donated": lazy_gettext("捐赠"),
    "scrap": lazy_gettext("以废代捐"),
    "debt": lazy_gettext("欠账"),
    "clawback": lazy_gettext("收回"),
    "breakage": lazy_gettext("到期"),
    "adjustment": lazy_gettext("调整"),
}
CODE_WORDS: dict[str, Any] = {
    "hours": lazy_gettext("服务时长"),
    "award": lazy_gettext("发积分"),
    "redemption": lazy_gettext("兑换"),
    "handed_out": lazy_gettext("领走"),
    "goods_in": lazy_gettext("入库"),
    "expiry": lazy_gettext("到期"),
    "clawback": lazy_gettext("收回"),
    "debt_paid": lazy_gettext("还欠账"),
    "adjustment": lazy_gettext("调整"),
}
TRANSFER_KIND_WORDS: dict[str, Any] = {
    "posted": lazy_gettext("入账"),
    "pending": lazy_gettext("占用"),
    "post": lazy_gettext("确认"),
    "void": lazy_gettext("放掉"),
    "expire": lazy_gettext("过时放掉"),
}
_OF_MEMBERS, _OF_SHOPS = ("member", "debt"), ("stock", "redeemed", "handed_out", "bought", "donated", "scrap")
_volunteer, _shop, _item = table_of(Volunteer), table_of(Shop), table_of(Item)


@dataclass(frozen=True, slots=True)
class PersonName:
    """A person as shown in the books: masked name, with the volunteer number if there is one."""

    masked_name: str
    number: str

    @property
    def text(self) -> str:
        """For example 王*兰 00462179."""
        return f"{self.masked_name} {self.number}".strip()


@dataclass(frozen=True, slots=True)
class AccountName:
    """Name of an account, and what it counts."""

    text: str
    kind: str
    unit: str


def account_names(session: Session, keys: Iterable[AccountKey], center_id: int) -> dict[AccountKey, AccountName]:
    """Names by account, such as 王*兰 00462179, 柳荫积分超市 已兑, 发放."""
    wanted = set(keys)
    members = volunteer_names(session, {key.owner_id for key in wanted if key.kind in _OF_MEMBERS}, center_id)
    shops = _shop_names(session, {key.owner_id for key in wanted if key.kind in _OF_SHOPS}, center_id)
    units = unit_names(session, {key.unit for key in wanted}, center_id)
    names = {}
    for key in wanted:
        kind = str(KIND_WORDS.get(key.kind, key.kind))
        owner = members[key.owner_id].text if key.owner_id in members else shops.get(key.owner_id, "")
        if key.kind == "adjustment":
            owner = cause_words(key.owner_id)
        text = owner if key.kind == "member" and owner else f"{owner} {kind}".strip()
        names[key] = AccountName(text, kind, units[key.unit])
    return names


def unit_names(session: Session, units: Iterable[str], center_id: int) -> dict[str, str]:
    """Names of units: 分, 分钟, or the item with its size."""
    wanted = set(units)
    query = sa.select(_item.c.unit, _item.c.name, _item.c.spec).where(
        _item.c.center_id == center_id, _item.c.unit.in_(wanted - {POINT, MINUTE})
    )
    items = {row.unit: f"{row.name} {row.spec}".strip() for row in session.execute(query)}
    fixed = {POINT: _("分"), MINUTE: _("分钟")}
    return {unit: fixed.get(unit) or items.get(unit, unit) for unit in wanted}


def goods_names(session: Session, units: Iterable[str], center_id: int) -> dict[str, tuple[str, str]]:
    """Name and shop by unit of goods."""
    query = (
        sa.select(_item.c.unit, _item.c.name, _item.c.spec, _shop.c.name.label("shop"))
        .join(_shop, sa.and_(_shop.c.center_id == _item.c.center_id, _shop.c.id == _item.c.shop_id))
        .where(_item.c.center_id == center_id, _item.c.unit.in_(set(units)))
    )
    return {row.unit: (f"{row.name} {row.spec}".strip(), row.shop) for row in session.execute(query)}


def volunteer_names(session: Session, volunteer_ids: Iterable[int], center_id: int) -> dict[int, PersonName]:
    """Masked names with numbers by volunteer."""
    wanted = set(volunteer_ids)
    names = people.masked_names(session, wanted, center_id)
    query = sa.select(_volunteer.c.id, _volunteer.c.number).where(
        _volunteer.c.center_id == center_id, _volunteer.c.id.in_(wanted)
    )
    return {row.id: PersonName(names[row.id], row.number) for row in session.execute(query)}


def identity_names(session: Session, identity_ids: Iterable[int], center_id: int) -> dict[int, PersonName]:
    """Masked names by identity, with the number of those who are volunteers here; erased people are left out."""
    wanted = set(identity_ids)
    query = sa.select(_volunteer.c.identity_id, _volunteer.c.number).where(
        _volunteer.c.center_id == center_id, _volunteer.c.identity_id.in_(wanted)
    )
    numbers = {row.identity_id: row.number for row in session.execute(query)}
    names = identities.names_of(session, wanted, center_id)
    return {
        identity_id: PersonName(mask_name(name), numbers.get(identity_id, "")) for identity_id, name in names.items()
    }


def _shop_names(session: Session, shop_ids: Iterable[int], center_id: int) -> dict[int, str]:
    query = sa.select(_shop.c.id, _shop.c.name).where(_shop.c.center_id == center_id, _shop.c.id.in_(set(shop_ids)))
    return {row.id: row.name for row in session.execute(query)}
