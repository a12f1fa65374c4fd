"""Pure decisions of the ledger: kinds of account, and the effect of a movement on an account's counters."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal, NamedTuple

from ledger.kernel.errors import Conflict, Rejected

Kind = Literal["posted", "pending", "post", "void", "expire"]
COUNTS_AS_POSTED: tuple[Kind, ...] = ("posted", "post")
MINUTE = "minute"
_canonical = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str).encode
POINT = "point"
POINT_SCALE = 2


@dataclass(frozen=True, slots=True)
class AccountKind:
    """How accounts of a kind are kept: counted ones are locked and never fall below zero, folded ones are neither.

    An account `in_lots` is kept in lots if its unit is; a `debt` is never above zero.
    """

    counted: bool
    in_lots: bool = False
    overdraft: bool = False


COUNTED = AccountKind(counted=True)
FOLDED = AccountKind(counted=False)
KINDS: dict[str, AccountKind] = {
    "member": AccountKind(counted=True, in_lots=True),
    "debt": AccountKind(counted=True, overdraft=True),
    "stock": COUNTED,
    "free": COUNTED,
    "service": FOLDED,
    "issuance": FOLDED,
    "breakage": FOLDED,
    "clawback": FOLDED,
    "adjustment": FOLDED,
    "redeemed": FOLDED,
    "handed_out": FOLDED,
    "bought": FOLDED,
    "donated": FOLDED,
    "scrap": FOLDED,
}


class AccountKey(NamedTuple):
    """Natural key of an account; `owner_id` is 0 for an account of the center itself."""

    unit: str
    kind: str
    owner_id: int = 0


def item_unit(item_public_id: str) -> str:
    """The unit of a stock item."""
    return f"item-{item_public_id}"


@dataclass(frozen=True, slots=True)
class Movement:
    """A request to move an amount (minor units, > 0) from one account to another; `code` is the kind of event.

    `expires_at` makes it a hold. For accounts in lots: the credit is good until the day `good_until`, None for ever;
    `lot_id` takes from one lot only; what a correction returns to a lapsed lot is good until
    `extend_to`. `claws_back` marks the return of an award, from the member or as a debt.
    """

    debit: AccountKey
    credit: AccountKey
    amount: int
    code: str
    expires_at: datetime | None = None
    reverses_id: int | None = None
    refund_of: int | None = None
    good_until: date | None = None
    lot_id: int | None = None
    extend_to: date | None = None
    claws_back: bool = False


@dataclass(frozen=True, slots=True)
class Source:
    """The event behind a batch; each step of a source posts once, ever."""

    type: str
    ref: str
    step: str


@dataclass(slots=True)
class Line:
    """A transfer about to be written, with its accounts as ids."""

    debit_id: int
    credit_id: int
    amount: int
    code: str
    kind: Kind
    held: int = 0
    pending_id: int | None = None
    reverses_id: int | None = None
    refund_of: int | None = None
    expires_at: datetime | None = None
    good_until: date | None = None
    lot_id: int | None = None
    extend_to: date | None = None
    claws_back: bool = False

    @property
    def corrects(self) -> int | None:
        """The transfer that it corrects, wholly or in part."""
        return self.reverses_id if self.refund_of is None else self.refund_of


@dataclass(frozen=True, slots=True)
class Balance:
    """Balance of an account: `balance` is posted, `held` is pending against it."""

    balance: int
    held: int

    @property
    def available(self) -> int:
        """Balance less holds."""
        return self.balance - self.held


@dataclass(slots=True)
class AccountState:
    """A locked account while a batch is decided on; its counters change here and are written back together."""

    id: int
    unit: str
    kind: str
    owner_id: int
    counted: bool
    in_lots: bool
    overdraft: bool
    debits_pending: int
    debits_posted: int
    credits_pending: int
    credits_posted: int
    version: int
    last_recorded_at: datetime | None
    closed_at: datetime | None

    @property
    def key(self) -> AccountKey:
        """The account's natural key."""
        return AccountKey(self.unit, self.kind, self.owner_id)

    @property
    def state(self) -> Balance:
        """Current balance and held amount."""
        return Balance(self.balance, self.debits_pending)

    @property
    def balance(self) -> int:
        """Posted credits less posted debits."""
        return self.credits_posted - self.debits_posted

    @property
    def available(self) -> int:
        """Balance less holds."""
        return self.credits_posted - self.debits_posted - self.debits_pending

    @property
    def counters(self) -> tuple[int, int, int, int, int]:
        """Everything that a posting changes, for `restore` after a refusal."""
        return (
            self.debits_pending, self.debits_posted, self.credits_pending, self.credits_posted, self.version,
        )  # fmt: skip

    def restore(self, counters: tuple[int, int, int, int, int]) -> None:
        """Reset what a refused posting changed."""
        self.debits_pending, self.debits_posted, self.credits_pending, self.credits_posted, self.version = counters

    def take(self, line: Line) -> None:
        """Debit this account. Raises Rejected("points.exceeds_credits") if the amount exceeds what is available."""
        if not self.counted:
            return
        if line.kind in ("posted", "pending") and not self.overdraft and line.amount > self.available:
            raise Rejected(
                "points.exceeds_credits",
                amount=line.amount,
                available=self.available,
                held=self.debits_pending,
                unit=self.unit,
                owner=self.owner_id,
            )
        if line.kind == "pending":
            self.debits_pending += line.amount
        else:
            self.debits_pending -= line.held
            self.debits_posted += line.amount if line.kind in ("posted", "post") else 0
        self.version += 1

    def give(self, line: Line) -> None:
        """Credit this account. Raises Rejected("points.exceeds_debits") if the amount exceeds the debt."""
        if not self.counted:
            return
        if line.kind == "pending":
            self.credits_pending += line.amount
        else:
            self.credits_pending -= line.held
            self.credits_posted += line.amount if line.kind in ("posted", "post") else 0
        if self.kind == "debt" and self.balance + self.credits_pending > 0:
            raise Rejected("points.exceeds_debits", unit=self.unit, owner=self.owner_id)
        self.version += 1


