"""What a restore must not bring back: who is logged in, codes, and whom somebody has thrown out since the backup."""

import re
import sqlite3
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pyotp
import pytest

from ledger.kernel import clock, restored
from ledger.kernel.actor import SYSTEM_IDENTITY, Actor, system_actor
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.engines import is_sqlite
from ledger.kernel.errors import Rejected
from ledger.kernel.ids import public_id
from ledger.kernel.paging import PageRequest
from ledger.kernel.signals import signals_since
from ledger.kernel.sqlite_files import file_of, files_of
from ledger.organisations import queries as organisations
from ledger.people.access import blocking, credentials, factors, sessions, tickets
from ledger.people.access.candidates import candidate_of
from ledger.people.access.events import CREDENTIALS_ENDED, list_events
from ledger.people.access.passwords import hash_password
from ledger.people.households import service as households
from ledger.people.identities.service import prepare
from ledger.people.managing import top_place_id
from ledger.people.policy import ACTIVE, BLOCKED
from ledger.people.volunteers import queries as volunteers
from ledger.people.volunteers import service as cards
from ledger.people.volunteers.registration import NewVolunteer, register_volunteers
from ledger.points.closing import freezing
from ledger.shop import numbering, shelf
from ledger.shop import service as shop
from tests.cli.restoring import on_a_file, runtime_database
from tests.cli.test_commands import FOUND, PHONE, WHY, Console
from tests.log_ins import log_in_of

OLD, NEW = "ein langes Wort hier", "noch ein langes Wort"
GONE, STAYS = "13805570125", "13805570126"


@pytest.fixture(scope="module")
def hashes() -> dict[str, str]:
    """Two passwords, hashed once."""
    return {each: hash_password(each, phone=PHONE) for each in (OLD, NEW)}


@pytest.fixture
def staffed(console: Console, hashes: dict[str, str]) -> Console:
    """An administrator, a clerk and an auditor, with a password each."""
    assert console.run(*FOUND).exit_code == 0
    for phone, role, name in ((GONE, "clerk", "周慧敏"), (STAYS, "auditor", "马海峰")):
        who = ("user", "grant", phone, role, "--name", name, "--household", "none", *WHY)
        assert console.run(*who).exit_code == 0
    for phone in (PHONE, GONE, STAYS):
        use(code_of(console, phone), phone, hashes[OLD])
    return console


def code_of(console: Console, phone: str) -> str:
    found = re.search(r"Activation code: (\S+)", console.run("user", "code", phone, *WHY).output)
    assert found is not None
    return found[1]


def use(code: str, phone: str, password_hash: str) -> None:
    in_transaction(credentials.set_password_with_code, phone=phone, code=code, password_hash=password_hash)


def open_one(phone: str, center_id: int) -> str:
    login = log_in_of(phone)
    return in_transaction(credentials.open_session, login.identity_id, kind="browser", center_id=center_id).token


def test_a_restore_lets_nobody_back_in_who_was_thrown_out(
    staffed: Console, tmp_path: Path, hashes: dict[str, str]
) -> None:
    center_id, copy = in_snapshot(organisations.only_center).id, tmp_path / "copy.backup"
    token, unused = open_one(GONE, center_id), code_of(staffed, STAYS)
    used = code_of(staffed, PHONE)
    assert staffed.run("backup", str(copy)).exit_code == 0
    use(used, PHONE, hashes[NEW])
    assert staffed.run("user", "revoke", GONE, "--role", "clerk", *WHY).exit_code == 0

    result = staffed.run("restore", "--force", str(copy))

    assert result.exit_code == 0, result.output
    assert in_snapshot(sessions.load_actor, token) is None
    for code, phone in ((used, PHONE), (unused, STAYS)):
        with pytest.raises(Rejected, match="activation_code_invalid"):
            use(code, phone, hashes[NEW])
    after = {phone: log_in_of(phone) for phone in (PHONE, GONE, STAYS)}
    assert [each.password_hash for each in after.values()] == [None, None, hashes[OLD]]
    assert "3 roles are in force in it: see ningxin user list" in result.output
    assert "李建国: the password or second factor had changed since the backup" in result.output
    assert "周慧敏: the role clerk had ended since the backup" in result.output
    assert "马海峰" not in result.output
    kept = [
        (each.identity_id, each.reason)
        for each in in_snapshot(list_events, center_id, request=PageRequest()).items
        if each.kind == CREDENTIALS_ENDED and each.about.startswith("restore:") and each.made_by == SYSTEM_IDENTITY
    ]
    assert sorted(kept) == sorted([(after[PHONE].identity_id, "password"), (after[GONE].identity_id, "clerk")])
    newest = in_snapshot(signals_since, center_id, clock.now() - timedelta(hours=1), most=1)[0]
    assert newest.kind == restored.SIGNAL
    [(what, made_at)] = newest.evidence
    assert what == "backup"
    assert f"is of {made_at}." in result.output
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", made_at)
    assert staffed.run("verify").exit_code == 0


