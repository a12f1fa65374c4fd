"""The book as a strict hledger journal: every account and commodity declared, our balances asserted.

Commas end tags and semicolons start comments, so both become full-width in typed text: no reason can forge a tag or a
line.
"""

from collections.abc import Iterable, Iterator
from datetime import date
from itertools import groupby

from ledger.audit.exports.book import Book, Event, Holding, Move
from ledger.audit.exports.names import instant_text, on_one_line
from ledger.kernel.ids import public_id

SUFFIX = "journal"
_HARMLESS = str.maketrans(",;:|[]", "，；：｜［］")
_MOST_PER_ENTRY = 500


def opening(book: Book) -> Iterator[str]:
    """The header with commodities and accounts."""
    yield (
        f"; {_typed(book.title)}: {book.batches} batches, {book.transfers} transfers\n"
        f"; exported {instant_text(book.exported_at)}; days are those of {book.zone.key}\n"
        "; Amounts above zero came in, below zero went out: balances are the ledger's own (credits minus debits).\n"
        "; What only held or released an amount moves 0, and its comment says how much. It ends with our balances.\n"
        "; Check: hledger check --strict -f FILE\n\n"
        "decimal-mark .\n\n"
    )
    for commodity in book.commodities.values():
        shape = f"1000.{'0' * commodity.scale}"
        yield f"commodity {shape} {_symbol(commodity.name)}  ; unit:{_typed(commodity.code)}, "
        yield f"name:{_typed(commodity.title)}\n"
    yield "\n"
    for name, holdings in groupby(book.holdings.values(), key=lambda holding: holding.name):
        keys = ", ".join(f"{each.commodity.name} is {public_id(each.id)}" for each in holdings)
        yield f"account {name}  ; {keys}\n"
    yield "\n"


def entry(event: Event) -> str:
    """A batch as a transaction, flagged ! if it moves nothing."""
    happened, known = instant_text(event.effective_at), instant_text(event.recorded_at)
    keys = f"batch:{public_id(event.id)}, actor:{public_id(event.actor_id)}, evidence:{event.evidence_hash}"
    note = f" | {_typed(event.reason)}" if event.reason else ""
    lines = [
        f"{event.day} {'*' if event.posts else '!'} {_typed(event.source)} {_typed(event.step)}{note}",
        f"    ; source:{_typed(event.source)}, ref:{_typed(event.ref)}, step:{_typed(event.step)}",
        f"    ; effective:{happened}, recorded:{known}",
        f"    ; {keys}",
    ]
    for move in event.moves:
        commodity = move.debit.commodity
        symbol = _symbol(commodity.name)
        lines.append(f"    {move.debit.name}  {commodity.amount(-move.posted)} {symbol}  ; {_tags(move)}")
        lines.append(f"    {move.credit.name}  {commodity.amount(move.posted)} {symbol}")
    return "\n".join(lines) + "\n\n"


def assertions(day: date, balances: Iterable[tuple[Holding, int]]) -> Iterator[str]:
    """Balances at the end of a day; hledger rejects a journal with different sums."""
    for number, (holding, balance) in enumerate(balances):
        if number % _MOST_PER_ENTRY == 0:
            yield f"{'' if number == 0 else chr(10)}{day} * balances\n"
        amount, symbol = holding.commodity.amount, _symbol(holding.commodity.name)
        yield f"    {holding.name}  {amount(0)} {symbol} = {amount(balance)} {symbol}\n"
    yield "\n"


def _tags(move: Move) -> str:
    tags = [f"transfer:{public_id(move.id)}", f"code:{_typed(move.code)}", f"kind:{move.kind}"]
    if not move.posted:
        tags.append(f"amount:{move.debit.commodity.amount(move.amount)}")
    others = (("pending", move.pending_id), ("reverses", move.reverses_id), ("refunds", move.refund_of))
    tags += [f"{name}:{public_id(key)}" for name, key in others if key is not None]
    if move.expires_at is not None:
        tags.append(f"until:{instant_text(move.expires_at)}")
    return ", ".join(tags)


def _symbol(name: str) -> str:
    return name if name.isalpha() else f'"{name}"'


def _typed(text: str) -> str:
    return on_one_line(text).translate(_HARMLESS)
