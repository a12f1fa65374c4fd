"""A bundle for an auditor: it verifies without us, contains no names, and invalid files are told apart."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from ledger.audit.exports.bundle import write_bundle
from ledger.kernel.database import Database
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.organisations.service import create_center
from tests.audit.bundles import TYPED, Members, Verifier, make_book, write
from tests.audit.small_book import make_small_book
from tests.conftest import BOTH_DATABASES, made_database
from tests.points.books import Books
from tests.points.logs import Log
from tests.runtimes import ZONE, use_database
from tests.world import World


@pytest.fixture
def books(center: int) -> Books:
    """The book of a new center in the shared database."""
    return Books(center)


@pytest.fixture(scope="module")
def verifier(tmp_path_factory: pytest.TempPathFactory) -> Verifier:
    """The standalone verifier."""
    return Verifier(tmp_path_factory.mktemp("verifier"))


@pytest.fixture(scope="module", params=BOTH_DATABASES)
def bundle(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The bundle of a book with a bit of everything, made once per database."""
    with made_database(request, migrated=True) as url:
        database = Database(url)
        use_database(database)
        books, _log = make_book(in_transaction(create_center, name="演示区"))
        yield write(books.center_id, tmp_path_factory.mktemp("bundle") / "bundle.zip")
        database.close()


def test_a_sound_bundle_verifies(verifier: Verifier, bundle: Path, tmp_path: Path) -> None:
    members = Members(bundle)
    kept = tmp_path / "kept.txt"
    kept.write_bytes(members.data[f"checkpoints/{members.sizes[1]}.txt"])

    done = verifier.run(bundle, "--key", members.first_key, "--against", kept)

    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "ALL IS IN ORDER.")
    assert "一切相符" in done.stdout
    assert "2 keys" in done.stdout
    assert "4 checkpoints" in done.stdout
    assert "1 batches wait" in done.stdout
    assert "that you kept" in done.stdout
    assert "Without both" not in done.stdout
    kinds = {each["kind"] for row in members.rows() for each in row["transfers"]}
    codes = {each["code"] for row in members.rows() for each in row["transfers"]}
    assert kinds == {"posted", "pending", "post", "void", "expire"}
    assert codes >= {"award", "gift", "refund", "void", "clawback", "expiry", "transfer"}


def test_the_bundle_of_a_center_at_work_verifies(verifier: Verifier, world: World, tmp_path: Path) -> None:
    make_small_book(world)

    done = verifier.run(write(world.center_id, tmp_path / "a.zip"))

    assert done.returncode == 0, done.stdout
    assert "Without both --key and --against" in done.stdout


def test_a_center_without_a_posting_verifies(verifier: Verifier, center: int, tmp_path: Path) -> None:
    assert verifier.run(write(center, tmp_path / "a.zip")).returncode == 0


def test_what_somebody_typed_is_not_in_it(bundle: Path) -> None:
    members = Members(bundle)

    assert not [name for name, data in members.data.items() if TYPED.encode() in data]
    typed = [row["batch"] for row in members.rows() if row["batch"]["source_type"] == "raw"]
    assert [(each["reason"], each["source_ref"]) for each in typed] == [(None, None)]
    assert all(row["batch"]["reason"] for row in members.rows() if row["batch"]["source_type"] != "raw")


def test_progress_counts_batches(books: Books, tmp_path: Path) -> None:
    books.award(5)
    Log(books.center_id).seal()
    books.award(6)
    seen: list[tuple[int, int]] = []

    with (tmp_path / "a.zip").open("wb") as file:
        in_snapshot(write_bundle, books.center_id, file, progress=lambda done, total: seen.append((done, total)))

    assert seen == [(0, 2), (2, 2)]


@pytest.mark.parametrize("content", [b"", b"PK no zip at all", None])
def test_what_is_no_bundle_can_t_be_read(verifier: Verifier, content: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    if content is not None:
        path.write_bytes(content)

    done = verifier.run(path)

    assert done.returncode == 2
    assert "Can't be read" in done.stdout


@pytest.mark.parametrize(
    ("said", "shown"), [({"timezone": "Asia/Urumqi"}, "Asia/Urumqi"), ({}, "Asia/Shanghai")], ids=["now", "before"]
)
def test_whose_days_are_in_it_is_said(
    verifier: Verifier, bundle: Path, tmp_path: Path, said: dict[str, str], shown: str
) -> None:
    """Manifests used to omit the time zone; back then it was always Shanghai."""
    members = Members(bundle)
    manifest = members.manifest
    assert manifest.pop("timezone") == ZONE.key
    members.data["manifest.json"] = json.dumps(manifest | said).encode()

    done = verifier.run(members.pack(tmp_path / "a.zip"))

    assert done.returncode == 0, done.stdout
    assert f"days are of {shown}" in done.stdout


def test_another_version_can_t_be_read(verifier: Verifier, bundle: Path, tmp_path: Path) -> None:
    members = Members(bundle)
    members.data["manifest.json"] = json.dumps(members.manifest | {"version": 2}).encode()

    done = verifier.run(members.pack(tmp_path / "a.zip"))

    assert done.returncode == 2
    assert "another kind or version" in done.stdout


def test_an_auditor_takes_it_from_the_page(
    client: FlaskClient, verifier: Verifier, world: World, tmp_path: Path
) -> None:
    make_small_book(world)
    auditor, clerk = world.add_staff("auditor", place_id=world.top_id), world.add_staff("clerk")
    assert "/books/bundle.zip" in client.get("/books", headers=auditor.headers).get_data(as_text=True)

    answer = client.get("/books/bundle.zip", headers=auditor.headers)

    (tmp_path / "a.zip").write_bytes(answer.get_data())
    assert verifier.run(tmp_path / "a.zip").returncode == 0
    assert client.get("/books/bundle.zip", headers=clerk.headers).status_code == 403