def factor_of(phone: str, center_id: int) -> list[str]:
    """Turn a second factor on; the recovery codes."""
    secret, now = pyotp.random_base32(), clock.now()
    return in_transaction(factors.turn_on, secret, 1, made_at=now, actor=actor_of(phone, center_id))


def actor_of(phone: str, center_id: int) -> Actor:
    return Actor(log_in_of(phone).identity_id, center_id, grants=frozenset())


def test_a_restore_brings_back_no_factor_and_no_paper_that_was_ended(staffed: Console, tmp_path: Path) -> None:
    center_id, copy = in_snapshot(organisations.only_center).id, tmp_path / "copy.backup"
    papers = {phone: factor_of(phone, center_id) for phone in (PHONE, GONE, STAYS)}
    assert staffed.run("backup", str(copy)).exit_code == 0
    in_transaction(factors.turn_off, log_in_of(PHONE).identity_id, actor=actor_of(PHONE, center_id))
    assert in_transaction(factors.use_code, log_in_of(GONE).identity_id, center_id, papers[GONE][0])

    result = staffed.run("restore", "--force", str(copy))

    assert result.exit_code == 0, result.output
    left = {
        phone: in_snapshot(factors.find_factor, log_in_of(phone).identity_id, center_id)
        for phone in (PHONE, GONE, STAYS)
    }
    assert left[PHONE] is None
    assert [view and view.recovery_codes for view in (left[GONE], left[STAYS])] == [0, factors.RECOVERY_CODES]
    assert "李建国: the second factor had ended since the backup" in result.output
    assert "周慧敏: the second factor had ended" not in result.output
    assert "马海峰" not in result.output
    assert staffed.run("verify").exit_code == 0


def test_a_restore_brings_back_no_card_no_member_and_no_book_that_was_stopped(staffed: Console, tmp_path: Path) -> None:
    center_id, copy = in_snapshot(organisations.only_center).id, tmp_path / "copy.backup"
    server = system_actor(center_id)
    names = ("郑秀兰", "冯国强", "褚桂花", "卫东升")
    new = [NewVolunteer(prepare(name=name, center_id=center_id), None) for name in names]
    lost, bad, moved, same = ids = in_transaction(register_volunteers, new, actor=server)
    card, kept = (in_transaction(cards.issue_card, each, actor=server) for each in (lost, same))
    in_transaction(households.set_households, dict.fromkeys(ids, "柳荫001"), actor=server)
    shop_id = in_transaction(shelf.open_shop, place_id=in_snapshot(top_place_id, center_id), name="超市", actor=server)
    code = in_transaction(shop.issue_payer_code, actor=replace(server, volunteer_id=same))["code"]
    assert staffed.run("backup", str(copy)).exit_code == 0
    in_transaction(cards.revoke_card, card.card_id, actor=server)
    in_transaction(blocking.set_status, bad, status=BLOCKED, actor=server)
    in_transaction(households.set_household, moved, "柳荫002", actor=server)
    printed = [in_transaction(numbering.next_receipt, shop_id, 2026, center_id) for _ in range(3)]
    in_transaction(freezing.freeze, center_id, reason="a sum is wrong", run_id=None)

    result = staffed.run("restore", "--force", str(copy))

    assert result.exit_code == 0, result.output
    assert "郑秀兰: a card had been revoked" in result.output
    assert "冯国强: the volunteer had been blocked" in result.output
    assert "褚桂花: the household had changed" in result.output
    assert ": the book is frozen" in result.output
    assert "卫东升" not in result.output
    found = [in_snapshot(volunteers.find_volunteer_by_card, each.token, center_id) for each in (card, kept)]
    assert [each and each.revoked_at is None for each in found] == [False, True]
    assert [in_snapshot(volunteers.get_volunteer, each, center_id).status for each in (lost, bad)] == [ACTIVE, BLOCKED]
    assert in_snapshot(freezing.find_freeze, center_id) is not None
    with pytest.raises(Rejected, match="code_revoked"):
        in_transaction(shop.open_cart, shop_id, code, actor=server)
    assert in_transaction(numbering.go_on_behind, f"CS-2026-{printed[-1]}", center_id) == 0, "carried from the old book"
    assert "2 numbers are recorded as lacking" in staffed.run("receipts", "CS-2026-000005").output
    assert staffed.run("verify").exit_code == 0


@on_a_file
def test_a_restore_over_the_same_book_clears_no_password(
    staffed: Console, tmp_path: Path, hashes: dict[str, str]
) -> None:
    copy = tmp_path / "copy.backup"
    assert staffed.run("backup", str(copy)).exit_code == 0
    result = staffed.run("restore", "--force", str(copy))
    assert result.exit_code == 0, result.output
    assert {log_in_of(phone).password_hash for phone in (PHONE, GONE, STAYS)} == {hashes[OLD]}
    assert "so the password is void" not in result.output


