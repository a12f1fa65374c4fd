"""The verifier, written from the standards alone, and the ledger agree on leaves, trees, proofs and notes."""

import json

from hypothesis import given
from hypothesis import strategies as st

from ledger.audit.exports.bundle_rows import batch_row
from ledger.points.sealing.facts import Facts
from ledger.proof.checkpoints import Checkpoint, endorse
from ledger.proof.leaves import (
    BatchFacts,
    LotFacts,
    TransferFacts,
    UseFacts,
    encode_account,
    leaf_hash,
)
from ledger.proof.notes import Signer
from ledger.proof.tree import Tree, root_of
from tests.audit.bundles import load
from tests.proof.encoding import encoded, numbers, rows, texts

sealed_log = load("sealed_log")
ids = st.integers(1, 3)


transfers = rows(TransferFacts, id=ids, debit_account_id=ids, credit_account_id=ids)
lots = st.dictionaries(ids, st.lists(rows(LotFacts), max_size=3))
uses = st.dictionaries(ids, st.lists(rows(UseFacts), max_size=3))
accounts = st.tuples(texts, st.integers(0, 6), texts, numbers)


@given(
    rows(BatchFacts, source_type=st.sampled_from(["raw", "redemption"]), reason=st.sampled_from(["void", "王桂兰"])),
    st.lists(transfers, max_size=3),
    lots,
    uses,
    st.fixed_dictionaries(dict.fromkeys((1, 2, 3), accounts)),
)
def test_a_batch_has_the_same_bytes_in_both(
    batch: BatchFacts,
    moved: list[TransferFacts],
    made: dict[int, list[LotFacts]],
    used: dict[int, list[UseFacts]],
    known: dict[int, tuple[str, int, str, int]],
) -> None:
    ours = {number: encode_account(number, *account) for number, account in known.items()}
    encoding = encoded(batch, moved, ours, made, used)
    facts = Facts(encoding, leaf_hash(encoding), batch.recorded_at, batch, [])
    names = ("unit", "scale", "kind", "owner_id")
    theirs = {
        number: sealed_log.encode_account({"id": number, **dict(zip(names, account, strict=True))})
        for number, account in known.items()
    }

    row = json.loads(json.dumps(batch_row(facts)))
    found = sealed_log.encode_batch(row["batch"], row["transfers"], theirs.__getitem__)

    assert found == encoding
    assert sealed_log.leaf_hash(found) == facts.leaf_hash


@given(st.integers(1, 70), st.integers(1, 70), st.binary(max_size=1))
def test_trees_and_consistency_proofs_are_the_same_in_both(one: int, other: int, changed: bytes) -> None:
    old, new = min(one, other), max(one, other)
    leaves = [leaf_hash(bytes([number])) for number in range(new)]
    log, roots = sealed_log.Log(), {}
    for leaf in leaves:
        log.append(leaf)
        roots[log.size] = log.root()
    first, last = (sealed_log.Checkpoint("log", size, roots[size], 0) for size in (old, new))
    path = Tree(lambda level, _number: () if level else leaves).consistency(old, new)

    assert (roots[old], roots[new]) == (root_of(leaves[:old]), root_of(leaves))
    assert sealed_log.is_consistent(first, last, path) == (old < new)
    assert not sealed_log.is_consistent(first._replace(root=leaf_hash(changed)), last, path)
    assert not sealed_log.is_consistent(first, last, [*path, leaf_hash(changed)])


@given(st.binary(min_size=32, max_size=32), st.binary(min_size=32, max_size=32), st.integers(1, 1 << 62))
def test_notes_of_the_ledger_are_read_by_the_verifier(one: bytes, other: bytes, size: int) -> None:
    signers = [Signer("jf.example.org/log", seed) for seed in (one, other)]
    endorsements = [None, endorse(signers[0], signers[1].verifier)]
    keys = sealed_log.read_keys(
        [
            {"key": signer.verifier.text, "endorsement": endorsement}
            for signer, endorsement in zip(signers, endorsements, strict=True)
        ]
    )
    note = Checkpoint("jf.example.org/log", size, one).sign(signers[1])

    assert sealed_log.read_checkpoint(note, keys) == ("jf.example.org/log", size, one, 1)
