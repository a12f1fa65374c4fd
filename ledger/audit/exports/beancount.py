"""The book as a beancount file: every account opened, and our balances as assertions without tolerance."""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from itertools import groupby

from ledger.audit.exports.book import Book, Event, Holding, Move
from ledger.audit.exports.names import instant_text, on_one_line
from ledger.kernel.ids import public_id

SUFFIX = "beancount"


def opening(book: Book) -> Iterator[str]:
    """The header with commodities and accounts."""
    yield (
        f"; {on_one_line(book.title)}: {book.batches} batches, {book.transfers} transfers\n"
        f"; exported {instant_text(book.exported_at)}; days are those of {book.zone.key}\n"
        "; Amounts above zero came in, below zero went out: balances are the ledger's own (credits minus debits).\n"
        "; What only held or released an amount moves 0 and says how much. It ends with our balances.\n"
        "; Check: bean-check FILE\n\n"
        f'option "title" {_quoted(book.title)}\n\n'
    )
    for commodity in book.commodities.values():
        yield f"{book.first_day} commodity {commodity.name}\n"
        yield f"  unit: {_quoted(commodity.code)}\n  name: {_quoted(commodity.title)}\n"
    yield "\n"
    for name, holdings in groupby(book.holdings.values(), key=lambda holding: holding.name):
        own = list(holdings)
        yield f"{book.first_day} open {name} {','.join(each.commodity.name for each in own)}\n"
        yield "".join(f'  account-{each.commodity.name.lower()}: "{public_id(each.id)}"\n' for each in own)
    yield "\n"


def entry(event: Event) -> str:
    """A batch as a transaction, flagged ! if it moves nothing."""
    lines = [
        f"{event.day} {'*' if event.posts else '!'} {_quoted(f'{event.source} {event.step}')} {_quoted(event.reason)}",
        f'  batch: "{public_id(event.id)}"',
        f"  source: {_quoted(event.source)}",
        f"  ref: {_quoted(event.ref)}",
        f"  step: {_quoted(event.step)}",
        f'  actor: "{public_id(event.actor_id)}"',
        f'  effective: "{instant_text(event.effective_at)}"',
        f'  recorded: "{instant_text(event.recorded_at)}"',
        f'  evidence: "{event.evidence_hash}"',
    ]
    for move in event.moves:
        commodity = move.debit.commodity
        lines.append(f"  {move.debit.name}  {commodity.amount(-move.posted)} {commodity.name}")
        lines += [f"    {name}: {value}" for name, value in _metadata(move)]
        lines.append(f"  {move.credit.name}  {commodity.amount(move.posted)} {commodity.name}")
    return "\n".join(lines) + "\n\n"


def assertions(day: date, balances: Iterable[tuple[Holding, int]]) -> Iterator[str]:
    """Exact balances at the end of a day; beancount asserts at the start of a day, hence the next one."""
    after = day + timedelta(days=1)
    for holding, balance in balances:
        commodity = holding.commodity
        yield f"{after} balance {holding.name}  {commodity.amount(balance)} ~ 0 {commodity.name}\n"
    yield "\n"


def _metadata(move: Move) -> Iterator[tuple[str, str]]:
    yield "transfer", f'"{public_id(move.id)}"'
    yield "code", _quoted(move.code)
    yield "kind", f'"{move.kind}"'
    if not move.posted:
        yield "amount", f"{move.debit.commodity.amount(move.amount)} {move.debit.commodity.name}"
    others = (("pending", move.pending_id), ("reverses", move.reverses_id), ("refunds", move.refund_of))
    for name, key in others:
        if key is not None:
            yield name, f'"{public_id(key)}"'
    if move.expires_at is not None:
        yield "until", f'"{instant_text(move.expires_at)}"'


def _quoted(text: str) -> str:
    escaped = on_one_line(text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
