"""The book derived from the facts of a bundle: balances, holds and lots, step by step in the order of versions.

It keeps a few integers per account and an array row per lot, so that millions of transfers fit in memory.
"""

import hashlib
from collections.abc import Mapping
from itertools import zip_longest
from typing import Any, NamedTuple

from corrections import POSTED, Corrections
from lots import FOR_EVER, Lots, last_day
from sealed_log import Fault, encode_account, of_transfer

Row = Mapping[str, Any]
_RESOLVES = ("post", "void", "expire")
_MAY_OWE = ("debt", "free")


class Account:
    """An account's stated identity and derived counters; balance is credits minus debits."""

    __slots__ = (
        "ahead", "balance", "coming", "counted", "data", "held", "id", "in_lots", "kind", "last", "overdraft", "owner",
        "unit", "version",
    )  # fmt: skip

    def __init__(self, row: Row) -> None:
        self.id, self.unit, self.kind, self.owner = row["id"], row["unit"], row["kind"], row["owner_id"]
        self.counted, self.in_lots, self.overdraft = row["counted"], row["in_lots"], row["overdraft"]
        self.data = encode_account(row)
        self.balance = self.held = self.coming = self.version = self.last = 0
        self.ahead: dict[int, _Step] = {}
        if self.overdraft and self.kind not in _MAY_OWE:
            raise Fault(f"账户 {self.id} 不该允许透支", f"account {self.id} must not be allowed below zero")


class _Hold(NamedTuple):
    debit: int
    credit: int
    amount: int
    expires_at: int


class _Step(NamedTuple):
    """One side of a transfer; `held` contains the amount of the hold that it ends, once known."""

    side: str
    transfer: Row
    held: list[int]


