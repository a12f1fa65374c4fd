"""Bundles for an auditor: a book with a bit of everything, its zip, ways to change it, and a standalone verifier."""

import hashlib
import importlib.util
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from ledger.audit.exports.bundle import MANIFEST, write_bundle
from ledger.kernel import clock
from ledger.kernel.actor import Actor, Grant
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.permissions import Permission
from ledger.points.corrections import clawback
from ledger.points.expiry import service as expiry
from ledger.points.policy import MINUTE, POINT, AccountKey, Movement
from ledger.points.raw import service as raw
from ledger.points.raw.service import WantedTransfer
from ledger.points.sealing import keys as seal_keys
from ledger.proof.checkpoints import Checkpoint
from ledger.proof.notes import Signer
from ledger.proof.tree import Tree, root_of
from tests.points.books import HALF_AN_HOUR, ISSUANCE, REDEEMED, Books, member
from tests.points.logs import Log

VERIFIER = Path(__file__).resolve().parent.parent.parent / "verifier"
TYPED = "王桂兰多领了一袋"
_START = datetime(2026, 6, 3, 8, tzinfo=UTC)
_LAST_DAY = date(2026, 12, 31)
_OVER = datetime(2027, 1, 30, 16, 1, tzinfo=UTC)
Rows = list[dict[str, Any]]


def make_book(center_id: int) -> tuple[Books, Log]:
    """Awards, holds of every outcome, corrections, a debt, an expiry, typed text; four seals, two keys, one waiting."""
    books, log = Books(center_id), Log(center_id)
    with clock.at(_START):
        _award(books, 500, member(1), _LAST_DAY)
        wrong = _award(books, 200, member(2), None)
        books.post(Movement(AccountKey(MINUTE, "service"), member(1, MINUTE), 90, "hours"))
        log.seal()
        first, second, third = books.hold(60, 30, 10)
        books.resolve([first], "post", amounts={first: 25})
        books.resolve([second], "void")
        books.post(Movement(member(1), member(2), 50, "gift"))
        books.post(Movement(member(2), member(3), 60, "gift"))
    with clock.at(_START + HALF_AN_HOUR):
        books.resolve([third], "expire")
        (sold,), (undone,) = books.spend(80).transfer_ids, books.spend(40).transfer_ids
        books.post(Movement(REDEEMED, member(1), 30, "refund", refund_of=sold))
        books.post(Movement(REDEEMED, member(1), 40, "void", reverses_id=undone))
        _type(books)
        log.seal(limit=5)
        in_transaction(seal_keys.change_key, center_id)
        log.seal()
    with clock.at(_START + timedelta(days=1)):
        books.spend(120, by=member(2))
        in_transaction(clawback.claw_back, wrong, actor=books.actor, reason="clawback")
        _award(books, 15, AccountKey(POINT, "debt", 2), None)
        _award(books, 70, member(3), None)
        books.hold(20, by=member(3), until=_OVER + HALF_AN_HOUR)
    _expire(books)
    log.seal()
    with clock.at(_OVER + timedelta(hours=1)):
        _award(books, 5, member(3), None)
    return books, log


def _award(books: Books, amount: int, to: AccountKey, good_until: date | None) -> int:
    return books.post(Movement(ISSUANCE, to, amount, "award", good_until=good_until)).transfer_ids[0]


def _type(books: Books) -> None:
    """Post a raw transfer whose reference and reason were typed by its sender."""
    actor = Actor(1, books.center_id, frozenset({Grant(Permission.RAW_LEDGER, "/")}))
    sides = [in_transaction(raw.open_account, POINT, overdraft=overdraft, actor=actor) for overdraft in (True, False)]
    wanted = WantedTransfer(TYPED, *sides, 7, POINT, reason=TYPED)
    in_transaction(raw.transfer_all, [wanted], actor=actor)


def _expire(books: Books) -> None:
    admin = Actor(1, books.center_id, frozenset({Grant(Permission.PROPOSE, "/")}))
    with clock.at(_OVER):
        run_id = in_transaction(expiry.prepare, _LAST_DAY, actor=admin)
        in_transaction(expiry.release, run_id, actor=admin)
        while in_transaction(expiry.carry_out, books.center_id):
            pass


def write(center_id: int, path: Path) -> Path:
    """Write the bundle of a center to a file."""

    def work(session: Session) -> None:
        with path.open("wb") as file:
            write_bundle(session, center_id, file)

    in_snapshot(work)
    return path


