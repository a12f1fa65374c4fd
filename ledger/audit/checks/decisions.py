"""Check decisions that take two people: adjustments and expiry against their approvals, and closed months."""

import json
from collections import defaultdict
from collections.abc import Iterator
from datetime import timedelta
from itertools import zip_longest
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.approvals.models import Proposal, ProposalDecision
from ledger.audit.checks.finding import Advance, Difference, as_key, in_chunks, source_chunks, stream
from ledger.audit.checks.postings import Postings, postings_of
from ledger.audit.checks.scope import Scope
from ledger.kernel.errors import Rejected
from ledger.kernel.ids import public_id
from ledger.kernel.types import table_of
from ledger.points.closing.models import Period
from ledger.points.corrections import adjustments
from ledger.points.corrections.kinds import ADJUSTMENT_PAYLOAD
from ledger.points.expiry.models import ExpiryRun
from ledger.points.models import Account, Batch, Lot, LotUse, Transfer
from ledger.points.policy import POINT, AccountKey

_proposal, _decision, _period, _run = (table_of(each) for each in (Proposal, ProposalDecision, Period, ExpiryRun))
_account, _batch, _transfer = table_of(Account), table_of(Batch), table_of(Transfer)
_lot, _use = table_of(Lot), table_of(LotUse)
NOTHING = Postings()
# Clocks of two machines may differ, so batches within a minute of a closing are not reported.
_CLOCKS_DIFFER = timedelta(minutes=1)


def check_approvals(session: Session, scope: Scope, advance: Advance) -> Iterator[Difference]:
    """Find proposals that one person decided alone, and adjustments that differ from the approved proposal."""
    decided = sa.and_(_decision.c.center_id == _proposal.c.center_id, _decision.c.proposal_id == _proposal.c.id)
    query = (
        sa.select(_proposal, _decision.c.decision, _decision.c.decided_by)
        .outerjoin(_decision, decided)
        .where(_proposal.c.center_id == scope.center_id)
    )
    for chunk in source_chunks(session, scope, query, adjustments.SOURCE, _proposal.c.id):
        posted = postings_of(session, scope.center_id, adjustments.SOURCE, [row.id for row in chunk])
        for row in chunk:
            approved = row.status == "approved"
            if approved and (row.decision != "approved" or row.decided_by == row.proposed_by):
                yield Difference("approved_alone", "proposal", row.id)
            found = {key: amount for key, amount in posted.get(row.id, NOTHING).gained.items() if amount}
            expected = _adjusted(row) if approved else {}
            if found != expected:
                yield Difference("adjustment_posted", "proposal", row.id, _of(expected), _of(found), POINT)
        advance(len(chunk))


def _adjusted(row: Any) -> dict[AccountKey, int]:
    """Amounts that an approved proposal moves; empty for anything but an adjustment."""
    if row.kind != adjustments.NAME:
        return {}
    try:
        values = ADJUSTMENT_PAYLOAD.read(json.loads(row.payload))
    except (Rejected, ValueError):
        return {}
    move = adjustments.movement(values)
    return {move.debit: -move.amount, move.credit: move.amount}


def _of(moved: dict[AccountKey, int]) -> int:
    return sum(amount for key, amount in moved.items() if key.kind == "member")


def check_expiry(session: Session, scope: Scope, advance: Advance) -> Iterator[Difference]:
    """Find lots that expired without a released run, too early, or differently from their run."""
    runs = {f"expire:{public_id(row.id)}": row for row in _runs(session, scope.center_id)}
    sums: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for chunk in in_chunks(stream(session, _expired(scope), scope.values)):
        keys = {as_key(row.source_ref) for row in chunk}
        query = sa.select(_lot.c.id, _lot.c.account_id, _lot.c.expires_on)
        own = (_lot.c.center_id == scope.center_id, _lot.c.id.in_(key for key in keys if key is not None))
        lots = {row.id: row for row in session.connection().execute(query.where(*own))}
        for row in chunk:
            yield from _check_expired(row, runs.get(row.step), lots.get(as_key(row.source_ref)))
            sums[row.step][0] += 1
            sums[row.step][1] += row.amount
        advance(len(chunk))
    if scope.since is None:
        for step, run in runs.items():
            if sums[step] != [run.expired_lots, run.expired_amount]:
                yield Difference("expiry_sum", "expiry_run", run.id, sums[step][1], run.expired_amount, POINT)


def _check_expired(row: Any, run: Any, lot: Any) -> Iterator[Difference]:
    if run is None or run.released_by is None or run.status not in ("released", "done"):
        yield Difference("expiry_not_released", "batch", row.id)
        return
    if lot is None:
        return
    if lot.expires_on is None or lot.expires_on > run.ends_on:
        yield Difference("expired_too_early", "lot", lot.id, str(run.ends_on), str(lot.expires_on))
    month = run.ends_on.year * 100 + run.ends_on.month
    expected = (lot.id, lot.account_id, "breakage", month, "posted")
    if (row.lot_id, row.debit_account_id, row.credit_kind, row.credit_owner, row.kind) != expected:
        yield Difference("expiry_differs", "transfer", row.transfer_id)


def _runs(session: Session, center_id: int) -> list[Any]:
    return list(session.connection().execute(sa.select(_run).where(_run.c.center_id == center_id)))


def _expired(scope: Scope) -> "sa.Select[Any]":
    b, t, a = _batch.c, _transfer.c, _account.c
    return (
        sa.select(
            b.id,
            b.source_ref,
            b.step,
            t.id.label("transfer_id"),
            t.amount,
            t.kind,
            t.debit_account_id,
            a.kind.label("credit_kind"),
            a.owner_id.label("credit_owner"),
            _use.c.lot_id,
        )
        .join(_transfer, sa.and_(t.center_id == b.center_id, t.batch_id == b.id))
        .join(_account, sa.and_(a.center_id == t.center_id, a.id == t.credit_account_id))
        .outerjoin(_use, sa.and_(_use.c.center_id == t.center_id, _use.c.transfer_id == t.id))
        .where(b.center_id == scope.center_id, b.source_type == "lot", scope.shape.among(b.id, scope.shape.new_batches))
        .order_by(b.id)
    )


def check_periods(session: Session, scope: Scope, advance: Advance) -> Iterator[Difference]:
    """Find batches dated into a month while it was closed."""
    p, b = _period.c, _batch.c
    query = sa.select(p.number, p.closed_until, p.happened_at).where(p.center_id == scope.center_id).order_by(p.number)
    turns = list(session.connection().execute(query))
    for turn, after in zip_longest(turns, turns[1:]):
        while_closed = [b.recorded_at >= turn.happened_at + _CLOCKS_DIFFER, b.effective_at < turn.closed_until]
        if after is not None:
            while_closed.append(b.recorded_at < after.happened_at - _CLOCKS_DIFFER)
        own = (b.center_id == scope.center_id, scope.shape.among(b.id, scope.shape.new_batches))
        for batch_id, effective_at in stream(
            session, sa.select(b.id, b.effective_at).where(*own, *while_closed).order_by(b.id), scope.values
        ):
            yield Difference("period_closed", "batch", batch_id, turn.closed_until, effective_at)
        advance(1)
