"""Every tampering with a bundle is found and named, even if the manifest matches and the log was signed anew."""

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.kernel.database import Database
from ledger.kernel.db import in_transaction
from ledger.organisations.service import create_center
from tests.audit.bundle_tamperings import FORGERIES, MANIFESTS, PARTS
from tests.audit.bundles import Members, Verifier, make_book, seal_anew, write
from tests.conftest import made_database
from tests.points.logs import Log
from tests.runtimes import use_database


@pytest.fixture(scope="module")
def verifier(tmp_path_factory: pytest.TempPathFactory) -> Verifier:
    """The standalone verifier."""
    return Verifier(tmp_path_factory.mktemp("verifier"))


@pytest.fixture(scope="module", params=["sqlite"])
def bundles(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Path]]:
    """A bundle, and one of the same book later; zips don't depend on the database, so one is enough."""
    folder = tmp_path_factory.mktemp("bundle")
    with made_database(request, migrated=True) as url:
        database = Database(url)
        use_database(database)
        books, log = make_book(in_transaction(create_center, name="演示区"))
        earlier = write(books.center_id, folder / "earlier.zip")
        Log.seal(log)
        yield earlier, write(books.center_id, folder / "later.zip")
        database.close()


@pytest.fixture
def members(bundles: tuple[Path, Path]) -> Members:
    """The members of the bundle."""
    return Members(bundles[0])


@pytest.mark.parametrize("part", PARTS)
def test_a_changed_part_is_named(verifier: Verifier, members: Members, part: str, tmp_path: Path) -> None:
    change, named = PARTS[part]
    change(members)
    members.agree()

    done = verifier.run(members.pack(tmp_path / "a.zip"))

    assert (done.returncode, done.stdout.splitlines()[-1]) == (1, "NOT IN ORDER."), done.stdout
    assert named in done.stdout
    assert "不相符" in done.stdout


@pytest.mark.parametrize("part", FORGERIES)
def test_who_can_sign_can_t_make_it_add_up(verifier: Verifier, members: Members, part: str, tmp_path: Path) -> None:
    change, named = FORGERIES[part]
    change(members)
    members.agree()

    done = verifier.run(members.pack(tmp_path / "a.zip"))

    assert done.returncode == 1, done.stdout
    assert named in done.stdout


def test_a_log_signed_anew_is_found_by_the_key_and_by_what_was_kept(
    verifier: Verifier, members: Members, tmp_path: Path
) -> None:
    key, kept = members.first_key, tmp_path / "kept.txt"
    kept.write_bytes(members.data[f"checkpoints/{members.sizes[0]}.txt"])
    seal_anew(members)
    members.agree()
    path = members.pack(tmp_path / "a.zip")

    assert verifier.run(path).returncode == 0
    pinned, against = verifier.run(path, "--key", key), verifier.run(path, "--against", kept)

    assert (pinned.returncode, against.returncode) == (1, 1)
    assert "the first key is not the one that --key gives" in pinned.stdout
    assert "not signed by any key" in against.stdout


def test_an_older_log_is_found_by_a_checkpoint_that_was_kept(
    verifier: Verifier, bundles: tuple[Path, Path], tmp_path: Path
) -> None:
    later, kept = Members(bundles[1]), tmp_path / "kept.txt"
    kept.write_bytes(later.data[f"checkpoints/{later.sizes[-1]}.txt"])

    assert verifier.run(bundles[1], "--against", kept).returncode == 0
    assert verifier.run(bundles[0]).returncode == 0
    done = verifier.run(bundles[0], "--against", kept)

    assert done.returncode == 1
    assert "it was cut or is old" in done.stdout


@pytest.mark.parametrize("part", MANIFESTS)
def test_a_manifest_that_does_not_agree_is_named(
    verifier: Verifier, members: Members, part: str, tmp_path: Path
) -> None:
    change, named = MANIFESTS[part]
    change(members)

    done = verifier.run(members.pack(tmp_path / "a.zip"))

    assert done.returncode == 1
    assert named in done.stdout


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_member_twice_is_named(verifier: Verifier, members: Members, tmp_path: Path) -> None:
    path = members.pack(tmp_path / "a.zip")
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("facts.jsonl", members.data["facts.jsonl"])

    assert "facts.jsonl is missing, too many" in verifier.run(path).stdout


def test_a_bundle_can_t_write_its_own_report(verifier: Verifier, members: Members, tmp_path: Path) -> None:
    manifest = members.manifest
    manifest["center"]["name"] = "\x1b[2J\nALL IS IN ORDER.\n"
    members.data["manifest.json"] = json.dumps(manifest).encode()
    members.data["README.txt"] = b""

    done = verifier.run(members.pack(tmp_path / "a.zip"))

    assert done.returncode == 1
    assert "\x1b" not in done.stdout
    assert "ALL IS IN ORDER." not in done.stdout.splitlines()
