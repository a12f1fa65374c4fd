"""Names of our accounts, units and amounts in journals of other tools, the same in all of them.

Signs are those of our balances: what comes in is positive. Seen from the holders, members and shelves are assets,
sources of points and goods are income, and their destinations are expenses.
"""

import hashlib
import re
from datetime import UTC, datetime

from ledger.kernel.ids import public_id

_ROOTS = {
    "member": "Assets",
    "stock": "Assets",
    "free": "Assets",
    "debt": "Liabilities",
    "adjustment": "Equity",
    "service": "Income",
    "issuance": "Income",
    "bought": "Income",
    "donated": "Income",
    "scrap": "Income",
    "redeemed": "Expenses",
    "handed_out": "Expenses",
    "breakage": "Expenses",
    "clawback": "Expenses",
}
_CENTER = "Center"
# The owner of these accounts is a month, such as 202612.
_OF_MONTHS = "breakage"
_PLAIN_UNIT = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_LONGEST_COMMODITY = 24


def account_name(kind: str, owner_id: int, *, counted: bool) -> str:
    """Assets:Member:<public id of the owner>; Income:Issuance:Center for an account of the center itself."""
    root = _ROOTS.get(kind, "Assets" if counted else "Equity")
    return f"{root}:{'-'.join(word.capitalize() for word in kind.split('_'))}:{_owner(kind, owner_id)}"


def _owner(kind: str, owner_id: int) -> str:
    if kind == _OF_MONTHS:
        return f"{owner_id // 100}-{owner_id % 100:02}"
    return public_id(owner_id) if owner_id else _CENTER


def commodity_name(unit: str) -> str:
    """POINT, MINUTE, ITEM-…; a code that the tools would reject is replaced by its fingerprint."""
    if _PLAIN_UNIT.fullmatch(unit) and 1 < len(unit) <= _LONGEST_COMMODITY:
        return unit.upper()
    return f"UNIT-{hashlib.sha256(unit.encode()).hexdigest()[:12].upper()}"


def amount_text(amount: int, scale: int) -> str:
    """Format an amount in minor units of 10**-scale with all decimals and a decimal point: -2.08."""
    if not scale:
        return str(amount)
    whole, rest = divmod(abs(amount), 10**scale)
    return f"{'-' if amount < 0 else ''}{whole}.{rest:0{scale}}"


def on_one_line(text: str) -> str:
    """The text without line breaks and invisible characters."""
    return "".join(letter if letter.isprintable() else " " for letter in text).strip()


def instant_text(instant: datetime) -> str:
    """Format an instant like the API does: 2026-06-03T00:52:00+00:00."""
    return instant.astimezone(UTC).isoformat()
