"""Work of the race tests' processes; a separate module, because each process imports it anew."""

from ledger.kernel.errors import LedgerError
from tests.points.books import Books, member


def spend_all(process: int, center_id: int, members: int) -> list[str]:
    """Spend everything of each member, in forward or reverse order. Returns "won" or the refusal's code per member."""
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
