"""Logging in: which centers are tried, whose misses count for whom, and the ticket of who fits in several."""

from datetime import timedelta

import pytest

from ledger.kernel import clock
from ledger.kernel.database import Database
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.errors import Conflict, Forbidden, LedgerError, Rejected, TooMany
from ledger.kernel.ids import public_id
from ledger.people.access import credentials, login, sessions, staff
from ledger.people.access.devices import MOST_KNOWN, Device, Known, new_device, read_device, remember, write_device
from ledger.people.access.login import LoggedIn, choose_center, log_in
from ledger.people.access.misses import PER_DEVICE, PER_PHONE, PER_PHONE_HERE
from ledger.people.access.passwords import hash_password
from ledger.people.volunteers import queries, service
from tests.phones import fresh_phone
from tests.plans import explaining, sent_to, walks
from tests.world import World

PASSWORD, OTHER_PASSWORD = "白云山下有三只羊", "海上升明月天涯共"
VILLAGE, FAR_AWAY = "192.0.2.7", "198.51.100.9"


def enrol(world: World, phone: str, password: str | None = PASSWORD) -> int:
    """Register somebody as a volunteer with a password, and return their identity in this center."""
    volunteer_id = in_transaction(
        service.register_volunteer, name="王小兰", phone=phone, place_id=world.station_id, actor=world.builder
    )
    identity_id = in_snapshot(queries.get_volunteer, volunteer_id, world.center_id).identity_id
    if password is not None:
        hashed = hash_password(password, phone=phone)
        in_transaction(credentials.set_password, identity_id, world.center_id, password_hash=hashed)
    return identity_id


def enter(
    phone: str,
    password: str = PASSWORD,
    *,
    at: str = VILLAGE,
    center_id: int | None = None,
    device: Device | None = None,
) -> LoggedIn:
    return log_in(phone, password, kind="browser", address=at, center_id=center_id, device=device)


def code_of(phone: str, password: str = "falsch-falsch", **how: object) -> str:
    """What an attempt is refused with; empty if it isn't."""
    try:
        enter(phone, password, **how)  # type: ignore[arg-type]
    except LedgerError as refused:
        return refused.code
    return ""


def miss(phone: str, times: int, **how: object) -> None:
    assert [code_of(phone, **how) for _ in range(times)] == ["people.login_failed"] * times


@pytest.fixture
def checked(monkeypatch: pytest.MonkeyPatch) -> list[str | None]:
    """The hashes that passwords are checked against meanwhile, without the work."""
    hashes: list[str | None] = []

    def check(password_hash: str | None, password: str) -> bool:
        hashes.append(password_hash)
        return password_hash == f"hash of {password}"

    monkeypatch.setattr(login, "password_is_right", check)
    return hashes


def in_centers(world: World, database: Database, count: int, phone: str) -> list[World]:
    """Give a number a log-in in this and further centers; each has a password of its own: its place in the list."""
    worlds = [world, *(World(database) for _ in range(count - 1))]
    for position, each in enumerate(worlds):
        identity_id = enrol(each, phone, None)
        hashed = f"hash of {position}"
        in_transaction(credentials.set_password, identity_id, each.center_id, password_hash=hashed)
    return worlds


@pytest.mark.usefixtures("checked")
def test_misses_of_a_stranger_lock_nobody_elsewhere(world: World) -> None:
    phone = fresh_phone()
    enrol(world, phone)
    miss(phone, PER_PHONE_HERE.most, at=FAR_AWAY)
    with pytest.raises(TooMany) as stopped:
        enter(phone, at=FAR_AWAY)
    assert 0 < stopped.value.context["seconds"] <= PER_PHONE_HERE.window_seconds
    assert code_of(phone, at=VILLAGE) == "people.login_failed"


