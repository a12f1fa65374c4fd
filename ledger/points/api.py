"""The ledger API: accounts as of any time, statements, transfers, batches; the raw ledger between free accounts."""

from typing import Any

from flask_smorest import Blueprint

from ledger.kernel.db import in_snapshot, in_transaction_once
from ledger.kernel.errors import LedgerError
from ledger.kernel.paging import Page
from ledger.kernel.permissions import Permission
from ledger.points.book import detail, reading
from ledger.points.book.entries import BatchView, Entry, TransferView
from ledger.points.book.reading import AccountFilter, AccountRow
from ledger.points.raw import service as raw
from ledger.points.raw.service import WantedTransfer
from ledger.points.schemas import (
    MOST_TRANSFERS,
    AccountDetailSchema,
    AccountPage,
    AccountQuery,
    AccountRequest,
    AccountSchema,
    BalanceQuery,
    BatchSchema,
    EntryPage,
    EntryQuery,
    TransferRequest,
    TransferResults,
    TransferSchema,
)
from ledger.web.fields import length, page_of
from ledger.web.guard import get_actor, requires
from ledger.web.once import find_idempotency_key, idempotency_key
from ledger.web.openapi import KEY_PARAMETER, PREFIX, REQUIRED_KEY_PARAMETER
from ledger.web.problem import words

bp = Blueprint("points_api", __name__, url_prefix=PREFIX, description="The books")
READERS = (Permission.OWN_RECORD, Permission.READ_BOOKS, Permission.RAW_LEDGER)


@bp.get("/accounts")
@requires(*READERS)
@bp.arguments(AccountQuery, location="query")
@bp.response(200, AccountPage)
def list_accounts(query: dict[str, Any]) -> Page[AccountRow]:
    """Accounts with their current balances: your own, or all of the center for auditors."""
    page = page_of(query)
    return in_snapshot(reading.list_accounts, get_actor(), AccountFilter(**query), request=page)


@bp.post("/accounts")
@requires(Permission.RAW_LEDGER)
@bp.doc(parameters=[KEY_PARAMETER])
@bp.arguments(AccountRequest)
@bp.response(201, AccountSchema)
def open_account(body: dict[str, Any]) -> AccountRow:
    """Open an account of the raw ledger."""
    actor = get_actor()
    overdraft = "overdraft" in body["flags"]
    account_id = in_transaction_once(
        find_idempotency_key(), raw.open_account, body["unit"], overdraft=overdraft, actor=actor
    )
    return in_snapshot(reading.get_account, account_id, actor)


@bp.get("/accounts/<id:account_id>")
@requires(*READERS)
@bp.arguments(BalanceQuery, location="query")
@bp.response(200, AccountDetailSchema)
def get_account(query: dict[str, Any], account_id: int) -> dict[str, Any]:
    """An account with its balance and open holds as of any time, from one snapshot."""
    return in_snapshot(detail.get_detail, account_id, get_actor(), **query)


@bp.get("/accounts/<id:account_id>/entries")
@requires(*READERS)
@bp.arguments(EntryQuery, location="query")
@bp.response(200, EntryPage)
def list_entries(query: dict[str, Any], account_id: int) -> Page[Entry]:
    """The statement of an account, newest entry first."""
    page = page_of(query)
    return in_snapshot(reading.statement, account_id, get_actor(), request=page, as_of=query["as_of"])


@bp.get("/transfers/<id:transfer_id>")
@requires(*READERS)
@bp.response(200, TransferSchema)
def get_transfer(transfer_id: int) -> TransferView:
    """A transfer."""
    return in_snapshot(reading.get_transfer, transfer_id, get_actor())


@bp.get("/batches/<id:batch_id>")
@requires(*READERS)
@bp.response(200, BatchSchema)
def get_batch(batch_id: int) -> BatchView:
    """A batch with its transfers."""
    return in_snapshot(reading.get_batch, batch_id, get_actor())


@bp.post("/transfers")
@requires(Permission.RAW_LEDGER)
@bp.doc(parameters=[REQUIRED_KEY_PARAMETER])
@bp.arguments(TransferRequest(many=True), validate=length(0, MOST_TRANSFERS))
@bp.response(200, TransferResults)
def transfer_all(body: list[WantedTransfer]) -> dict[str, Any]:
    """Book up to a thousand transfers between free accounts; each chain of linked transfers is all or nothing."""
    answered = in_transaction_once(idempotency_key(), raw.transfer_all, body, actor=get_actor())
    return {"results": [_result(result) for result in answered["results"]]}


def _result(result: dict[str, Any]) -> dict[str, Any]:
    """Words are added here, not when the refusal is stored, so that they are in the reader's language."""
    if result["status"] == "created":
        return result
    if result["status"] == "exists":
        title, detail = words(LedgerError(result["code"]))
        return result | {"title": title, "detail": detail}
    context = result["context"]
    title, detail = words(LedgerError(result["code"], **context))
    told = {"status": "refused", "id": result["id"], "code": result["code"], "title": title, "detail": detail}
    return told | ({"available": context["available"]} if "available" in context else {})
