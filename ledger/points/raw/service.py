"""The raw ledger: bulk transfers between accounts of kind `free`, in all-or-nothing chains.

A request locks its accounts once in id order, is decided in memory, and is written with a few statements, so that a
thousand transfers hold the writer only briefly. A refused chain is rolled back without affecting the others.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.kernel import clock
from ledger.kernel.actor import Actor
from ledger.kernel.errors import Conflict, LedgerError, NotFound, Rejected
from ledger.kernel.ids import new_id, public_id
from ledger.kernel.paths import ROOT
from ledger.kernel.permissions import Permission
from ledger.kernel.prepared import Prepared
from ledger.kernel.types import table_of
from ledger.points.book import rows
from ledger.points.book.rows import Header
from ledger.points.models import Account, Batch, Transfer
from ledger.points.policy import Kind, Line, Source, apply, recording_time
from ledger.points.raw import queries as raw_queries
from ledger.points.raw.chain import RESOLVED, RawBook
from ledger.points.raw.names import Exists, refuse_booked
from ledger.points.raw.queries import SOURCE, lock_accounts

USUAL_HOLD_SECONDS = 24 * 3600
_INSERT_BATCHES, _INSERT_TRANSFERS = Prepared(sa.insert(table_of(Batch))), Prepared(sa.insert(table_of(Transfer)))


@dataclass(frozen=True, slots=True)
class WantedTransfer:
    """One transfer of a request. `id` is the sender's name for it, `pending_id` such a name or a transfer's key.

    `linked` ties it to the next transfer. Post and void may omit the accounts and the unit; an `amount` of None posts
    the whole hold.
    """

    id: str | None = None
    debit_account_id: int | None = None
    credit_account_id: int | None = None
    amount: int | None = None
    unit: str | None = None
    kind: Kind = "posted"
    pending_id: str | None = None
    timeout_seconds: int | None = None
    linked: bool = False
    code: str = "transfer"
    reason: str = ""


def open_account(session: Session, unit: str, *, overdraft: bool, actor: Actor) -> int:
    """Open a free account. Returns its key. Raises Forbidden("access.denied"), Rejected("points.unit_unknown")."""
    actor.need(Permission.RAW_LEDGER, ROOT)
    if raw_queries.find_scale(session, unit, actor.center_id) is None:
        raise Rejected("points.unit_unknown")
    account_id = new_id()
    row = {
        "center_id": actor.center_id,
        "id": account_id,
        "unit": unit,
        "kind": "free",
        # A free account has no owner, so its own key tells it from others.
        "owner_id": account_id,
        "counted": True,
        "in_lots": False,
        "overdraft": overdraft,
        "opened_at": clock.now(),
        **dict.fromkeys(rows.COUNTERS, 0),
    }
    session.connection().execute(sa.insert(Account), row)
    return account_id


def transfer_all(session: Session, wanted: Sequence[WantedTransfer], *, actor: Actor) -> dict[str, Any]:
    """Book a request. Returns {"results": [...]}, one per transfer, in order.

    A result is {"status": "created", "id", "transfer_id", "batch_id", "balances": [{account_id, balance, held}]} or
    {"status": "refused", "id", "code", "context"}. In a chain the first failure has its own code, the others have
    `points.linked_event_failed`. Raises Forbidden("access.denied"), Unavailable("points.ledger_frozen").
    """
    actor.need(Permission.RAW_LEDGER, ROOT)
    book = _load(session, wanted, actor)
    results: list[dict[str, Any]] = []
    for chain in chains(wanted):
        results += _book_chain(book, chain)
    _write(session, book)
    return {"results": results}


def chains(wanted: Iterable[WantedTransfer]) -> Iterator[list[WantedTransfer]]:
    """Split transfers into chains; a chain ends with a transfer that is not linked."""
    chain: list[WantedTransfer] = []
    for each in wanted:
        chain.append(each)
        if not each.linked:
            yield chain
            chain = []
    if chain:
        yield chain


def _load(session: Session, wanted: Sequence[WantedTransfer], actor: Actor) -> RawBook:
    pending = raw_queries.find_pending(
        session, {each.pending_id for each in wanted if each.pending_id}, actor.center_id
    )
    ids = {side for each in wanted for side in (each.debit_account_id, each.credit_account_id) if side is not None}
    ids |= {side for view in pending.values() for side in (view.debit_account_id, view.credit_account_id)}
    accounts = lock_accounts(session, ids, actor.center_id)
    # Read again under the locks: nobody else can resolve them now.
    pending = raw_queries.find_pending(session, pending, actor.center_id)
    names = raw_queries.find_named(session, {each.id for each in wanted if each.id}, actor.center_id)
    return RawBook(actor, recording_time(clock.now(), accounts.values()), accounts, names, pending)


def _book_chain(book: RawBook, chain: list[WantedTransfer]) -> list[dict[str, Any]]:
    book.begin_chain()
    results: list[dict[str, Any]] = []
    for position, each in enumerate(chain):
        try:
            if each.linked and position == len(chain) - 1:
                raise Rejected("points.linked_event_chain_open")
            if each.id is not None and each.id in book.names:
                refuse_booked(book.names[each.id], _parts(book, each))
            results.append(_book_one(book, each))
        except LedgerError as error:
            book.undo_chain()
            others = LedgerError("points.linked_event_failed")
            return [_refused(one, error if one is each else others) for one in chain]
    return results


def _refused(wanted: WantedTransfer, error: LedgerError) -> dict[str, Any]:
    if isinstance(error, Exists):
        return {"status": "exists", "id": wanted.id, "code": error.code, **error.context}
    return {"status": "refused", "id": wanted.id, "code": error.code, "context": error.context}


def _parts(book: RawBook, wanted: WantedTransfer) -> dict[str, Any]:
    """Parts to compare with the booked transfer of that name, in order."""
    held = book.pending.get(wanted.pending_id or "")
    usual = USUAL_HOLD_SECONDS if wanted.kind == "pending" else None
    return {
        "kind": wanted.kind,
        "pending_id": None if wanted.pending_id is None else (held.id if held is not None else 0),
        "timeout_seconds": wanted.timeout_seconds or usual,
        "debit_account_id": wanted.debit_account_id,
        "credit_account_id": wanted.credit_account_id,
        "amount": wanted.amount,
        "unit": wanted.unit,
        "code": wanted.code,
    }


def _book_one(book: RawBook, wanted: WantedTransfer) -> dict[str, Any]:
    resolves = wanted.kind in RESOLVED
    line = _resolution(book, wanted) if resolves else _new_line(book, wanted)
    debit, credit = book.touch(line.debit_id), book.touch(line.credit_id)
    if wanted.unit != debit.unit and not (resolves and wanted.unit is None):
        raise Rejected("points.accounts_must_have_the_same_unit")
    after = apply(line, debit, credit)
    batch = _batch_row(book, wanted)
    row = rows.transfer_row(line, debit.unit, center_id=book.actor.center_id, batch_id=batch["id"], at=book.recorded_at)
    book.batches.append(batch)
    book.transfers.append(row | after)
    book.remember(wanted.id, row)
    return {
        "status": "created",
        "id": wanted.id,
        "transfer_id": row["id"],
        "batch_id": batch["id"],
        "balances": [
            {"account_id": state.id, "balance": state.balance, "held": state.debits_pending}
            for state in (debit, credit)
        ],
    }


def _new_line(book: RawBook, wanted: WantedTransfer) -> Line:
    if wanted.debit_account_id is None or wanted.credit_account_id is None:
        raise NotFound("points.account_not_found")
    expires_at = None
    if wanted.kind == "pending":
        expires_at = book.recorded_at + timedelta(seconds=wanted.timeout_seconds or USUAL_HOLD_SECONDS)
    return Line(
        debit_id=wanted.debit_account_id,
        credit_id=wanted.credit_account_id,
        amount=wanted.amount or 0,
        code=wanted.code,
        kind=wanted.kind,
        expires_at=expires_at,
    )


def _resolution(book: RawBook, wanted: WantedTransfer) -> Line:
    held = book.pending.get(wanted.pending_id or "")
    if held is None:
        raise NotFound("points.pending_transfer_not_found")
    if held.kind != "pending":
        raise Rejected("points.pending_transfer_not_pending")
    if held.resolved is not None:
        raise Conflict(
            "points.pending_transfer_expired"
            if held.resolved == "expire"
            else f"points.pending_transfer_already_{RESOLVED[held.resolved]}"
        )
    if book.recorded_at >= held.expires_at:
        raise Conflict("points.pending_transfer_expired")
    for side in ("debit_account_id", "credit_account_id"):
        if getattr(wanted, side) not in (None, getattr(held, side)):
            raise Rejected(f"points.pending_transfer_has_different_{side}")
    amount = held.amount if wanted.amount is None or wanted.kind == "void" else wanted.amount
    if amount > held.amount:
        raise Rejected("points.exceeds_pending_transfer_amount", held=held.amount)
    return Line(
        debit_id=held.debit_account_id,
        credit_id=held.credit_account_id,
        amount=amount,
        code=wanted.code,
        kind=wanted.kind,
        held=held.amount,
        pending_id=held.id,
    )


def _batch_row(book: RawBook, wanted: WantedTransfer) -> dict[str, Any]:
    source = Source(SOURCE, wanted.id or public_id(new_id()), "transfer")
    return rows.batch_row(Header(source, book.actor, wanted.reason), book.recorded_at)


def _write(session: Session, book: RawBook) -> None:
    if not book.transfers:
        return
    _INSERT_BATCHES.run(session, book.batches)
    rows.await_seal(session, book.batches)
    _INSERT_TRANSFERS.run(session, book.transfers)
    moved = {row[f"{side}_account_id"] for row in book.transfers for side in ("debit", "credit")}
    states = [book.accounts[account_id] for account_id in sorted(moved)]
    rows.write_back(session, states, book.actor.center_id, book.recorded_at)
