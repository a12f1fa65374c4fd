"""The rows of a bundle: batches as sealed in their leaves, accounts with our balances, keys and proofs.

Missing numbers are null; times are microseconds and days are days since 1970, as in the leaves. Text that somebody may
have typed is never exported: a leaf only has its digest, and so does the bundle.
"""

import base64
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date
from functools import lru_cache
from itertools import pairwise
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.audit.checks.finding import in_chunks, stream
from ledger.audit.exports.names import instant_text
from ledger.kernel.types import table_of
from ledger.points.models import Account, Lot, Unit, Unsealed
from ledger.points.raw.queries import SOURCE
from ledger.points.sealing.facts import Facts, FactsReader, stream_leaves
from ledger.points.sealing.folded import folded_balances
from ledger.points.sealing.keys import KeyView
from ledger.points.sealing.models import CheckpointRow
from ledger.points.sealing.queries import stored_tiles
from ledger.proof.decoding import Said
from ledger.proof.leaves import NONE, BatchFacts, TransferFacts
from ledger.proof.tree import Tree

# The form of reasons and sources written by our own code; anything else was typed by somebody.
_REASON_OF_OURS = re.compile("[a-z]+(-[a-z]+)*")
_KEY_OF_OURS = re.compile("[1-9][0-9]{11,18}")
_EPOCH_DAY = date(1970, 1, 1).toordinal()
_TILES_AT_HAND = 64
_account, _unit, _lot = table_of(Account), table_of(Unit), table_of(Lot)
_unsealed, _checkpoint = table_of(Unsealed), table_of(CheckpointRow)
_ACCOUNT_FIELDS = ("id", "unit", "kind", "owner_id", "counted", "in_lots", "overdraft")
_COUNTERS = ("credits_posted", "debits_posted", "debits_pending", "credits_pending", "version")


def sealed(session: Session, center_id: int) -> Iterator[dict[str, Any]]:
    """The log in order of its leaves; the batch is null if it is gone."""
    for leaf_index, _, hash_, facts in stream_leaves(session, center_id):
        yield {"index": leaf_index, "leaf": hash_.hex(), **batch_row(facts)}


def unsealed(session: Session, center_id: int) -> Iterator[dict[str, Any]]:
    """Batches still waiting for a leaf."""
    query = sa.select(_unsealed.c.batch_id).where(_unsealed.c.center_id == center_id).order_by(_unsealed.c.batch_id)
    reader = FactsReader(session, center_id)
    for rows in in_chunks(stream(session, query)):
        found = reader.read([row[0] for row in rows])
        for row in rows:
            yield batch_row(found.get(row[0]))


def accounts(session: Session, center_id: int) -> Iterator[dict[str, Any]]:
    """Every account with its unit, and with balance, holds and lots according to our counters and derived balances."""
    columns = (*(_account.c[name] for name in (*_ACCOUNT_FIELDS, *_COUNTERS)), _unit.c.scale)
    same_unit = sa.and_(_unit.c.center_id == _account.c.center_id, _unit.c.code == _account.c.unit)
    query = sa.select(*columns).join(_unit, same_unit).where(_account.c.center_id == center_id).order_by(_account.c.id)
    for rows in in_chunks(stream(session, query)):
        folded = folded_balances(session, [row.id for row in rows if not row.counted], center_id)
        lots = _lots(session, center_id, [row.id for row in rows if row.in_lots])
        for row in rows:
            yield {
                **{name: getattr(row, name) for name in _ACCOUNT_FIELDS},
                "scale": row.scale,
                "balance": row.credits_posted - row.debits_posted if row.counted else folded[row.id],
                "held": row.debits_pending,
                "coming": row.credits_pending,
                "version": row.version,
                "lots": lots[row.id],
            }


def checkpoints(session: Session, center_id: int) -> Iterator[tuple[int, str]]:
    """Signed checkpoint notes by size."""
    query = sa.select(_checkpoint.c.size, _checkpoint.c.text).where(_checkpoint.c.center_id == center_id)
    return ((row[0], row[1]) for row in stream(session, query.order_by(_checkpoint.c.size)))


def consistency(session: Session, center_id: int, sizes: Sequence[int]) -> Iterator[dict[str, Any]]:
    """Proofs that the log of each checkpoint begins with the one before it; left out if the log lacks a node."""
    tiles = lru_cache(maxsize=_TILES_AT_HAND)(stored_tiles(session, center_id))
    for old, new in pairwise(sizes):
        try:
            path = Tree(tiles).consistency(old, new)
        except LookupError:
            continue
        yield {"old_size": old, "size": new, "path": [base64.b64encode(each).decode() for each in path]}


def key_row(key: KeyView) -> dict[str, Any]:
    """A public key in the format of other tools, with the note by which the previous key endorsed it."""
    return {
        "key": key.text,
        "endorsement": key.endorsement,
        "valid_from": instant_text(key.valid_from),
        "valid_until": instant_text(key.valid_until) if key.valid_until is not None else None,
    }


def batch_row(facts: Facts | None) -> dict[str, Any]:
    """A batch as sealed in its leaf, with its transfers, their lots and lot movements; null if it is gone."""
    if facts is None:
        return {"batch": None, "transfers": []}
    said = facts.said()
    return {"batch": _header(said.batch, *facts.typed), "transfers": [_transfer(each, said) for each in said.transfers]}


def _header(batch: BatchFacts, source_ref: str, reason: str) -> dict[str, Any]:
    own_ref = batch.source_type != SOURCE and _KEY_OF_OURS.fullmatch(source_ref)
    own_reason = batch.source_type != SOURCE and _REASON_OF_OURS.fullmatch(reason)
    return {
        **batch._asdict(),
        "source_ref": source_ref if own_ref else None,
        "source_ref_sha256": batch.source_ref,
        "reason": reason if own_reason else None,
        "reason_sha256": batch.reason,
    }


def _transfer(transfer: TransferFacts, said: Said) -> dict[str, Any]:
    return {
        **_without_none(transfer._asdict()),
        "lots": [_without_none(lot._asdict()) for lot in said.lots[transfer.id]],
        "uses": [_without_none(use._asdict()) for use in said.uses[transfer.id]],
    }


def _without_none(values: dict[str, Any]) -> dict[str, Any]:
    return {name: None if value == NONE else value for name, value in values.items()}


def _lots(session: Session, center_id: int, account_ids: Sequence[int]) -> dict[int, list[dict[str, Any]]]:
    """Remaining lots by account; `good_until` in days since 1970."""
    columns = [_lot.c[name] for name in ("account_id", "id", "remaining", "held", "expires_on", "extended_to")]
    query = sa.select(*columns).where(
        _lot.c.center_id == center_id, _lot.c.account_id.in_(account_ids), _lot.c.remaining > 0
    )
    found: defaultdict[int, list[dict[str, Any]]] = defaultdict(list)
    for row in session.connection().execute(query.order_by(_lot.c.id)) if account_ids else ():
        good_until = row.extended_to or row.expires_on
        days = good_until.toordinal() - _EPOCH_DAY if good_until is not None else None
        found[row.account_id].append({"id": row.id, "remaining": row.remaining, "held": row.held, "good_until": days})
    return found