@dataclass(slots=True)
class Original:
    """A transfer that others correct: a reversal wholly and once, or refunds in parts."""

    debit_id: int
    credit_id: int
    amount: int
    kind: str
    is_correction: bool
    reversed: bool
    refunded: int

    def correct(self, line: Line) -> None:
        """Apply the correction `line`.

        Raises Rejected("points.transfer_not_correctable" | "points.correction_must_mirror" |
        "points.exceeds_refundable"), Conflict("points.already_reversed").
        """
        if self.is_correction or self.kind not in COUNTS_AS_POSTED or line.kind != "posted":
            raise Rejected("points.transfer_not_correctable")
        if self.reversed:
            raise Conflict("points.already_reversed")
        if not line.claws_back and (line.debit_id, line.credit_id) != (self.credit_id, self.debit_id):
            raise Rejected("points.correction_must_mirror")
        refundable = self.amount - self.refunded
        if line.amount > refundable:
            raise Rejected("points.exceeds_refundable", amount=line.amount, refundable=refundable)
        if line.reverses_id is None:
            self.refunded += line.amount
            return
        if line.amount != self.amount:
            raise Rejected("points.correction_must_mirror")
        self.reversed = True


def recording_time(now: datetime, accounts: Iterable[AccountState]) -> datetime:
    """Time of recording of a batch: now, or just after the last entry of its locked accounts.

    Strictly after, so that an account's entries have one order by time even if two machines' clocks differ.
    """
    last = [state.last_recorded_at + timedelta(microseconds=1) for state in accounts if state.last_recorded_at]
    return max([now, *last])


def apply(line: Line, debit: AccountState, credit: AccountState) -> dict[str, int | None]:
    """Apply a line to both accounts. Returns the transfer's columns with the balances afterwards.

    Order of refusals: amount, same account, unit, closed account, balance.
    """
    if line.amount <= 0:
        raise Rejected("points.amount_must_be_positive")
    if debit.id == credit.id:
        raise Rejected("points.accounts_must_be_different")
    if debit.unit != credit.unit:
        raise Rejected("points.accounts_must_have_the_same_unit")
    if debit.closed_at or credit.closed_at:
        raise Rejected("points.account_closed")
    debit.take(line)
    credit.give(line)
    return {
        "debit_version": debit.version if debit.counted else None,
        "debit_balance_after": debit.balance if debit.counted else None,
        "debit_held_after": debit.debits_pending if debit.counted else None,
        "credit_version": credit.version if credit.counted else None,
        "credit_balance_after": credit.balance if credit.counted else None,
        "credit_held_after": credit.debits_pending if credit.counted else None,
    }


def evidence_hash(evidence: Mapping[str, Any]) -> str:
    """SHA-256 of the canonical JSON of a posting's evidence: scans, rule version, people by key; no names."""
    return hashlib.sha256(_canonical(evidence).encode()).hexdigest()
