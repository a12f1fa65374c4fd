"""What each operation is sent: an address with the keys of the tour, and a body that its schema or form accepts."""

import io
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from flask import Flask
from werkzeug.routing import Rule as Route

from ledger.kernel import clock
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.ids import public_id
from ledger.people.access import own
from ledger.people.identities import queries as identities
from ledger.people.policy import show_phone
from ledger.people.volunteers import queries as people
from ledger.points.book import entries
from ledger.points.closing import freezing
from ledger.points.closing.months import month_of
from ledger.shop import service as till
from tests.forms import PageForms
from tests.runtimes import ZONE
from tests.shop.counter import new_key
from tests.tour import Tour

Body = Any
LONGEST_CRAWL = timedelta(minutes=10)
KINDS = {
    "audit.export_bundle": "zip",
    "audit.export_journal": "hledger",
    "organisations.example": "csv",
    "organisations.export_report": "csv",
}


class Requests:
    """Makes the requests; everything that they name belongs to the tour's station, center and volunteer."""

    def __init__(self, tour: Tour) -> None:
        self.tour = tour
        self.keys: dict[str, Any] = dict(tour.keys) | self._more_keys() | {"size": self._size()}
        self.station, self.volunteer = tour.public("station_id"), tour.public("volunteer_id")
        name, number = self._person()
        self.private = (name, json.dumps(name).strip('"'), number)
        self.soon = clock.now().replace(minute=0, second=0, microsecond=0) + timedelta(days=3)

    def address(self, route: Route) -> str:
        """The address of a route."""
        keys = dict(self.keys)
        keys["kind"] = KINDS.get(route.endpoint, "csv")
        if route.endpoint == "organisations.send_new_place":
            keys["place_id"] = keys["top_id"]
        keys["reference"] = self.tour.receipt if route.endpoint.startswith("shop.") else self.tour.voucher
        if route.endpoint == "audit_api.verification":
            keys["run_id"] = keys["verification_id"]
        with self.tour.app.test_request_context():
            built = route.build({name: keys[name] for name in route.arguments})
        assert built is not None, route
        return built[1] + ("?lat=39.9&lon=116.4" if route.endpoint == "organisations_api.nearest" else "")

    def body(self, endpoint: str) -> Body:
        """The members of a JSON body or the fields of a form; empty if it needs none."""
        made: Callable[[Requests], Body] | None = BODIES.get(endpoint)
        return made(self) if made is not None else {}

    def _more_keys(self) -> dict[str, Any]:
        tour, center_id = self.tour, self.tour.world.center_id
        volunteer_id = int(tour.keys["volunteer_id"])
        [freeze] = in_snapshot(freezing.freezes, center_id)
        return {
            "center_id": center_id,
            "identity_id": tour.person("volunteer").identity_id,
            "session_id": in_snapshot(own.own_sessions, tour.person("volunteer").actor)[0].id,
            "card_id": in_snapshot(people.cards_of, volunteer_id, center_id)[0].id,
            "freeze_id": freeze.id,
            "batch_id": in_snapshot(entries.get_transfer, int(tour.keys["transfer_id"]), center_id).batch_id,
            "month": month_of(clock.now() - timedelta(days=40), ZONE),
            "code": tour.station_code(),
            "payer code": self._payer_code(),
            "rules form": self._rules_form(),
        }

    @property
    def shift(self) -> Body:
        return {
            "station_id": self.station,
            "starts_at": self.soon.isoformat(),
            "ends_at": (self.soon + timedelta(hours=2)).isoformat(),
        }

    @property
    def shift_form(self) -> Body:
        day = self.soon.astimezone(ZONE).date().isoformat()
        return {"station_id": self.station, "day": day, "starts": "09:00", "ends": "11:00"}

    @property
    def number(self) -> str:
        return self.tour.volunteer_number

    def _payer_code(self) -> str:
        """A code of the volunteer, for the till; it lasts as long as the crawl."""
        with clock.at(clock.now() + LONGEST_CRAWL):
            return str(in_transaction(till.issue_payer_code, actor=self.tour.person("volunteer").actor)["code"])

    def _person(self) -> tuple[str, str]:
        """The volunteer's full name, and their phone number without +86."""
        who, center_id = self.tour.person("volunteer").identity_id, self.tour.world.center_id
        phone = in_snapshot(identities.phone_of, who, center_id)
        return in_snapshot(identities.names_of, [who], center_id)[who], show_phone(phone or "")

    def _size(self) -> int:
        """The size of the log at a checkpoint."""
        address = f"/api/v1/centers/{public_id(self.tour.world.center_id)}/checkpoints"
        return int(self.tour.app.test_client().get(address).get_json()["items"][0]["size"])

    def _rules_form(self) -> Body:
        """The form of a new version of the rules as it is offered."""
        page = self.tour.app.test_client().get("/rules/new", headers=self.tour.person("admin").headers)
        return next(form.sent for form in PageForms(page.text).forms if form.typed)


