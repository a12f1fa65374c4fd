"""Proofs for download. They are public; only readers of the whole batch get the bytes of its leaf."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from ledger.kernel.actor import Actor
from ledger.kernel.errors import NotFound
from ledger.points.book import entries, reading
from ledger.points.corrections.standing import Change, corrections_of_batch
from ledger.points.sealing import keys as seal_keys
from ledger.points.sealing import queries as seal_queries
from ledger.points.sealing.facts import FactsReader
from ledger.points.sealing.keys import KeyView
from ledger.points.sealing.queries import CheckpointView, Inclusion
from ledger.proof.checkpoints import proof_file


@dataclass(frozen=True, slots=True)
class BatchProof:
    """Proof that a batch is in the log. The SHA-256 of a zero byte followed by `leaf` is `leaf_hash`.

    It stays true of a batch that later ones took back, so those are named too: `corrections`, oldest first.
    """

    center_id: int
    batch_id: int
    leaf_index: int
    leaf_hash: bytes
    leaf: bytes | None
    path: list[bytes]
    checkpoint: CheckpointView
    key: KeyView
    corrections: list[Change]

    @property
    def tree_size(self) -> int:
        """Number of leaves of the checkpoint."""
        return self.checkpoint.size

    @property
    def file(self) -> str:
        """The proof as one text, to keep and verify elsewhere."""
        return proof_file(self.leaf_index, self.path, self.checkpoint.text, leaf=self.leaf)


def prove_batch(
    session: Session, batch_id: int, *, center_id: int | None, size: int | None, actor: Actor | None
) -> BatchProof:
    """The proof of a batch against the checkpoint of `size` leaves, by default the latest.

    Raises what seal_queries.prove_batch raises.
    """
    found = seal_queries.prove_batch(session, batch_id, center_id=center_id, size=size)
    keys = {key.id: key for key in seal_keys.keys(session, found.center_id)}
    return BatchProof(
        center_id=found.center_id,
        batch_id=found.batch_id,
        leaf_index=found.leaf_index,
        leaf_hash=found.leaf_hash,
        leaf=_leaf(session, found, actor),
        path=found.path,
        checkpoint=found.checkpoint,
        key=keys[found.checkpoint.key_id],
        corrections=corrections_of_batch(session, found.batch_id, found.center_id),
    )


def _leaf(session: Session, found: Inclusion, actor: Actor | None) -> bytes | None:
    if actor is None or actor.center_id != found.center_id:
        return None
    try:
        seen = reading.get_batch(session, found.batch_id, actor)
    except NotFound:
        return None
    whole = entries.get_batch(session, found.batch_id, found.center_id)
    if len(seen.transfers) != len(whole.transfers):
        return None
    facts = FactsReader(session, found.center_id).read([found.batch_id]).get(found.batch_id)
    return facts.encoding if facts is not None else None
