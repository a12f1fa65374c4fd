"""The proofs as outsiders get them, verified by a few lines of independent code."""

import base64
import hashlib
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from flask.testing import FlaskClient

from ledger.kernel.db import in_transaction
from ledger.kernel.ids import new_id, public_id
from ledger.points.book import service
from ledger.points.policy import POINT, AccountKey, Movement, Source
from ledger.points.sealing import keys as seal_keys
from tests.points.logs import Log
from tests.world import Person, World

API = "/api/v1"


def post(world: World, to: Person, amount: int = 100) -> str:
    """Award points to somebody. Returns the batch's public key."""
    move = Movement(AccountKey(POINT, "issuance"), AccountKey(POINT, "member", to.volunteer_id), amount, "award")
    source = Source("test", str(new_id()), "post")
    posted = in_transaction(service.post, [move], source=source, actor=world.builder, reason="award")
    return public_id(posted.batch_id)


class Outsider:
    """Somebody with a browser and libraries for hashes and signatures."""

    def __init__(self, client: FlaskClient, center_id: int) -> None:
        self.client = client
        self.center = f"/centers/{public_id(center_id)}"

    def get(self, path: str, who: Person | None = None) -> Any:
        """The API's answer, by default without a log-in."""
        answer = self.client.get(API + path, headers=who.headers if who is not None else {})
        assert answer.status_code == 200, answer.text
        return answer.json

    def refusal(self, path: str) -> tuple[int, str]:
        """Status and code."""
        answer = self.client.get(API + path)
        return answer.status_code, answer.json["code"]

    def root(self, note: str, key: str) -> tuple[int, bytes]:
        """Size and root of a checkpoint, after verifying its signature."""
        text, _, signature = note.rpartition("\n\n")
        raw = base64.b64decode(signature.split(" ")[2])
        name, _, encoded = key.split("+", 2)
        public = base64.b64decode(encoded)[1:]
        Ed25519PublicKey.from_public_bytes(public).verify(raw[4:], (text + "\n").encode())
        origin, size, root = text.split("\n")
        assert (origin, signature.split(" ")[1]) == (name, name)
        return int(size), base64.b64decode(root)

    def climb(self, proof: dict[str, Any]) -> bytes:
        """The root that a path leads to (RFC 6962, 2.1.1)."""
        at, last = proof["leaf_index"], proof["tree_size"] - 1
        found = base64.b64decode(proof["leaf_hash"])
        for sibling in map(base64.b64decode, proof["path"]):
            while at == last and not at & 1:
                at, last = at >> 1, last >> 1
            pair = sibling + found if at & 1 or at == last else found + sibling
            found = hashlib.sha256(b"\x01" + pair).digest()
            at, last = at >> 1, last >> 1
        return found


@pytest.fixture
def log(world: World) -> Log:
    """The log of the world's center."""
    return Log(world.center_id)


@pytest.fixture
def outsider(client: FlaskClient, world: World) -> Outsider:
    """An outsider."""
    return Outsider(client, world.center_id)


def test_a_stranger_verifies_that_a_batch_is_in_the_signed_log(world: World, log: Log, outsider: Outsider) -> None:
    member = world.add_volunteer()
    batches = [post(world, member) for _ in range(5)]
    log.seal(limit=3)
    log.seal()

    [key] = outsider.get(f"{outsider.center}/keys")["items"]
    latest = outsider.client.get(f"{API}{outsider.center}/checkpoints/latest")
    assert latest.content_type == "text/plain; charset=utf-8"
    assert latest.text.startswith(key["origin"] + "\n")
    assert key["origin"].endswith("/" + public_id(world.center_id))
    size, root = outsider.root(latest.text, key["text"])
    for batch in batches:
        proof = outsider.get(f"/batches/{batch}/proof")
        assert (proof["batch_id"], proof["tree_size"], proof["checkpoint"]["text"]) == (batch, size, latest.text)
        assert outsider.climb(proof) == root
        assert proof["key"] == key


def test_checkpoints_are_listed_and_kept_one_by_one(world: World, log: Log, outsider: Outsider) -> None:
    member = world.add_volunteer()
    for _ in range(3):
        post(world, member)
        log.seal()

    page = outsider.get(f"{outsider.center}/checkpoints?limit=2")
    rest = outsider.get(f"{outsider.center}/checkpoints?limit=2&after={page['next']}")

    assert [each["size"] for each in page["items"] + rest["items"]] == [3, 2, 1]
    assert rest["next"] is None
    for each in page["items"]:
        note = outsider.client.get(f"{API}{outsider.center}/checkpoints/{each['size']}").text
        assert note == each["text"]
        assert note.split("\n")[1:3] == [str(each["size"]), each["root"]]


def test_a_receipt_is_checked_against_the_sheet_on_the_wall(world: World, log: Log, outsider: Outsider) -> None:
    """The printed sheet has an older checkpoint than today's."""
    member = world.add_volunteer()
    batch = post(world, member)
    log.seal()
    sheet = outsider.client.get(f"{API}{outsider.center}/checkpoints/latest").text
    later = post(world, member)
    log.seal()

    proof = outsider.get(f"/batches/{batch}/proof?size=1")
    assert proof["checkpoint"]["text"] == sheet
    assert outsider.climb(proof) == outsider.root(sheet, proof["key"]["text"])[1]
    assert outsider.refusal(f"/batches/{later}/proof?size=1") == (422, "points.not_in_checkpoint")