def app_routes(app: Flask) -> list[tuple[str, Route]]:
    """Every operation as (method, route), by endpoint; static files are everybody's."""
    found = [
        (method, route)
        for route in app.url_map.iter_rules()
        if route.endpoint != "static"
        for method in (route.methods or set()) - {"HEAD", "OPTIONS"}
    ]
    return sorted(found, key=lambda each: (each[1].endpoint, each[1].rule, each[0]))


def _new_volunteer(requests: Requests) -> Body:
    return {"name": "何新来", "phone": "10001234567", "place_id": requests.station}


def _lines(requests: Requests) -> list[Body]:
    return [{"item_id": requests.tour.public("item_id"), "quantity": 1}]


def _upload(requests: Requests) -> Body:
    return {"place_id": requests.station, "file": (io.BytesIO("姓名,手机\n何新来,13800138000\n".encode()), "名单.csv")}


ITEM = {"name": "牙膏", "spec": "90 g", "category": "日用", "points": 300}
ITEM_WORDS = {"name": "牙膏", "spec": "90 g", "category": "日用", "barcode": None, "low_stock": 5}
ITEM_FORM = ITEM | {"points": "3", "low_stock": "5"}
_OLD_DAY = "2024-05-31"
BODIES: dict[str, Callable[[Requests], Body]] = {
    "activities.add_signup": lambda its: {"number": its.number},
    "activities.send_corrected_activity": lambda _: {"name": "打扫", "category": "助老"},
    "activities.send_new_activity": lambda its: {"name": "打扫", "category": "助老"} | its.shift_form,
    "activities.send_new_shift": lambda its: its.shift_form,
    "activities_api.add_shift": lambda its: its.shift,
    "activities_api.correct_activity": lambda _: {"name": "打扫", "category": "助老"},
    "activities_api.create_activity": lambda its: {"place_id": its.station, "name": "打扫", "category": "助老"},
    "activities_api.sign_up": lambda its: {"volunteer_id": its.volunteer},
    "approvals_api.approve": lambda _: {"note": "好"},
    "approvals_api.reject": lambda _: {"note": "不对"},
    "approvals_api.withdraw": lambda _: {"note": "错了"},
    "approvals_api.propose": lambda its: {
        "kind": "points.adjustment",
        "payload": {"volunteer_id": its.volunteer, "amount": 100, "cause": "missed"},
        "reason": "漏记了一次",
    },
    "audit.decide": lambda _: {"decision": "approve", "note": "好"},
    "audit.full_name": lambda _: {"reason": "核对签名"},
    "audit.prepare_expiry": lambda _: {"ends_on": _OLD_DAY},
    "audit.propose_clawback": lambda _: {"reason": "记错了"},
    "audit.propose_release": lambda _: {"reason": "到期了"},
    "audit.release_freeze": lambda _: {"note": "查过了"},
    "audit.send_adjustment": lambda its: {
        "volunteer_id": its.volunteer,
        "points": "1",
        "cause": "missed",
        "reason": "漏记了一次",
    },
    "audit.send_period": lambda its: {"event": "close", "month": its.keys["month"], "reason": "对过账"},
    "checkin.propose_hours": lambda _: {"how": "whole", "seen": "whole", "reason": "没来"},
    "checkin.decide": lambda _: {"decision": "reject", "note": "没来"},
    "checkin_api.approve": lambda its: {"ended_at": (clock.now() - timedelta(hours=1)).isoformat()},
    "checkin_api.reject": lambda _: {"note": "没来"},
    "checkin_api.scan": lambda its: {
        "client_scan_id": new_key(),
        "card": its.tour.keys["token"],
        "station_id": its.station,
    },
    "closing_api.close_period": lambda _: {"reason": "对过账"},
    "closing_api.reopen_period": lambda _: {"reason": "漏了一笔"},
    "closing_api.release_freeze": lambda _: {"note": "查过了"},
    "full_names_api.read_name": lambda _: {"reason": "核对签名"},
    "lots_api.prepare": lambda _: {"ends_on": _OLD_DAY},
    "organisations.add_member": lambda its: {"number": its.number},
    "organisations.send_corrected_place": lambda _: {"name": "新名"},
    "organisations.send_new_place": lambda _: {"kind": "institute", "name": "新所"},
    "organisations.send_new_team": lambda _: {"name": "新队"},
    "organisations.upload": _upload,
    "organisations_api.add_place": lambda its: {
        "parent_id": its.tour.public("top_id"),
        "kind": "institute",
        "name": "新所",
    },
    "organisations_api.add_team": lambda its: {"place_id": its.station, "name": "新队"},
    "organisations_api.correct_place": lambda _: {"name": "新名", "latitude": None, "longitude": None},
    "organisations_api.join_team": lambda its: {"volunteer_id": its.volunteer},
    "log_ins_api.change_password": lambda _: {"old_password": "海上升明月天涯共", "password": "白云山下有三只羊"},
    "log_ins_api.prove": lambda _: {"password": "海上升明月天涯共"},
    "people.begin_factor": lambda _: {"password": "海上升明月天涯共"},
    "people.send_lost_factor": lambda _: {"reason": "手机丢了"},
    "people.change_password": lambda _: {"old_password": "海上升明月天涯共", "password": "白云山下有三只羊"},
    "people.change_status": lambda _: {"status": "blocked"},
    "people.revoke_card": lambda its: {"volunteer_id": its.volunteer},
    "people.send_new_staff": lambda its: _new_volunteer(its) | {"role": "clerk", "household": "无"},
    "people.send_staff_household": lambda _: {"household": "柳荫018", "reason": "搬了家"},
    "people.send_new_code": lambda _: {"reason": "忘了密码"},
    "people.send_new_volunteer": _new_volunteer,
    "people.send_contact": lambda _: {"name": "王小岚", "phone": ""},
    "people_api.set_contact": lambda _: {"name": "王小岚", "phone": None},
    "people.set_household": lambda _: {"household": "柳荫018"},
    "people_api.register": _new_volunteer,
    "people_api.set_household": lambda _: {"number": "柳荫018"},
    "points_api.open_account": lambda _: {"unit": "point", "kind": "free"},
    "points_api.transfer_all": lambda _: [{"code": "test", "reason": ""}],
    "rules.send_new_version": lambda its: its.keys["rules form"],
    "rules_api.add_rule": lambda _: {"effective_from": (clock.now() + timedelta(days=1)).isoformat()},
    "shelf_api.add_item": lambda _: ITEM,
    "shelf_api.correct_item": lambda _: ITEM_WORDS,
    "shelf_api.correct_shop": lambda _: {"name": "新店", "short_name": "LY"},
    "shelf_api.open_shop": lambda its: {"place_id": its.station, "name": "新店"},
    "shelf_api.put_on_shelf": lambda _: {"on_shelf": True},
    "shelf_api.set_price": lambda _: {"points": 400},
    "shelf_api.take_in": lambda its: {"origin": "bought", "supplier": "供销社", "lines": _lines(its)},
    "shop.change_price": lambda _: {"points": "4"},
    "shop.open_or_close": lambda _: {"open": "0"},
    "shop.send_corrected_item": lambda _: ITEM_FORM,
    "shop.send_corrected_shop": lambda _: {"name": "新店", "short_name": "LY"},
    "shop.send_new_delivery": lambda its: {
        "origin": "bought",
        "supplier": "供销社",
        "item-0": its.tour.public("item_id"),
        "quantity-0": "3",
    },
    "shop.send_new_item": lambda _: ITEM_FORM,
    "shop.send_new_shop": lambda its: {"place_id": its.station, "name": "新店"},
    "shop.show_or_hide": lambda _: {"on_shelf": "1"},
    "shop.void": lambda _: {"reason": "拿错了"},
    "shop_api.open_cart": lambda its: {"shop_id": its.tour.public("shop_id"), "payer_code": its.keys["payer code"]},
    "shop_api.set_lines": lambda its: {"lines": _lines(its)},
    "shop_api.void": lambda _: {"reason": "拿错了"},
}
