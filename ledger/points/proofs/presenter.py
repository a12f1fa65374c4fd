"""The seal of a batch as pages show it: number, fingerprint, and address of the proof."""

from typing import Any

from flask import url_for

from ledger.kernel.ids import public_id
from ledger.points.sealing.queries import Seal

_LETTERS_TOGETHER = 4


def seal_of(seal: Seal) -> dict[str, Any]:
    """Values of SealSchema; without number and hash until the batch is sealed."""
    center = public_id(seal.center_id)
    return {
        "batch_id": seal.batch_id,
        "sealed": seal.leaf_index is not None,
        "leaf_index": seal.leaf_index,
        "leaf_hash": seal.leaf_hash,
        "sealed_at": seal.sealed_at,
        "number": 0 if seal.leaf_index is None else seal.leaf_index + 1,
        "fingerprint": _spaced("" if seal.leaf_hash is None else seal.leaf_hash.hex()[:16]),
        "proof_url": url_for("proof_api.prove_batch", batch_id=seal.batch_id, center=center),
        "checkpoint_url": url_for("proof_api.latest_checkpoint", center_id=seal.center_id),
    }


def _spaced(letters: str) -> str:
    """Grouped for reading aloud: 1f0e 22ab."""
    return " ".join(letters[at : at + _LETTERS_TOGETHER] for at in range(0, len(letters), _LETTERS_TOGETHER))
