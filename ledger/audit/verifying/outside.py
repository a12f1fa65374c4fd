"""Checkpoints kept outside: which log they belong to, and whether a known key signed them."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from ledger.audit.checks.scope import LogHead
from ledger.places import queries as places
from ledger.points.sealing import keys as seal_keys
from ledger.proof.checkpoints import open_checkpoint, parse_checkpoint
from ledger.proof.notes import NoteError, Verifier, parse_verifier, split_note


@dataclass(frozen=True, slots=True)
class Kept:
    """A checkpoint kept outside and the center of its log; `signed` says whether a known key signed it."""

    center_id: int
    head: LogHead
    signed: bool


def read(session: Session, note: str, key: str | None = None) -> Kept:
    """Read a C2SP checkpoint for comparison with the center's log; with `key` only that key may have signed it.

    Raises NoteError for a malformed text or key, and for a log that belongs to no center here.
    """
    text, _signatures = split_note(note)
    checkpoint = parse_checkpoint(text)
    centers = places.center_ids(session)
    own = {center_id: seal_keys.keys(session, center_id) for center_id in centers}
    named = [center_id for center_id in centers if any(each.origin == checkpoint.origin for each in own[center_id])]
    # A forger may have renamed the log too; with only one center there is no doubt which log it is.
    fitting = named or (centers if len(centers) == 1 else [])
    if not fitting:
        raise NoteError(f"no center here has a log called {checkpoint.origin}")
    verifiers = [parse_verifier(key)] if key else [each.verifier for each in own[fitting[0]]]
    signed = any(_signed(note, verifier, checkpoint.origin) for verifier in verifiers)
    return Kept(fitting[0], LogHead(checkpoint.size, checkpoint.root), signed)


def _signed(note: str, verifier: Verifier, origin: str) -> bool:
    try:
        open_checkpoint(note, verifier, origin)
    except NoteError:
        return False
    return True
