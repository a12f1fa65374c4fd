"""Pages of the book: accounts by volunteer number or kind, an account as of any time, a transfer with its trace."""

from typing import Any

from flask import render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from ledger.audit.approving.clawback_pages import may_be_taken_back
from ledger.audit.blueprint import bp
from ledger.audit.naming import names
from ledger.audit.tracing import statement
from ledger.audit.tracing.story import amount_words, chain_of
from ledger.audit.tracing.trace import Trace, trace
from ledger.kernel.actor import Actor
from ledger.kernel.db import in_snapshot
from ledger.kernel.paging import Page, PageRequest
from ledger.kernel.permissions import Permission
from ledger.people.volunteers import queries as people
from ledger.people.volunteers.search import number_sought
from ledger.points.book import reading
from ledger.points.book.reading import AccountFilter, AccountRow
from ledger.points.corrections.standing import corrections_of
from ledger.points.lots.listing import LotRow
from ledger.points.policy import KINDS, POINT, AccountKey
from ledger.web import asked
from ledger.web.guard import get_actor, requires
from ledger.web.listed import listed
from ledger.web.spreadsheets import download

_PER_PAGE = 20
_LONGEST = 60
_MOST_LOTS = 100


@bp.get("/books/accounts")
@requires(Permission.READ_BOOKS)
@listed
def accounts() -> str:
    """Find accounts by volunteer number or kind."""
    return render_template("audit/accounts.html", kinds=list(KINDS), **in_snapshot(_accounts, get_actor()))


def _accounts(session: Session, actor: Actor) -> dict[str, Any]:
    number, kind = asked.text("number", longest=_LONGEST), asked.choice("kind", KINDS)
    volunteer = people.find_volunteer_by_number(session, number_sought(number), actor.center_id) if number else None
    owner = volunteer.id if volunteer is not None else -1 if number else None
    wanted = AccountFilter(
        unit=asked.text("unit", longest=_LONGEST) or None, kind="member" if number else kind, owner_id=owner
    )
    page = asked.page(_PER_PAGE)
    found = reading.list_accounts(session, actor, wanted, request=page)
    keys = {row.id: AccountKey(row.unit, row.kind, row.owner_id) for row in found.items}
    named = names.account_names(session, keys.values(), actor.center_id)
    return {
        "accounts": [(row, named[keys[row.id]]) for row in found.items],
        "next": found.next,
        "number": number,
        "kind": kind,
        "sort": found.sort,
    }


@bp.get("/books/accounts/<id:account_id>")
@requires(Permission.READ_BOOKS)
def account(account_id: int) -> str:
    """An account with its statement and the trace of one transfer."""
    return render_template("audit/account.html", **in_snapshot(_account, account_id, get_actor()))


def _account(session: Session, account_id: int, actor: Actor) -> dict[str, Any]:
    as_of = asked.end_of_minute("as_of")
    page = asked.page(_PER_PAGE)
    shown = statement.statement_of(session, account_id, actor, request=page, as_of=as_of)
    picked = _picked([line.entry.transfer_id for line in shown.lines])
    traced = trace(session, picked, actor) if picked is not None else None
    return {
        "lots": _lots(session, shown.account, actor) if as_of is None else None,
        "statement": shown,
        "as_of": as_of,
        "picked": picked,
        "chain": chain_of(traced) if traced is not None else [],
        "amount": amount_words(traced.transfer.amount, traced) if traced is not None else "",
    }


def _lots(session: Session, account: AccountRow, actor: Actor) -> Page[LotRow] | None:
    """The remaining lots of an account kept in lots, soonest to expire first."""
    if account.kind != "member" or account.unit != POINT:
        return None
    return reading.list_lots(session, account.id, actor, request=PageRequest(_MOST_LOTS))


def _picked(shown: list[int]) -> int | None:
    """The transfer traced below the statement: the one in the address, else the first on the page."""
    wanted = asked.pointer("transfer")
    return wanted if wanted in shown else next(iter(shown), None)


@bp.get("/books/accounts/<id:account_id>.<any(csv, xlsx):kind>")
@requires(Permission.READ_BOOKS)
def export_account(account_id: int, kind: str) -> ResponseReturnValue:
    """Export the whole statement as a file."""
    lines = in_snapshot(statement.file_of, account_id, get_actor(), as_of=asked.end_of_minute("as_of"))
    return download(kind, _("流水"), lines)


@bp.get("/books/transfers/<id:transfer_id>")
@requires(Permission.READ_BOOKS)
def transfer(transfer_id: int) -> str:
    """A transfer with its full trace."""
    shown = in_snapshot(_transfer, transfer_id, get_actor())
    found: Trace = shown["trace"]
    words = {"chain": chain_of(found), "amount": amount_words(found.transfer.amount, found)}
    return render_template("audit/transfer.html", **shown, **words)


def _transfer(session: Session, transfer_id: int, actor: Actor) -> dict[str, Any]:
    return {
        "trace": trace(session, transfer_id, actor),
        "returnable": may_be_taken_back(session, transfer_id, actor),
        "corrections": corrections_of(session, [transfer_id], actor.center_id),
    }