class Book:
    """The accounts after each transfer. Every method raises Fault for the first error it finds."""

    def __init__(self, corrected: set[int]) -> None:
        self.accounts: dict[int, Account] = {}
        self.transfers = 0
        self._corrections = Corrections(corrected)
        self._holds: dict[int, _Hold] = {}
        self._early: dict[int, tuple[Row, list[int]]] = {}
        self._sources: set[bytes] = set()
        self._lots = Lots()
        self._made = self._uses = 0

    def open(self, row: Row) -> None:
        """Add an account."""
        if row["id"] in self.accounts:
            raise Fault(f"账户 {row['id']} 有两个", f"account {row['id']} is there twice")
        self.accounts[row["id"]] = Account(row)

    def encoded(self, account_id: int) -> bytes:
        """The bytes of an account in leaves."""
        return self._account(account_id).data

    def add(self, batch: Row, transfers: list[Row]) -> None:
        """Add a recorded batch."""
        source = hashlib.sha256(repr([batch[name] for name in ("source_type", "source_ref_sha256", "step")]).encode())
        if source.digest()[:8] in self._sources:
            raise Fault(f"批次 {batch['id']} 的事由入过账了", f"what batch {batch['id']} posts was posted before")
        self._sources.add(source.digest()[:8])
        if not transfers:
            raise Fault(f"批次 {batch['id']} 是空的", f"batch {batch['id']} is empty")
        for transfer in transfers:
            if transfer["recorded_at"] != batch["recorded_at"]:
                raise of_transfer(transfer, "和批次的时间不同", "has a different time from its batch")
            self._add(transfer, batch["effective_at"])

    def _add(self, transfer: Row, effective_at: int) -> None:
        debit, credit = (self._account(transfer[f"{side}_account_id"]) for side in ("debit", "credit"))
        kind = transfer["kind"]
        if transfer["amount"] <= 0 or debit is credit or not debit.unit == credit.unit == transfer["unit"]:
            raise of_transfer(transfer, "金额、账户或单位不对", "has a wrong amount, wrong accounts or a wrong unit")
        resolves, expires = transfer["pending_id"] is not None, transfer["expires_at"] is not None
        if kind not in ("posted", "pending", *_RESOLVES) or resolves != (kind in _RESOLVES):
            raise of_transfer(transfer, "的种类不对", "has a wrong kind")
        if expires != (kind == "pending"):
            raise of_transfer(transfer, "的到期时间不对", "has a wrong end")
        if any(lot["account_id"] != credit.id or not credit.in_lots for lot in transfer["lots"]):
            raise of_transfer(transfer, "给别的账户记了一笔积分", "makes a lot for another account")
        if not debit.in_lots and any(lot["earned_at"] != effective_at for lot in transfer["lots"]):
            raise of_transfer(transfer, "的积分取得日期不对", "makes a lot that was earned at another time")
        self.transfers += 1
        self._made += len(transfer["lots"])
        self._uses += len(transfer["uses"])
        self._corrections.see(transfer)
        held = self._resolve(transfer) if resolves else [0]
        if kind == "pending":
            self._hold(transfer)
        self._take(debit, _Step("debit", transfer, held))
        self._take(credit, _Step("credit", transfer, held))

    def _hold(self, transfer: Row) -> None:
        hold = _Hold(
            transfer["debit_account_id"], transfer["credit_account_id"], transfer["amount"], transfer["expires_at"]
        )
        # If two servers' clocks differ, its resolution may come first in the log.
        early = self._early.pop(transfer["id"], None)
        if early is None:
            self._holds[transfer["id"]] = hold
        else:
            _check_end(hold, early[0])
            early[1].append(hold.amount)

    def _resolve(self, transfer: Row) -> list[int]:
        hold = self._holds.pop(transfer["pending_id"], None)
        if hold is not None:
            _check_end(hold, transfer)
            return [hold.amount]
        if transfer["pending_id"] in self._early:
            raise _ended(transfer)
        held: list[int] = []
        self._early[transfer["pending_id"]] = (transfer, held)
        return held

    def _take(self, account: Account, step: _Step) -> None:
        version = step.transfer[f"{step.side}_version"]
        if account.counted != (version is not None):
            raise of_transfer(step.transfer, "的版本号不对", "has a version where none belongs, or lacks one")
        if not account.counted:
            if step.transfer["kind"] in POSTED:
                account.balance += step.transfer["amount"] * (1 if step.side == "credit" else -1)
            return
        if version <= account.version or version in account.ahead:
            raise of_transfer(step.transfer, "的版本号用过了", "has a version that was already used")
        # Batches are sealed in commit order, which may differ from the order of an account's versions.
        account.ahead[version] = step
        while (following := account.ahead.pop(account.version + 1, None)) is not None:
            self._apply(account, following)

    def _apply(self, account: Account, step: _Step) -> None:
        transfer, is_debit = step.transfer, step.side == "debit"
        kind, amount = transfer["kind"], transfer["amount"]
        if not step.held:
            raise _ended(transfer)
        pending = amount if kind == "pending" else -step.held[0]
        posted = amount if kind in POSTED else 0
        account.version += 1
        if is_debit:
            account.held += pending
            account.balance -= posted
        else:
            account.coming += pending
            account.balance += posted
        after = (transfer[f"{step.side}_balance_after"], transfer[f"{step.side}_held_after"])
        if after != (account.balance, account.held):
            raise of_transfer(
                transfer,
                f"之后账户 {account.id} 应有 {account.balance}、占用 {account.held}，写的却是 {after[0]}、{after[1]}",
                f"leaves account {account.id} {account.balance}, {account.held} held, and not {after[0]}, {after[1]}",
            )
        if not account.overdraft and account.balance - account.held < 0:
            raise of_transfer(transfer, f"让账户 {account.id} 低于零", f"takes account {account.id} below zero")
        if account.kind == "debt" and account.balance + account.coming > 0:
            raise of_transfer(transfer, f"让欠账 {account.id} 高于零", f"takes the debt {account.id} above zero")
        if transfer["recorded_at"] < account.last:
            raise of_transfer(transfer, "早于它前面的一笔", "was recorded earlier than its predecessor")
        account.last = transfer["recorded_at"]
        if account.in_lots:
            self._follow_lots(account, step, -posted if is_debit else posted, pending if is_debit else 0)

    def _follow_lots(self, account: Account, step: _Step, moved: int, held: int) -> None:
        taken = []
        for lot in step.transfer["lots"] if step.side == "credit" else ():
            self._lots.add(lot)
            self._made -= 1
            moved -= lot["amount"]
        for use in step.transfer["uses"]:
            place = self._lots.place.get(use["lot_id"])
            if place is not None and self._lots.account[place] == account.id:
                self._lots.use(place, use)
                self._uses -= 1
                if use["remaining_change"] < 0:
                    taken.append(self._lots.taken(place, use))
                moved -= use["remaining_change"]
                held -= use["held_change"]
        if step.side == "debit":
            _check_carried(step.transfer, taken)
        if moved or held:
            raise of_transfer(
                step.transfer,
                f"和账户 {account.id} 的各笔积分对不上",
                f"does not move the lots of account {account.id} by the same amount",
            )

    def close(self) -> None:
        """Check, after the last batch, that nothing waits for a missing one."""
        for account in self.accounts.values():
            if account.ahead:
                raise Fault(
                    f"账户 {account.id} 缺第 {account.version + 1} 笔",
                    f"account {account.id} lacks its entry number {account.version + 1}",
                )
        for transfer, _ in self._early.values():
            raise _ended(transfer)
        if self._made or self._uses:
            raise Fault(
                "有的积分（笔）或其使用不属于那条流水的账户",
                "some lots or lot movements belong to accounts that did not move",
            )
        self._corrections.check(self.accounts)

    def compare(self, row: Row) -> int:
        """Compare with an account's stated counters. Returns the number of lots it names."""
        account = self._account(row["id"])
        derived = {name: getattr(account, name) for name in ("balance", "held", "coming", "version")}
        for name, value in derived.items():
            if row[name] != value:
                raise Fault(
                    f"账户 {account.id} 的 {name} 写的是 {row[name]}，按事实是 {value}",
                    f"account {account.id} says {name} {row[name]}, the facts say {value}",
                )
        for lot in row["lots"]:
            place = self._lots.place.get(lot["id"], -1)
            good_until = FOR_EVER if lot["good_until"] is None else lot["good_until"]
            said = (account.id, lot["remaining"], lot["held"], good_until)
            lots = self._lots
            columns = (lots.account, lots.remaining, lots.held, lots.good_until)
            if place < 0 or said != tuple(column[place] for column in columns):
                raise Fault(
                    f"账户 {account.id} 的那笔积分 {lot['id']} 和事实不符",
                    f"lot {lot['id']} of account {account.id} is not what the facts say",
                )
        return len(row["lots"])

    @property
    def lots_left(self) -> int:
        """Number of lots with something left."""
        return sum(1 for each in self._lots.remaining if each)

    @property
    def open_holds(self) -> int:
        """Number of open holds."""
        return len(self._holds)

    def _account(self, account_id: int) -> Account:
        found = self.accounts.get(account_id)
        if found is None:
            raise Fault(f"没有账户 {account_id}", f"there is no account {account_id}")
        return found


