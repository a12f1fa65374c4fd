"""Phone numbers for tests: each is handed out once, from the range that is never assigned."""

from itertools import count

from ledger.people.policy import demonstration_phone

_numbers = count(5_000_000)


def fresh_phone() -> str:
    """A number unused in this test process."""
    return demonstration_phone(next(_numbers))
