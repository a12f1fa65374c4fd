"""What was revoked or closed since the backup stays so in a restored book, and no receipt's number is printed twice."""

from pathlib import Path

from ledger.kernel.db import in_snapshot, in_transaction
from ledger.organisations import queries as organisations
from ledger.organisations import service as places
from ledger.people.access import contacts
from ledger.people.access.contacts import Contact
from ledger.people.identities.service import prepare
from ledger.people.managing import top_place_id
from ledger.people.volunteers import queries as volunteers
from ledger.people.volunteers.registration import NewVolunteer, register_volunteers
from ledger.shop import correcting, numbering, shelf
from ledger.shop import queries as shops
from tests.cli.test_commands import FOUND, Console
from tests.world import everything


def test_a_restore_opens_nothing_that_was_closed_and_prints_no_number_twice(console: Console, tmp_path: Path) -> None:
    assert console.run(*FOUND).exit_code == 0
    center_id, copy = in_snapshot(organisations.only_center).id, tmp_path / "copy.backup"
    builder, top = everything(center_id), in_snapshot(top_place_id, center_id)
    posts = [
        in_transaction(places.add_place, parent_id=top, kind="station", name=name, actor=builder) for name in "东西"
    ]
    new = [NewVolunteer(prepare(name="郑秀兰", center_id=center_id, phone="13805570129"), None)]
    moved = in_snapshot(volunteers.get_volunteer, in_transaction(register_volunteers, new, actor=builder)[0], center_id)
    first, second = (
        in_transaction(shelf.open_shop, place_id=top, name=name, actor=builder) for name in ("柳荫店", "东风店")
    )
    assert console.run("backup", str(copy)).exit_code == 0
    in_transaction(places.raise_code_version, posts[0], actor=builder)
    in_transaction(places.close_place, posts[1], actor=builder)
    contact = Contact("郑秀兰", "13805570130")
    in_transaction(contacts.set_contact, moved.identity_id, contact, actor=builder)
    # The two change their names round, and a third is opened.
    for shop_id, short_name in ((first, "NEW"), (second, "LY"), (first, "DF")):
        in_transaction(correcting.correct_shop, shop_id, name="店", short_name=short_name, actor=builder)
    lost = in_transaction(shelf.open_shop, place_id=top, name="白云超市", actor=builder)
    for shop_id in (first, lost, lost):
        in_transaction(numbering.next_receipt, shop_id, 2026, center_id)

    result = console.run("restore", "--force", str(copy))

    assert result.exit_code == 0, result.output
    assert "郑秀兰: the phone number had changed" in result.output
    revoked, closed = (in_snapshot(organisations.get_place, each, center_id) for each in posts)
    assert (revoked.code_version, revoked.closed_at) == (2, None)
    assert closed.closed_at is not None
    found = [in_snapshot(shops.get_shop, each, center_id) for each in (first, second, lost)]
    assert [(each.short_name, each.closed_at is None) for each in found] == [("DF", True), ("LY", True), ("BY", False)]
    assert console.run("verify").exit_code == 0
    another = in_transaction(shelf.open_shop, place_id=top, name="白云便民店", actor=builder)
    assert in_snapshot(shops.get_shop, another, center_id).short_name == "BY2"
    assert [in_transaction(numbering.next_receipt, each, 2026, center_id) for each in (first, lost)] == [2, 3]
