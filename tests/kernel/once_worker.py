"""Work of the idempotency test's processes; a separate module, because they import it."""

from ledger.kernel.db import in_transaction_once
from ledger.kernel.idempotency import Once
from tests.at_once import at_once
from tests.kernel.rows import add


def ask_often(_process: int, center_id: int, job: str) -> list[tuple[str, bool]]:
    """Send the same request under the same key from 15 threads, for each of ten keys."""
    answers = []
    for key in range(10):

        def ask(key: int = key) -> tuple[str, bool]:
            once = Once(center_id, "scope", f"key {key}", "hash")
            return in_transaction_once(once, add, job, f"{key}"), once.replayed

        answers += at_once([ask] * 15)
    return answers
