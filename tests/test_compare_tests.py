"""Gone tests are reported, and accepted only with a test that proves the same."""

import pytest

from tools.compare_tests import GONE, compare, fits, read_moved

BEFORE = {"tests/a.py::test_one[sqlite]", "tests/a.py::test_one[postgresql]", "tests/a.py::test_two"}


def test_a_star_stands_for_anything_and_brackets_for_themselves() -> None:
    assert fits("tests/a.py::*[postgresql]", "tests/a.py::test_one[postgresql]")
    assert not fits("tests/a.py::*[postgresql]", "tests/a.py::test_one[sqlite]")


def test_what_is_gone_without_a_word_is_wrong() -> None:
    gone, wrong = compare(BEFORE, BEFORE - {"tests/a.py::test_two"}, [])

    assert gone == []
    assert wrong == ["gone without a word in gone.txt: tests/a.py::test_two"]


def test_what_is_gone_is_said_with_its_proof() -> None:
    moved = read_moved("# why\n\ntests/a.py::*[postgresql]\n=> tests/a.py::*[sqlite]\n=> tests/b.py::*\n")

    gone, wrong = compare(BEFORE, BEFORE - {"tests/a.py::test_one[postgresql]"} | {"tests/b.py::test_sql"}, moved)

    assert gone == ["tests/a.py::test_one[postgresql] => tests/a.py::*[sqlite]; tests/b.py::*"]
    assert wrong == []


def test_a_proof_that_is_gone_itself_is_wrong() -> None:
    moved = read_moved("tests/a.py::test_two\n=> tests/b.py::test_sql\n")

    assert compare(BEFORE, BEFORE, moved)[1] == ["gone.txt names no test that there is: tests/b.py::test_sql"]


@pytest.mark.parametrize("proofs", ["", "=>\n", "=> \n", "=> tests/a.py::*\n=>\n"])
def test_a_line_without_a_proof_is_wrong(proofs: str) -> None:
    moved = read_moved(f"tests/a.py::test_two\n{proofs}")

    assert compare(BEFORE, BEFORE, moved)[1] == ["gone.txt names no proof: tests/a.py::test_two"]


def test_each_line_of_the_list_has_a_proof() -> None:
    moved = read_moved(GONE.read_text(encoding="utf-8"))
    assert moved
    assert all(each.gone and each.proved_by and all(each.proved_by) for each in moved)