def test_where_nothing_can_be_compared_it_says_so(staffed: Console, tmp_path: Path, hashes: dict[str, str]) -> None:
    copy, url = tmp_path / "copy.backup", staffed.settings.database_url
    center_id = in_snapshot(organisations.only_center).id
    token = open_one(STAYS, center_id)
    factor_of(STAYS, center_id)
    assert staffed.run("backup", str(copy)).exit_code == 0
    runtime_database().close()
    if is_sqlite(url):
        file_of(url).write_bytes(b"damaged " * 500)
    else:
        with runtime_database().writer.begin() as connection:
            connection.exec_driver_sql("DROP TABLE alembic_version")
        runtime_database().close()

    result = staffed.run("restore", "--force", str(copy))

    assert "there is nothing to compare" in result.output
    assert "ningxin user remove-factor" in result.output
    assert in_snapshot(sessions.load_actor, token) is None
    assert log_in_of(STAYS).password_hash == hashes[OLD]
    factor = in_snapshot(factors.find_factor, log_in_of(STAYS).identity_id, center_id)
    assert factor is not None
    assert factor.recovery_codes == 0


@on_a_file
def test_what_only_the_log_of_the_old_book_knows_is_compared_too(
    staffed: Console, tmp_path: Path, hashes: dict[str, str]
) -> None:
    copy, database = tmp_path / "copy.backup", file_of(staffed.settings.database_url)
    assert staffed.run("backup", str(copy)).exit_code == 0
    main = database.read_bytes()
    keeps_it = sqlite3.connect(database)
    keeps_it.execute("SELECT count(*) FROM center").fetchone()
    in_transaction(
        credentials.set_password,
        log_in_of(STAYS).identity_id,
        in_snapshot(organisations.only_center).id,
        password_hash=hashes[NEW],
    )
    log = files_of(database)[1].read_bytes()
    runtime_database().close()
    keeps_it.close()
    database.write_bytes(main)
    files_of(database)[1].write_bytes(log)

    result = staffed.run("restore", "--force", str(copy))

    assert "马海峰: the password or second factor had changed" in result.output
    [old] = list(database.parent.glob("*.before-restore-*-wal"))
    assert old.read_bytes() == log
    assert not list(database.parent.glob("*.compared*"))


def test_code_that_is_not_ours_is_not_restored_and_nothing_starts_with_it(staffed: Console, tmp_path: Path) -> None:
    database, copy = runtime_database(), tmp_path / "strange.backup"
    with database.writer.begin() as connection:
        if connection.dialect.name == "sqlite":
            drop = "DROP trigger signal_no_delete2"
            connection.exec_driver_sql(
                "CREATE TRIGGER signal_no_delete2 AFTER UPDATE ON identity "
                "BEGIN UPDATE identity SET password_hash = 'x' WHERE id = NEW.id; END"
            )
        else:
            drop = "DROP trigger signal_no_delete2 on identity; DROP function let_in()"
            connection.exec_driver_sql(
                "CREATE FUNCTION let_in() RETURNS trigger LANGUAGE plpgsql AS "
                "$$ BEGIN NEW.password_hash = 'x'; RETURN NEW; END $$"
            )
            connection.exec_driver_sql(
                "CREATE TRIGGER signal_no_delete2 BEFORE UPDATE ON identity FOR EACH ROW EXECUTE FUNCTION let_in()"
            )
    assert staffed.run("backup", str(copy)).exit_code == 0

    assert "none of ours (" in staffed.fails("restore", "--force", str(copy))
    said = staffed.run("verify")
    assert said.exit_code == 1
    assert "trigger signal_no_delete2" in said.output
    refused = staffed.fails("serve")
    assert f'type "{drop}" in ' in refused
    ready = staffed.app.test_client().get("/readyz")
    assert (ready.status_code, f"Error: {ready.json['reason']}") == (503, refused)
    with database.writer.begin() as connection:
        for statement in drop.split("; "):
            connection.exec_driver_sql(statement)
    assert staffed.app.test_client().get("/readyz").status_code == 200


@on_a_file
def test_a_ticket_from_before_a_restore_opens_nothing(staffed: Console, tmp_path: Path) -> None:
    center_id, copy = in_snapshot(organisations.only_center).id, tmp_path / "copy.backup"
    login = in_snapshot(candidate_of, log_in_of(STAYS).identity_id, center_id)
    assert login is not None
    text = tickets.make_ticket([login], "digest")
    assert staffed.run("backup", str(copy)).exit_code == 0
    ticket = tickets.read_ticket(text)
    assert ticket is not None
    assert staffed.run("restore", "--force", str(copy)).exit_code == 0
    assert not in_transaction(tickets.use_up, ticket, center_id), public_id(center_id)
    later = tickets.read_ticket(tickets.make_ticket([login], "digest"))
    assert later is not None
    assert in_transaction(tickets.use_up, later, center_id)