class Members:
    """The members of a bundle, which can be changed and packed again with a matching manifest."""

    def __init__(self, path: Path) -> None:
        with zipfile.ZipFile(path) as archive:
            self.data = {name: archive.read(name) for name in archive.namelist()}

    def rows(self, name: str = "facts.jsonl") -> Rows:
        """The rows of a member."""
        return [json.loads(line) for line in self.data[name].splitlines()]

    def put(self, rows: Rows, name: str = "facts.jsonl") -> None:
        """Replace the rows of a member."""
        self.data[name] = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()

    def text(self, name: str) -> str:
        """A member as text."""
        return self.data[name].decode()

    @property
    def manifest(self) -> Any:
        """The manifest."""
        return json.loads(self.data[MANIFEST])

    @property
    def sizes(self) -> list[int]:
        """Sizes of the checkpoints."""
        names = (name for name in self.data if name.startswith("checkpoints/"))
        return sorted(int(Path(name).stem) for name in names)

    @property
    def first_key(self) -> str:
        """The first key of the center."""
        return str(json.loads(self.data["keys.json"])[0]["key"])

    def agree(self) -> None:
        """Update the manifest with the current members, hashes and counts."""
        manifest = self.manifest
        others = {name: data for name, data in self.data.items() if name != MANIFEST}
        manifest["members"] = {
            name: {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()} for name, data in others.items()
        }
        facts, waiting = self.rows(), self.rows("unsealed.jsonl")
        manifest["counts"] |= {
            "leaves": len(facts),
            "unsealed": len(waiting),
            "transfers": sum(len(row["transfers"]) for row in facts + waiting),
            "accounts": len(self.rows("accounts.jsonl")),
            "checkpoints": len(self.sizes),
            "keys": len(json.loads(self.data["keys.json"])),
        }
        self.data[MANIFEST] = json.dumps(manifest).encode()

    def pack(self, path: Path) -> Path:
        """Pack the members into a zip."""
        with zipfile.ZipFile(path, "w") as archive:
            for name, data in self.data.items():
                archive.writestr(name, data)
        return path


def renumbered(rows: Rows) -> Rows:
    """The rows with consecutive indices and matching leaves."""
    return [row | {"index": number} for number, row in enumerate(rows)]


def seal_anew(members: Members) -> None:
    """Recompute every leaf, and sign the whole log anew with a key of our own."""
    log, accounts = load("sealed_log"), {row["id"]: row for row in members.rows("accounts.jsonl")}
    rows, sizes = renumbered(members.rows()), members.sizes
    leaves = []
    for row in rows:
        encoding = log.encode_batch(row["batch"], row["transfers"], lambda key: log.encode_account(accounts[key]))
        leaves.append(log.leaf_hash(encoding))
        row["leaf"] = leaves[-1].hex()
    members.put(rows)
    sign_anew(members, leaves, [*sizes[:-1], len(leaves)])


def sign_anew(members: Members, leaves: list[bytes], sizes: list[int]) -> None:
    """Sign all checkpoints with one key of our own, and write the proofs between them."""
    signer = Signer(members.first_key.partition("+")[0], b"\x07" * 32)
    members.data["keys.json"] = json.dumps([{"key": signer.verifier.text, "endorsement": None}]).encode()
    for name in [name for name in members.data if name.startswith("checkpoints/")]:
        del members.data[name]
    for size in sizes:
        checkpoint = Checkpoint(signer.verifier.name, size, root_of(leaves[:size]))
        members.data[f"checkpoints/{size}.txt"] = checkpoint.sign(signer).encode()
    tree = Tree(lambda level, _number: () if level else leaves)
    paths = [(old, new, tree.consistency(old, new)) for old, new in pairwise(sizes)]
    members.put(
        [{"old_size": old, "size": new, "path": [encoded(each) for each in path]} for old, new, path in paths],
        "proofs/consistency.jsonl",
    )


def encoded(data: bytes) -> str:
    """Bytes in base64, as in JSON."""
    return str(load("sealed_log").base64.b64encode(data).decode())


def load(name: str) -> Any:
    """Load a standalone module of the verifier."""
    spec = importlib.util.spec_from_file_location(f"verifier_{name}", VERIFIER / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def only_cryptography(folder: Path) -> Path:
    """A folder in which Python finds `cryptography` with its dependencies and nothing else."""
    found = importlib.util.find_spec("cryptography")
    assert found is not None
    assert found.origin is not None
    packages = Path(found.origin).parent.parent
    for name in ("cryptography", "cffi", *(path.name for path in packages.glob("_cffi_backend*"))):
        if (packages / name).exists():
            (folder / name).symlink_to(packages / name)
    return folder


class Verifier:
    """The verifier as an auditor runs it: a copy elsewhere, with only Python and `cryptography`."""

    def __init__(self, folder: Path) -> None:
        self._script = folder / "copy" / "verify_bundle.py"
        self._script.parent.mkdir()
        for path in VERIFIER.glob("*.py"):
            (self._script.parent / path.name).write_bytes(path.read_bytes())
        (folder / "packages").mkdir()
        self._packages = only_cryptography(folder / "packages")

    def run(self, path: Path | str, *options: object) -> "subprocess.CompletedProcess[str]":
        """Check a bundle."""
        command = [sys.executable, "-S", "-s", str(self._script), str(path), *map(str, options)]
        environment = {"PYTHONPATH": str(self._packages), "PATH": os.defpath, "PYTHONIOENCODING": "utf-8"}
        done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", env=environment)
        assert done.stderr == "" or done.returncode == 2, done.stderr
        return done


def each_transfer(rows: Rows, wanted: Callable[[dict[str, Any]], bool]) -> Iterator[dict[str, Any]]:
    """Matching transfers, in order."""
    return (each for row in rows for each in row["transfers"] if wanted(each))
