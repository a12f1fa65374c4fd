"""Corrections: a reversal takes back the whole transfer, once; refunds take back parts, never more than the whole."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any, Protocol

from sealed_log import of_transfer

Row = Mapping[str, Any]
POSTED = ("posted", "post")


class Owned(Protocol):
    """The part of an account needed here."""

    kind: str
    owner: int


class Corrections:
    """Collects the corrections and the `corrected` transfers that they name, and no others."""

    def __init__(self, corrected: set[int]) -> None:
        self._corrected = corrected
        self._originals: dict[int, Row] = {}
        self._found: defaultdict[int, list[Row]] = defaultdict(list)

    def see(self, transfer: Row) -> None:
        """Keep a transfer if it is a correction or corrected."""
        for name in ("reverses_id", "refund_of"):
            if transfer[name] is not None:
                self._found[transfer[name]].append(transfer)
        if transfer["id"] in self._corrected:
            self._originals[transfer["id"]] = transfer

    def check(self, accounts: Mapping[int, Owned]) -> None:
        """Check all corrections, after the last transfer. Raises Fault."""
        for original_id, corrections in self._found.items():
            original = self._originals.get(original_id)
            if original is None or original["kind"] not in POSTED or _corrects(original):
                raise of_transfer(
                    corrections[0],
                    f"冲正的 {original_id} 不能冲正",
                    f"corrects {original_id}, which can't be corrected",
                )
            _check_amounts(original, corrections)
            for each in corrections:
                if each["kind"] != "posted" or not (_mirrors(each, original) or _claws_back(each, original, accounts)):
                    raise of_transfer(
                        each,
                        f"和它冲正的 {original_id} 不是一来一回",
                        f"does not mirror {original_id}, which it corrects",
                    )


def _check_amounts(original: Row, corrections: list[Row]) -> None:
    key, whole = original["id"], [each for each in corrections if each["reverses_id"] is not None]
    if len(whole) > 1:
        raise of_transfer(whole[1], f"第二次冲销 {key}", f"reverses {key} a second time")
    if whole and whole[0]["amount"] != original["amount"]:
        raise of_transfer(whole[0], f"没有整笔冲销 {key}", f"does not reverse the whole of {key}")
    if sum(each["amount"] for each in corrections) > original["amount"]:
        raise of_transfer(corrections[-1], f"让 {key} 退得太多", f"refunds more of {key} than it moved")


def _corrects(transfer: Row) -> bool:
    return transfer["reverses_id"] is not None or transfer["refund_of"] is not None


def _mirrors(transfer: Row, original: Row) -> bool:
    back = (transfer["credit_account_id"], transfer["debit_account_id"])
    return back == (original["debit_account_id"], original["credit_account_id"])


def _claws_back(transfer: Row, award: Row, accounts: Mapping[int, Owned]) -> bool:
    """A claw-back takes an award from its member, or books it as the member's debt."""
    taken, given = accounts[transfer["debit_account_id"]], accounts[award["credit_account_id"]]
    codes = (transfer["code"], award["code"], given.kind) == ("clawback", "award", "member")
    same_unit = transfer["unit"] == award["unit"]
    return codes and same_unit and taken.kind in ("member", "debt") and taken.owner == given.owner