def test_a_log_goes_on_from_what_was_kept_elsewhere(world: World, log: Log, outsider: Outsider) -> None:
    member = world.add_volunteer()
    for _ in range(2):
        post(world, member)
    log.seal()
    post(world, member)
    log.seal()

    proof = outsider.get(f"{outsider.center}/checkpoints/3/consistency?from=2")
    old, new = (outsider.get(f"{outsider.center}/checkpoints")["items"][at] for at in (1, 0))

    # Two leaves make one node, so the new root is over that node and the third leaf.
    [third] = map(base64.b64decode, proof["path"])
    assert proof["old_root"] == old["root"]
    assert proof["checkpoint"] == new
    whole = hashlib.sha256(b"\x01" + base64.b64decode(old["root"]) + third).digest()
    assert base64.b64encode(whole).decode() == new["root"]


def test_what_is_asked_too_early_or_of_nothing(world: World, log: Log, outsider: Outsider) -> None:
    member = world.add_volunteer()
    batch, nobody = post(world, member), public_id(new_id())

    assert outsider.refusal(f"/batches/{batch}/proof") == (409, "points.not_sealed_yet")
    assert outsider.refusal(f"/batches/{nobody}/proof") == (404, "points.batch_not_found")
    assert outsider.refusal(f"{outsider.center}/checkpoints/latest") == (404, "points.checkpoint_not_found")
    assert outsider.get(f"{outsider.center}/keys") == {"items": [], "next": None}
    assert outsider.get(f"{outsider.center}/checkpoints") == {"items": [], "next": None}
    assert outsider.refusal(f"/centers/{nobody}/checkpoints") == (404, "points.center_not_found")
    assert outsider.refusal(f"/centers/{nobody}/keys") == (404, "points.center_not_found")
    log.seal()
    assert outsider.refusal(f"/batches/{batch}/proof?center={nobody}") == (404, "points.batch_not_found")
    assert outsider.refusal(f"/batches/{batch}/proof?size=2") == (404, "points.checkpoint_not_found")
    assert outsider.refusal(f"{outsider.center}/checkpoints/2") == (404, "points.checkpoint_not_found")
    beyond = f"{outsider.center}/checkpoints/1/consistency?from=2"
    assert outsider.refusal(beyond) == (422, "points.beyond_checkpoint")


@pytest.mark.parametrize("wrong", ["0", str(1 << 63), "1" * 30, "-1", "x"])
def test_sizes_that_no_log_has(outsider: Outsider, wrong: str) -> None:
    assert outsider.refusal(f"{outsider.center}/checkpoints/{wrong}")[0] == 404
    assert outsider.refusal(f"{outsider.center}/checkpoints/1/consistency?from={wrong}") == (422, "request.invalid")


def test_the_bytes_of_a_leaf_are_for_those_who_may_read_the_batch(world: World, log: Log, outsider: Outsider) -> None:
    member, other, auditor = (
        world.add_volunteer(),
        world.add_volunteer("李四"),
        world.add_staff("auditor", place_id=world.top_id),
    )
    elsewhere = World(world.database)
    stranger = elsewhere.add_staff("auditor", place_id=elsewhere.top_id)
    batch = post(world, member)
    log.seal()

    def leaf(who: Person | None) -> str | None:
        found: str | None = outsider.get(f"/batches/{batch}/proof", who)["leaf"]
        return found

    assert [leaf(who) for who in (None, other, stranger)] == [None] * 3
    for who in (member, auditor):
        proof = outsider.get(f"/batches/{batch}/proof", who)
        digest = hashlib.sha256(b"\x00" + base64.b64decode(proof["leaf"])).digest()
        assert base64.b64encode(digest).decode() == proof["leaf_hash"]


def test_a_batch_of_two_members_is_shown_to_neither_whole(world: World, log: Log, outsider: Outsider) -> None:
    one, other = world.add_volunteer(), world.add_volunteer("李四")
    moves = [
        Movement(AccountKey(POINT, "issuance"), AccountKey(POINT, "member", each.volunteer_id), 5, "award")
        for each in (one, other)
    ]
    source = Source("test", str(new_id()), "post")
    posted = in_transaction(service.post, moves, source=source, actor=world.builder, reason="award")
    log.seal()

    batch = public_id(posted.batch_id)
    assert [outsider.get(f"/batches/{batch}/proof", who)["leaf"] for who in (one, other)] == [None, None]


def test_a_proof_is_kept_as_one_file(world: World, log: Log, outsider: Outsider) -> None:
    member = world.add_volunteer()
    batches = [post(world, member) for _ in range(2)]
    log.seal()

    proof = outsider.get(f"/batches/{batches[1]}/proof")
    heading, index, sibling, rest = proof["file"].split("\n", 3)
    assert (heading, index, sibling) == ("c2sp.org/tlog-proof@v1", "index 1", proof["path"][0])
    assert rest == "\n" + proof["checkpoint"]["text"]
    own = outsider.get(f"/batches/{batches[1]}/proof", member)
    assert own["file"].split("\n")[1] == f"extra {own['leaf']}"


def test_keys_of_the_past_are_told_for_ever(world: World, log: Log, outsider: Outsider) -> None:
    member = world.add_volunteer()
    batch = post(world, member)
    log.seal()
    in_transaction(seal_keys.change_key, world.center_id)

    old, new = outsider.get(f"{outsider.center}/keys")["items"]
    assert (old["valid_until"] is None, new["valid_until"] is None) == (False, True)
    assert new["endorsement"].split("\n")[1] == new["text"]
    assert outsider.get(f"/batches/{batch}/proof")["key"] == old
    assert not {"private_key", "seed"} & {*old, *new}
