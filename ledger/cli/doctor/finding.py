"""What the doctor found of one thing: its state, what that means, and what to do next."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

State: TypeAlias = Literal["ok", "warning", "wrong"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report; `next` is empty only if nothing needs to be done."""

    check: str
    state: State
    says: str
    next: str = ""


def ok(check: str, says: str) -> Finding:
    """Nothing needs to be done."""
    return Finding(check, "ok", says)


def warning(check: str, says: str, todo: str) -> Finding:
    """The service works, but something doesn't, or soon won't."""
    return Finding(check, "warning", says, todo)


def wrong(check: str, says: str, todo: str) -> Finding:
    """People can't work, or what they do can be lost."""
    return Finding(check, "wrong", says, todo)
