"""List the tests of a commit that no longer exist, each with the test that proves the same.

    python -m tools.compare_tests COMMIT

`.ci/run` runs all tests, so a test gone from the code is gone from it too. tests/gone.txt names for each gone test
where the same is proved. This fails if a gone test isn't listed, or if a line there has no proof or one that is not an
existing test.
"""

import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
GONE = ROOT / "tests" / "gone.txt"
COLLECT = ("-m", "pytest", "--collect-only", "-q", "-n", "0", "-m", "", "-p", "no:cacheprovider")
ARROW = "=>"


@dataclass(frozen=True)
class Moved:
    """Tests that are gone, and those that prove the same; `*` matches anything."""

    gone: str
    proved_by: tuple[str, ...]


def fits(pattern: str, test: str) -> bool:
    """Whether a test's id matches the pattern."""
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), test) is not None


def read_moved(text: str) -> list[Moved]:
    """Parse tests/gone.txt: each paragraph names gone tests, and their proofs in lines with an arrow."""
    moved = []
    for paragraph in text.split("\n\n"):
        lines = [line.strip() for line in paragraph.splitlines() if line.strip() and not line.startswith("#")]
        proofs = tuple(line.removeprefix(ARROW).strip() for line in lines if line.startswith(ARROW))
        moved += [Moved(line, proofs) for line in lines if not line.startswith(ARROW)]
    return moved


def compare(before: set[str], now: set[str], moved: list[Moved]) -> tuple[list[str], list[str]]:
    """Returns the gone tests with their proofs, and the faults found, one line each."""
    gone, wrong = [], []
    for test in sorted(before - now):
        known = next((each for each in moved if fits(each.gone, test)), None)
        if known is None:
            wrong.append(f"gone without a word in {GONE.name}: {test}")
        else:
            gone.append(f"{test} {ARROW} {'; '.join(known.proved_by)}")
    wrong += [
        f"{GONE.name} names no proof: {each.gone}" for each in moved if not each.proved_by or "" in each.proved_by
    ]
    # Proofs by `make check` are not tests.
    proofs = dict.fromkeys(proof for each in moved for proof in each.proved_by if "::" in proof)
    lost = [proof for proof in proofs if not any(fits(proof, test) for test in now)]
    return gone, wrong + [f"{GONE.name} names no test that there is: {proof}" for proof in lost]


def collect(folder: Path) -> set[str]:
    """The ids of all tests in a checkout."""
    done = subprocess.run([sys.executable, *COLLECT], cwd=folder, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"The tests in {folder} could not be collected:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return {line for line in done.stdout.splitlines() if "::" in line}


def collect_at(commit: str) -> set[str]:
    """The ids of all tests at a commit."""
    with tempfile.TemporaryDirectory() as folder:
        archive = subprocess.run(["git", "archive", commit], cwd=ROOT, capture_output=True)
        if archive.returncode != 0:
            sys.exit(archive.stderr.decode())
        subprocess.run(["tar", "-x", "-C", folder], input=archive.stdout, check=True)
        return collect(Path(folder))


def main() -> None:
    """Compare, print the gone tests, and fail if one is unaccounted for."""
    if len(sys.argv) != 2:
        sys.exit("Which commit? python -m tools.compare_tests COMMIT")
    before, now = collect_at(sys.argv[1]), collect(ROOT)
    gone, wrong = compare(before, now, read_moved(GONE.read_text(encoding="utf-8")))
    print(f"{len(before)} tests then, {len(now)} now: {len(now - before)} are new, {len(before - now)} are gone.")
    print("\n".join(gone))
    if wrong:
        sys.exit("\n".join(wrong))


if __name__ == "__main__":
    main()
