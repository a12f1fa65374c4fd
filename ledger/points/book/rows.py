"""The rows of a posting: a batch, its transfers, and the counters of the accounts they moved."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.kernel.actor import Actor
from ledger.kernel.ids import new_id
from ledger.kernel.prepared import Prepared
from ledger.kernel.types import table_of
from ledger.points.models import Account, Unsealed
from ledger.points.policy import AccountState, Line, Source, evidence_hash

_NO_EVIDENCE = evidence_hash({})
COUNTERS = ("debits_pending", "debits_posted", "credits_pending", "credits_posted", "version")
_account = table_of(Account)
_WRITE_BACK = Prepared(
    sa.update(_account)
    .where(_account.c.center_id == sa.bindparam("of_center"), _account.c.id == sa.bindparam("of_id"))
    .values({name: sa.bindparam(name) for name in (*COUNTERS, "last_recorded_at")})
)
_AWAIT_SEAL = Prepared(sa.insert(table_of(Unsealed)))


@dataclass(frozen=True, slots=True)
class Header:
    """The header of a batch: event, actor, reason, effective time, evidence."""

    source: Source
    actor: Actor
    reason: str
    effective_at: datetime | None = None
    evidence: Mapping[str, Any] = field(default_factory=dict)


def batch_row(header: Header, recorded_at: datetime) -> dict[str, Any]:
    """A new batch."""
    return {
        "center_id": header.actor.center_id,
        "id": new_id(),
        "source_type": header.source.type,
        "source_ref": header.source.ref,
        "step": header.source.step,
        "effective_at": header.effective_at or recorded_at,
        "recorded_at": recorded_at,
        "actor_id": header.actor.identity_id,
        "reason": header.reason,
        "evidence_hash": evidence_hash(header.evidence) if header.evidence else _NO_EVIDENCE,
    }


def transfer_row(line: Line, unit: str, *, center_id: int, batch_id: int, at: datetime) -> dict[str, Any]:
    """A new transfer, without the balances after it."""
    return {
        "center_id": center_id,
        "id": new_id(),
        "batch_id": batch_id,
        "unit": unit,
        "debit_account_id": line.debit_id,
        "credit_account_id": line.credit_id,
        "amount": line.amount,
        "code": line.code,
        "kind": line.kind,
        "pending_id": line.pending_id,
        "reverses_id": line.reverses_id,
        "refund_of": line.refund_of,
        "expires_at": line.expires_at,
        "recorded_at": at,
    }


def await_seal(session: Session, batches: Sequence[Mapping[str, Any]]) -> None:
    """Queue new batches for the sealer."""
    waiting = [{"center_id": batch["center_id"], "batch_id": batch["id"]} for batch in batches]
    _AWAIT_SEAL.run(session, waiting)


def write_back(session: Session, states: Sequence[AccountState], center_id: int, at: datetime) -> None:
    """Write the counters of locked accounts."""
    written = [
        {
            "of_center": center_id,
            "of_id": state.id,
            "last_recorded_at": at,
            "debits_pending": state.debits_pending,
            "debits_posted": state.debits_posted,
            "credits_pending": state.credits_pending,
            "credits_posted": state.credits_posted,
            "version": state.version,
        }
        for state in states
    ]
    _WRITE_BACK.run(session, written)
