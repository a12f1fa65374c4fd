"""What the processes of the race tests do; a module of its own, because they import it anew."""

from ledger.kernel.errors import LedgerError
from tests.points.books import Books, member


def spend_all(process: int, center_id: int, members: int) -> list[str]:
    """Spend all that each member has, from one end or the other; per member the code of the refusal, or "won"."""
    books = Books(center_id)
    numbers = range(1, members + 1)
    outcomes = {}
    for number in numbers if process == 0 else reversed(numbers):
        try:
            books.spend(100, member(number))
            outcomes[number] = "won"
        except LedgerError as error:
            outcomes[number] = error.code
    return [outcomes[number] for number in numbers]