def test_a_device_that_has_logged_in_before_is_locked_by_no_stranger(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    phone = fresh_phone()
    identity_id = enrol(world, phone)
    known = enter(phone).device
    with monkeypatch.context() as without_work:
        without_work.setattr(login, "password_is_right", lambda _hash, _password: False)
        for network in range(PER_PHONE.most // PER_PHONE_HERE.most):
            miss(phone, PER_PHONE_HERE.most, at=f"203.0.113.{network}")
    assert code_of(phone, PASSWORD, at=FAR_AWAY) == "request.too_many"
    assert code_of(phone, PASSWORD, at=VILLAGE) == "request.too_many"

    opened = enter(phone, at=VILLAGE, device=known)
    assert (opened.identity_id, opened.center_id) == (identity_id, world.center_id)
    assert code_of(phone, PASSWORD, device=new_device()) == "request.too_many"


@pytest.mark.usefixtures("checked")
def test_a_known_device_has_ten_misses_of_its_own(world: World, database: Database) -> None:
    phone, other_phone = fresh_phone(), fresh_phone()
    (here,) = in_centers(world, database, 1, phone)
    in_centers(here, database, 1, other_phone)
    known = enter(phone, "0").device
    miss(phone, PER_PHONE_HERE.most, at=FAR_AWAY)
    miss(phone, PER_DEVICE.most, at=FAR_AWAY, device=known)
    assert code_of(phone, "0", at=FAR_AWAY, device=known) == "request.too_many"
    # For another number the device is a stranger like any other.
    miss(other_phone, PER_PHONE_HERE.most, at=FAR_AWAY, device=known)
    assert code_of(other_phone, "0", at=FAR_AWAY, device=known) == "request.too_many"


@pytest.mark.usefixtures("checked")
def test_a_log_in_clears_the_own_misses(world: World, database: Database) -> None:
    phone = fresh_phone()
    in_centers(world, database, 1, phone)
    for _ in range(2):
        miss(phone, PER_PHONE_HERE.most - 1)
        known = enter(phone, "0").device
        miss(phone, PER_DEVICE.most - 1, device=known)
        enter(phone, "0", device=known)


@pytest.mark.usefixtures("checked")
def test_who_succeeds_in_one_center_gains_no_tries_in_another(world: World, database: Database) -> None:
    """An attacker who has a log-in of their own for the number can't clear the misses of the victim's with it."""
    phone = fresh_phone()
    _victim, own = in_centers(world, database, 2, phone)
    for _ in range(PER_PHONE_HERE.most):
        miss(phone, 1, at=FAR_AWAY)
        assert enter(phone, "1", at=FAR_AWAY).center_id == own.center_id
    assert code_of(phone, "0", at=FAR_AWAY) == "people.login_failed"
    # The victim's password is not even tried there, and the answer is that of a wrong one.
    assert code_of(phone, "0", at=FAR_AWAY, center_id=world.center_id) == "people.login_failed"
    assert enter(phone, "1", at=FAR_AWAY).center_id == own.center_id
    assert enter(phone, "0", at=VILLAGE).center_id == world.center_id


@pytest.mark.usefixtures("checked")
@pytest.mark.parametrize("known", [True, False])
def test_a_number_that_nobody_has_is_stopped_like_any_other(world: World, known: bool) -> None:
    phone = fresh_phone()
    if known:
        enrol(world, phone)
    miss(phone, PER_PHONE_HERE.most)
    assert code_of(phone) == "request.too_many"
    assert code_of(f"+86 {phone}") == "request.too_many"


def test_one_password_is_checked_however_many_log_ins_there_are_none_of(
    world: World, database: Database, checked: list[str | None]
) -> None:
    for phone in (fresh_phone(), "nonsense"):
        assert code_of(phone) == "people.login_failed"
    assert checked == [None, None]
    phone = fresh_phone()
    in_centers(world, database, 1, phone)
    assert code_of(phone) == "people.login_failed"
    assert checked[2:] == ["hash of 0"]


def test_at_most_three_centers_are_tried_and_then_the_center_is_asked(
    world: World, database: Database, checked: list[str | None]
) -> None:
    phone = fresh_phone()
    worlds = in_centers(world, database, 4, phone)
    start = clock.now()
    for position in (3, 1, 2, 0):
        with clock.at(start + timedelta(minutes=20 * (4 - position))):
            enter(phone, str(position), center_id=worlds[position].center_id)
    checked.clear()
    with clock.at(start + timedelta(hours=2)), pytest.raises(Rejected) as refused:
        enter(phone, "3")
    assert refused.value.code == "people.center_needed"
    # The latest used first.
    assert checked == ["hash of 0", "hash of 1", "hash of 2"]
    with clock.at(start + timedelta(hours=2)):
        opened = enter(phone, "3", center_id=worlds[3].center_id)
        assert opened.center_id == worlds[3].center_id
        checked.clear()
        # The device's first, and then the latest used.
        device = Device("x", (Known(worlds[2].center_id, 1, opened.device.logins[0].phone_hash),))
        enter(phone, "2", device=device)
    assert checked == ["hash of 2", "hash of 3", "hash of 0"]


def test_who_belongs_nowhere_any_more_is_told_so(world: World) -> None:
    phone = fresh_phone()
    hired = {"role": "clerk", "place_id": world.station_id, "household": None, "actor": world.builder}
    identity_id = in_transaction(staff.hire, name="陈晓燕", phone=phone, **hired)
    hashed = hash_password(PASSWORD, phone=phone)
    in_transaction(credentials.set_password, identity_id, world.center_id, password_hash=hashed)
    (role,) = in_snapshot(sessions.roles_of, identity_id, world.center_id)
    assert code_of(phone, PASSWORD) == ""
    in_transaction(staff.revoke_role, role.id, actor=world.builder)
    with pytest.raises(Forbidden) as refused:
        enter(phone)
    assert refused.value.code == "people.center_unknown"


def ticket_for(phone: str) -> tuple[str, list[dict[str, str]]]:
    """The ticket and the choices that a password gets which fits in several centers."""
    with pytest.raises(Conflict) as refused:
        enter(phone)
    assert refused.value.code == "people.choose_center"
    return refused.value.context["ticket"], refused.value.context["choices"]


def refused_choice(ticket: str, center_id: int) -> bool:
    try:
        choose_center(ticket, center_id, kind="browser")
    except Rejected as refused:
        return refused.code == "people.ticket_invalid"
    return False


def test_a_password_that_fits_in_several_centers_gets_a_ticket(world: World, database: Database) -> None:
    other, third, phone = World(database), World(database), fresh_phone()
    identities = {each.center_id: enrol(each, phone) for each in (world, other)}
    enrol(third, phone, OTHER_PASSWORD)
    now = clock.now()
    with clock.at(now):
        ticket, choices = ticket_for(phone)
        named = {each["center_id"] for each in choices}
        assert named == {public_id(center_id) for center_id in identities}
        assert PASSWORD not in ticket
        for center_id, identity_id in identities.items():
            opened = choose_center(ticket_for(phone)[0], center_id, kind="browser")
            assert (opened.center_id, opened.identity_id) == (center_id, identity_id)
        assert refused_choice(ticket, third.center_id)
        assert refused_choice(f"{ticket[:-1]}{'A' if ticket[-1] != 'A' else 'B'}", world.center_id)
        assert refused_choice("nonsense", world.center_id)
        late = ticket_for(phone)[0]
        choose_center(ticket, world.center_id, kind="browser")
    with clock.at(now + timedelta(minutes=5)):
        assert refused_choice(late, world.center_id)


def test_a_ticket_ends_with_the_password(world: World, database: Database) -> None:
    other, phone = World(database), fresh_phone()
    mine = enrol(world, phone)
    enrol(other, phone)
    ticket, _choices = ticket_for(phone)
    hashed = hash_password(OTHER_PASSWORD, phone=phone)
    in_transaction(credentials.set_password, mine, world.center_id, password_hash=hashed)
    assert refused_choice(ticket, world.center_id)
    assert choose_center(ticket, other.center_id, kind="browser").center_id == other.center_id


def test_a_device_remembers_its_latest_log_ins(world: World) -> None:
    device = new_device()
    for number in range(MOST_KNOWN + 2):
        device = remember(device, Known(world.center_id, number, f"digest {number}"))
    device = remember(device, Known(world.center_id, 5, "digest 5"))
    assert [each.identity_id for each in device.logins] == [5, 9, 8, 7, 6, 4, 3, 2]
    cookie = write_device(device)
    assert read_device(cookie) == device
    assert len(cookie) < 2_000
    for forged in (cookie[:-2], cookie[2:], "", None, "nonsense", "é"):
        assert read_device(forged).logins == ()


@pytest.mark.usefixtures("checked")
def test_a_log_in_goes_by_keys_however_many_people_there_are(own_database: Database) -> None:
    world, phone = World(own_database), fresh_phone()
    in_centers(world, own_database, 2, phone)
    with sent_to(own_database.writer) as written, sent_to(own_database.reader) as read:
        known = enter(phone, "0").device
        code_of(phone, device=known)
        in_snapshot(sessions.load_actor, enter(phone, "1").token)
    statements = [*written.statements.values(), *read.statements.values()]
    assert len(statements) > 8
    with explaining(own_database) as session:
        walked = [(text, step) for text, values in statements for step in walks(session, text, values)]
    assert walked == []