def _check_end(hold: _Hold, transfer: Row) -> None:
    """A hold is resolved between its own accounts, for at most its amount: posted before its end, or expired later."""
    kind, amount, at = transfer["kind"], transfer["amount"], transfer["recorded_at"]
    same = (hold.debit, hold.credit) == (transfer["debit_account_id"], transfer["credit_account_id"])
    fitting = amount <= hold.amount if kind == "post" else amount == hold.amount
    in_time = {"post": at < hold.expires_at, "expire": at >= hold.expires_at}.get(kind, True)
    if not (same and fitting and in_time):
        raise of_transfer(
            transfer, f"和占用 {transfer['pending_id']} 不符", f"does not fit its hold {transfer['pending_id']}"
        )


def _check_carried(transfer: Row, taken: list[tuple[int, int, int]]) -> None:
    """The lots that a gift makes have the dates of those it takes, lot by lot in the same order."""
    for lot, carried in zip_longest(transfer["lots"], taken if transfer["lots"] else ()):
        if lot is None or (lot["amount"], lot["earned_at"], last_day(lot)) != carried:
            raise of_transfer(
                transfer,
                "转送的积分和取自的那几笔数额或日期不同",
                "gives lots of other amounts or dates than those it takes",
            )


def _ended(transfer: Row) -> Fault:
    pending_id = transfer["pending_id"]
    return of_transfer(
        transfer,
        f"了结的占用 {pending_id} 没有，或者早就了结了",
        f"ends hold {pending_id}, which is missing or has already ended",
    )
