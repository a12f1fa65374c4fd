"""A center with one of everything, so that every page has something to show, and the people who see it."""

import io
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from ledger.activities import queries as activities
from ledger.app import APPROVALS
from ledger.approvals import service as approvals
from ledger.checkin import codes, service
from ledger.checkin.commands import ScanCommand
from ledger.checkin.earnings import PURPOSE as VOUCHER
from ledger.kernel import clock
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.ids import parse_public_id, public_id
from ledger.kernel.paging import PageRequest
from ledger.kernel.references import make_reference
from ledger.organisations import service as organisations
from ledger.people.access import attempts
from ledger.people.access.attempts import Seen
from ledger.people.access.sessions import roles_of
from ledger.points.book.queries import accounts_by_key
from ledger.points.closing import freezing
from ledger.points.closing.months import month_of
from ledger.points.expiry import service as expiry
from ledger.points.models import Transfer
from ledger.points.policy import POINT, AccountKey
from ledger.points.sealing.service import seal
from ledger.shop.delivery_queries import list_deliveries
from ledger.shop.presenter import receipt_reference
from tests.browsing import Browser
from tests.runtimes import ZONE
from tests.shop.counter import Counter, give_points
from tests.world import Person, World

# Pages show data as entered, so English pages may contain these in Chinese.
DATA = (
    *("演示中心", "柳荫站", "柳荫积分超市", "红马甲巡逻队", "社区巡逻", "治安", "供销社", "名单.csv", "不认识的队"),
    *("演示区", "东北大米", "洗衣液", "粮油", "5 kg/袋", "王桂兰", "王*兰", "李秀英", "李*英"),
    *("周店员", "周*员", "吴站长", "吴*长", "郑管理", "郑*理", "孙监督", "孙*督", "何新来", "何*来", "陈晓燕", "陈*燕"),
    *("冯管理", "冯*理", "柳荫017", "漏记了一次", "月底对过账", "备份和账一样", "debits_posted"),
    "dm for 大米",
)


