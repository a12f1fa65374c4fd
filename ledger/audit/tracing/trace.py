"""Trace any transfer to the people behind it: batch, source, scans, rule, decisions, and related transfers."""

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.audit.naming.names import AccountName, PersonName, account_names
from ledger.audit.tracing.evidence import Evidence, evidence_of, people_behind
from ledger.kernel.actor import Actor
from ledger.kernel.types import table_of
from ledger.points.book import entries, reading
from ledger.points.book.entries import BatchView, TransferView
from ledger.points.models import Transfer
from ledger.points.policy import AccountKey, evidence_hash
from ledger.points.sealing import queries as seal_queries
from ledger.points.sealing.queries import Seal

_transfer = table_of(Transfer)
_NO_EVIDENCE = evidence_hash({})


@dataclass(frozen=True, slots=True)
class Neighbours:
    """Related transfers: those this one resolves, reverses or refunds, and those that do so to it."""

    pending_id: int | None
    resolution_id: int | None
    reverses_id: int | None
    reversed_by_id: int | None
    refund_of: int | None
    refund_ids: list[int]


@dataclass(frozen=True, slots=True)
class Side:
    """An account of a transfer with its name."""

    account_id: int
    key: AccountKey
    name: AccountName


@dataclass(frozen=True, slots=True)
class Trace:
    """Everything known about a transfer; `people` by part: member, scanned_in, decided_by, clerk, recorded_by …"""

    transfer: TransferView
    debit: Side
    credit: Side
    batch: BatchView
    names: dict[int, AccountName]
    neighbours: Neighbours
    evidence: Evidence | None
    seal: Seal
    people: dict[str, PersonName]

    @property
    def fingerprint(self) -> str:
        """The start of the batch's evidence hash, "" if it has no evidence but its source (a hold)."""
        return "" if self.batch.evidence_hash == _NO_EVIDENCE else self.batch.evidence_hash[:16]


def trace(session: Session, transfer_id: int, actor: Actor) -> Trace:
    """A transfer that the actor may see, with its evidence. Raises NotFound("points.transfer_not_found")."""
    transfer = reading.get_transfer(session, transfer_id, actor)
    batch = reading.get_batch(session, transfer.batch_id, actor)
    ids = {side for each in batch.transfers for side in (each.debit_account_id, each.credit_account_id)}
    keys = entries.account_keys(session, ids, actor.center_id)
    names = account_names(session, keys.values(), actor.center_id)
    debit, credit = (
        Side(account_id, keys[account_id], names[keys[account_id]])
        for account_id in (transfer.debit_account_id, transfer.credit_account_id)
    )
    evidence = evidence_of(session, batch, actor.center_id)
    return Trace(
        transfer=transfer,
        debit=debit,
        credit=credit,
        batch=batch,
        names={account_id: names[key] for account_id, key in keys.items()},
        neighbours=_neighbours(session, transfer, actor.center_id),
        evidence=evidence,
        seal=seal_queries.get_seal(session, batch.id, actor.center_id),
        people=people_behind(session, batch, evidence, actor.center_id),
    )


def _neighbours(session: Session, transfer: TransferView, center_id: int) -> Neighbours:
    def naming(column: str) -> list[int]:
        query = sa.select(_transfer.c.id).where(_transfer.c.center_id == center_id, _transfer.c[column] == transfer.id)
        return list(session.scalars(query.order_by(_transfer.c.id)))

    return Neighbours(
        pending_id=transfer.pending_id,
        resolution_id=next(iter(naming("pending_id")), None),
        reverses_id=transfer.reverses_id,
        reversed_by_id=next(iter(naming("reverses_id")), None),
        refund_of=transfer.refund_of,
        refund_ids=naming("refund_of"),
    )
