"""Notes, keys and checkpoints: the published example of a signed note, and malformed ones."""

import base64
import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import assume, given
from hypothesis import strategies as st

from ledger.proof.checkpoints import Checkpoint, endorse, endorsed_key, open_checkpoint, parse_checkpoint, proof_file
from ledger.proof.notes import NoteError, Signer, new_private_key, parse_verifier

# The example of Go's golang.org/x/mod/sumdb/note, whose format the specification adopted.
PETER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
PETERS_SECRET = "AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
NOTE = (
    TEXT
    + "\n— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
ROOT = hashlib.sha256(b"a root").digest()


def signer(name: str = "jf.example.org/0abc") -> Signer:
    """A signer with a new key."""
    return Signer(name, new_private_key())


def test_the_published_note_is_verified_and_signed_the_same() -> None:
    peter = Signer("PeterNeumann", base64.b64decode(PETERS_SECRET)[1:])

    assert parse_verifier(PETER).verify(NOTE) == TEXT
    assert peter.verifier.text == PETER
    assert peter.sign(TEXT) == NOTE


def test_a_checkpoint_is_verified_by_a_few_lines_of_ones_own() -> None:
    """An independent implementation of the specification."""
    own = signer()
    note, key = Checkpoint("jf.example.org/0abc", 1234, ROOT).sign(own), own.verifier.text

    name, _, encoded = key.split("+", 2)
    public = base64.b64decode(encoded)
    text, _, signatures = note.partition("\n\n")
    dash, signed_by, signature = signatures.rstrip("\n").split(" ")
    raw = base64.b64decode(signature)
    assert (dash, signed_by) == ("—", name)
    assert raw[:4] == hashlib.sha256(name.encode() + b"\n" + public).digest()[:4]
    Ed25519PublicKey.from_public_bytes(public[1:]).verify(raw[4:], (text + "\n").encode())
    assert text.split("\n") == ["jf.example.org/0abc", "1234", base64.b64encode(ROOT).decode()]


def test_a_checkpoint_comes_back_as_it_was() -> None:
    own, checkpoint = signer(), Checkpoint("jf.example.org/0abc", 7, ROOT)
    assert open_checkpoint(checkpoint.sign(own), own.verifier, "jf.example.org/0abc") == checkpoint


def test_a_checkpoint_of_another_log_is_refused() -> None:
    own = signer()
    with pytest.raises(NoteError, match=r"of jf\.example\.org/other"):
        open_checkpoint(Checkpoint("jf.example.org/other", 7, ROOT).sign(own), own.verifier, "jf.example.org/0abc")


@given(st.integers(0, len(NOTE) - 1), st.characters(min_codepoint=32, max_codepoint=126))
def test_no_letter_can_be_changed(at: int, letter: str) -> None:
    changed = NOTE[:at] + letter + NOTE[at + 1 :]
    assume(changed != NOTE)
    with pytest.raises(NoteError):
        parse_verifier(PETER).verify(changed)


def test_signatures_of_others_are_passed_over() -> None:
    own, other = signer("one.example/a"), signer("two.example/b")
    line = other.sign(TEXT).rpartition("\n\n")[2]
    assert own.verifier.verify(own.sign(TEXT) + line) == TEXT
    assert other.verifier.verify(own.sign(TEXT) + line) == TEXT


def test_a_key_that_has_not_signed_is_told_so() -> None:
    with pytest.raises(NoteError, match="is not signed by"):
        signer("PeterNeumann").verifier.verify(NOTE)


@pytest.mark.parametrize(
    "note",
    [
        "",
        TEXT,
        f"{TEXT}\n",
        NOTE.removesuffix("\n"),
        NOTE.replace("— Peter", "- Peter"),
        NOTE.replace("PeterNeumann x", "Peter+Neumann x"),
        NOTE.replace("x08go/", "*08go/"),
        f"{TEXT}\n— PeterNeumann x08goA==\n",
        TEXT + "\n" + "— PeterNeumann x08go/ZJ\n" * 101,
    ],
)
def test_what_is_no_note(note: str) -> None:
    with pytest.raises(NoteError):
        parse_verifier(PETER).verify(note)


@pytest.mark.parametrize(
    "key",
    [
        "",
        "PeterNeumann",
        "PeterNeumann+c74f20a3",
        PETER.replace("c74f20a3", "c74f20a4"),
        PETER.replace("Neumann", " Neumann"),
        PETER[:-4],
        PETER.replace("+ARpc", "+BRpc"),
        "+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
    ],
)
def test_what_is_no_key(key: str) -> None:
    with pytest.raises(NoteError):
        parse_verifier(key)


GOOD = Checkpoint("jf.example.org/0abc", 7, ROOT).text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n".join(GOOD.split("\n")[:2]),
        GOOD.removesuffix("\n"),
        GOOD.replace("\n7\n", "\n07\n"),
        GOOD.replace("\n7\n", "\n-7\n"),
        GOOD.replace("\n7\n", "\n٧\n"),
        GOOD.replace("\n7\n", "\n\n"),
        GOOD.replace("\n7\n", f"\n{'7' * 5000}\n"),
        GOOD.replace("=", ""),
        GOOD.replace("=\n", "A=\n"),
        f"\n{GOOD}",
        f"{GOOD}\nextension\n",
    ],
)
def test_what_is_no_checkpoint(text: str) -> None:
    with pytest.raises(NoteError):
        parse_checkpoint(text)


def test_lines_after_the_root_are_no_fault() -> None:
    assert parse_checkpoint(f"{GOOD}an extension\n") == parse_checkpoint(GOOD)


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\u3000b", "a\tb"])
def test_a_name_that_no_key_can_have(name: str) -> None:
    with pytest.raises(NoteError):
        Signer(name, new_private_key())


@pytest.mark.parametrize("text", ["", "without an end", "a\tb\n", "a\r\n"])
def test_a_text_that_no_note_can_have(text: str) -> None:
    with pytest.raises(NoteError):
        signer().sign(text)


def test_an_old_key_names_its_successor() -> None:
    old, new = signer(), signer()
    note = endorse(old, new.verifier)

    assert parse_verifier(endorsed_key(note, old.verifier)) == new.verifier
    with pytest.raises(NoteError):
        endorsed_key(note, new.verifier)
    with pytest.raises(NoteError, match="not the naming"):
        endorsed_key(Checkpoint("jf.example.org/0abc", 7, ROOT).sign(old), old.verifier)


def test_a_proof_in_a_file() -> None:
    note = Checkpoint("jf.example.org/0abc", 7, ROOT).sign(signer())
    heading, extra, index, sibling, rest = proof_file(3, [ROOT], note, leaf=b"leaf").split("\n", 4)
    assert (heading, extra) == ("c2sp.org/tlog-proof@v1", f"extra {base64.b64encode(b'leaf').decode()}")
    assert (index, sibling) == ("index 3", base64.b64encode(ROOT).decode())
    assert rest == f"\n{note}"
    assert proof_file(0, [], note) == f"c2sp.org/tlog-proof@v1\nindex 0\n\n{note}"