@dataclass
class Tour:
    """The people who look, and the keys by their names in addresses."""

    world: World
    app: Flask
    people: dict[str, Person | None] = field(default_factory=dict)
    keys: dict[str, int | str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        world, top = self.world, self.world.top_id
        self.people = {
            "anybody": None,
            "volunteer": world.add_volunteer("王桂兰"),
            "clerk": world.add_staff("clerk", name="周店员"),
            "manager": world.add_staff("station_manager", name="吴站长"),
            "admin": world.add_staff("admin", place_id=top, name="郑管理"),
            "auditor": world.add_staff("auditor", place_id=top, name="孙监督"),
        }
        self.keys = {"station_id": world.station_id, "place_id": world.station_id, "top_id": top}
        self.keys["identity_id"] = self.person("auditor").identity_id
        (role,) = in_snapshot(roles_of, self.person("clerk").identity_id, world.center_id)
        self.keys["grant_id"] = role.id
        for person in ("volunteer", "admin"):
            log_in = world.center_id, self.person(person).identity_id
            in_transaction(attempts.refuse, log_in, attempts.WRONG, attempts.PASSWORD, Seen("phone", "192.0.2.7"))
            in_transaction(attempts.let_in, log_in, attempts.PASSWORD, Seen("phone", "192.0.2.7"))
        self._decide()
        self._serve()
        self._redeem()
        self._gather()
        self._import()
        self._expire()
        in_transaction(seal, world.center_id)
        self.keys |= in_snapshot(self._booked)

    def person(self, name: str) -> Person:
        """The person in a role; not for "anybody"."""
        found = self.people[name]
        assert found is not None
        return found

    def public(self, name: str) -> str:
        """A key as in addresses."""
        return public_id(int(self.keys[name]))

    def station_code(self) -> str:
        """The code on the station's screen right now."""
        return codes.screen_code(self.world.center_id, self.world.station_id, 1, clock.now()).code

    @property
    def volunteer_number(self) -> str:
        """The number on the volunteer's card."""
        return self.world.number_of(self.person("volunteer"))

    @property
    def voucher(self) -> str:
        """The reference on the receipt of an attendance."""
        return make_reference(VOUCHER, self.world.center_id, int(self.keys["attendance_id"]))

    @property
    def receipt(self) -> str:
        """The reference on the receipt of a redemption."""
        return receipt_reference(int(self.keys["redemption_id"]), self.world.center_id)

    def scan(self, at: datetime, card: str) -> int:
        """Let the clerk scan a card. Returns the id of the attendance."""
        command = ScanCommand(f"tour-{at:%d%H%M}-{card[-8:]}", card=card, station_id=self.world.station_id)
        with clock.at(at):
            return int(in_transaction(service.scan, command, actor=self.person("clerk").actor).attendance["id"])

    def _decide(self) -> None:
        """Close a month and release a frozen book long ago; let an adjustment wait for the administrator."""
        world, admin, volunteer = self.world, self.person("admin"), self.person("volunteer")
        other = world.add_staff("admin", place_id=world.top_id, name="冯管理")
        past = clock.now() - timedelta(days=70)
        with clock.at(past):
            give_points(world, volunteer, 100)
            freeze_id = in_transaction(freezing.freeze, world.center_id, reason="debits_posted", run_id=None)
            for person in (admin, self.person("auditor")):
                in_transaction(freezing.release, freeze_id, "备份和账一样", actor=person.actor, desk=APPROVALS)
        asked: dict[str, Any] = {"actor": other.actor, "desk": APPROVALS}
        month = {"month": month_of(past, ZONE)}
        closing = in_transaction(approvals.propose, "points.period_close", month, "月底对过账", **asked)
        in_transaction(approvals.approve, closing, "", actor=admin.actor, desk=APPROVALS)
        wanted = {"volunteer_id": public_id(volunteer.volunteer_id), "amount": 1_250, "cause": "missed"}
        self.keys["proposal_id"] = in_transaction(approvals.propose, "points.adjustment", wanted, "漏记了一次", **asked)

    def _serve(self) -> None:
        """Yesterday one volunteer left and one forgot to check out; today both have checked in."""
        world, volunteer = self.world, self.person("volunteer")
        forgetful = world.add_volunteer("李秀英")
        now = clock.now().replace(minute=0, second=0, microsecond=0)
        past, today = now - timedelta(days=1), now - timedelta(hours=1)
        shifts = [world.add_shift(past), world.add_shift(today, hours=3)]
        for shift in shifts:
            for person in (volunteer, forgetful):
                with clock.at(past - timedelta(days=1)):
                    world.sign_up(shift, person)
        self.scan(past, volunteer.card)
        attendance_id = self.scan(past + timedelta(hours=2), volunteer.card)
        pending_id = self.scan(past, forgetful.card)
        with clock.at(past + timedelta(hours=6)):
            in_transaction(service.close_forgotten, world.center_id)
        self.scan(today, forgetful.card)
        scan = ScanCommand("tour-own-scan", code=self.station_code())
        scan_id = in_transaction(service.scan, scan, actor=volunteer.actor).scan_id
        activity_id = in_snapshot(activities.get_shift, shifts[1], world.center_id).activity_id
        self.keys |= {"attendance_id": attendance_id, "pending_id": pending_id, "scan_id": scan_id}
        self.keys |= {"shift_id": shifts[1], "activity_id": activity_id}

    def _redeem(self) -> None:
        """Let a member redeem a bag of rice; washing liquid is running low."""
        counter = Counter(self.world, self.app.test_client())
        counter.clerk = self.person("clerk")
        volunteer = self.person("volunteer")
        give_points(self.world, volunteer, 12_850)
        rice = counter.item()
        counter.item("洗衣液", 1_200, stock=2)
        sold = counter.sold(volunteer, [(rice, 1)])
        page = in_snapshot(list_deliveries, counter.shop_id, self.world.center_id, request=PageRequest(1))
        self.keys |= {"shop_id": counter.shop_id, "item_id": rice, "goods_in_id": page.items[0].id}
        self.keys |= {"redemption_id": parse_public_id(sold)}

    def _gather(self) -> None:
        """Make a team with a member, and a card to show."""
        world, volunteer = self.world, self.person("volunteer")
        team = in_transaction(
            organisations.add_team, place_id=world.station_id, name="红马甲巡逻队", actor=world.builder
        )
        in_transaction(organisations.join_team, team_id=team, volunteer_id=volunteer.volunteer_id, actor=world.builder)
        world.house("柳荫017", volunteer, world.add_volunteer("李秀英"))
        self.keys |= {"team_id": team, "volunteer_id": volunteer.volunteer_id, "token": volunteer.card}

    def _expire(self) -> None:
        """Let somebody's points end and prepare a run over them; the volunteer's points end next year."""
        late, last_day = self.world.add_volunteer("李秀英"), expiry.last_day_over()
        give_points(self.world, late, 450, good_until=last_day)
        this_year = clock.today().year
        give_points(self.world, self.person("volunteer"), 200, good_until=date(this_year, 12, 31))
        self.keys["run_id"] = in_transaction(expiry.prepare, last_day, actor=self.person("admin").actor)

    def _booked(self, session: Session) -> dict[str, int]:
        """The volunteer's account of points, and a transfer on it."""
        center_id = self.world.center_id
        key = AccountKey(POINT, "member", self.person("volunteer").volunteer_id)
        account_id = accounts_by_key(session, [key], center_id)[key].id
        credited = sa.select(Transfer.id).where(
            Transfer.center_id == center_id, Transfer.credit_account_id == account_id
        )
        return {"account_id": account_id, "transfer_id": session.scalars(credited.limit(1)).one()}

    def _import(self) -> None:
        """Upload a list with a mistake."""
        manager = Browser(self.app.test_client(), self.person("admin"))
        text = "姓名,手机,所属队伍\n何新来,138,不认识的队\n"
        upload = manager.post("/volunteers/import", file=(io.BytesIO(text.encode()), "名单.csv"))
        assert upload.status_code == 303, upload.text
        self.keys["draft_id"] = parse_public_id(str(upload.location).rpartition("/")[2])
