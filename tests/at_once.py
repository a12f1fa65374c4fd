"""Run pieces of work at the same moment, each in its own thread."""

import threading
from collections.abc import Callable, Sequence
from contextvars import copy_context
from typing import Any

# Only a safety net: a thread that still runs by then hangs.
LONGEST_SECONDS = 120


def at_once(works: Sequence[Callable[[], Any]]) -> list[Any]:
    """What each piece of work returned or raised, in order. All start together, once every thread is ready."""
    barrier = threading.Barrier(len(works))
    outcomes: list[Any] = [None] * len(works)

    def run(number: int) -> None:
        barrier.wait(LONGEST_SECONDS)
        try:
            outcomes[number] = works[number]()
        except BaseException as error:  # a test looks at it
            outcomes[number] = error

    threads = [
        threading.Thread(target=copy_context().run, args=(run, number), daemon=True) for number in range(len(works))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LONGEST_SECONDS)
    assert not any(thread.is_alive() for thread in threads), "somebody was left asleep"
    return outcomes


def failures(outcomes: Sequence[Any]) -> list[BaseException]:
    """The outcomes that are errors."""
    return [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
