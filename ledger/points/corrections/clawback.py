"""Claws back a wrong award: what expired of it from breakage, then from available points, with the rest as a debt.

What expired is gone from the member already, so it is not taken from other points, and no debt comes of it.
The next awards pay the debt first; the member's balance never falls below zero.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from ledger.approvals.desk import Subject, Values
from ledger.approvals.queries import ProposalView
from ledger.kernel.actor import Actor
from ledger.kernel.errors import Conflict, NotFound, Rejected
from ledger.kernel.ids import public_id
from ledger.points.book import entries, opening, queries, service
from ledger.points.book.entries import TransferView
from ledger.points.book.service import Posted
from ledger.points.expiry import queries as expiry
from ledger.points.policy import COUNTS_AS_POSTED, AccountKey, Movement, Source


@dataclass(frozen=True, slots=True)
class Foreseen:
    """Effect of a claw-back now: the member, what has expired, what available points give, and the debt."""

    volunteer_id: int
    available: int
    debt: int
    expired: int = 0

    @property
    def amount(self) -> int:
        """The total taken back."""
        return self.expired + self.available + self.debt


def foresee(session: Session, transfer_id: int, *, actor: Actor) -> Foreseen:
    """Preview a claw-back; nothing moves. Raises what `claw_back` raises."""
    award, member = _award(session, transfer_id, actor.center_id)
    amount = _left(session, award, actor.center_id)
    expired = min(amount, sum(expiry.expired_of(session, award.id, actor.center_id).values()))
    available = min(amount - expired, queries.balance(session, member, actor.center_id).available)
    return Foreseen(member.owner_id, available, amount - expired - available, expired)


def claw_back(
    session: Session, transfer_id: int, *, actor: Actor, reason: str, evidence: dict[str, object] | None = None
) -> Posted:
    """Claw back an award, less earlier corrections: what expired, from available points, the rest as a debt.

    Raises NotFound("points.transfer_not_found"), Rejected("points.not_an_award"), Conflict("points.already_reversed").
    """
    movements = back(session, [transfer_id], center_id=actor.center_id)
    if not movements:
        raise Conflict("points.already_reversed")
    source = Source("transfer", str(transfer_id), "clawback")
    return service.post(session, movements, source=source, actor=actor, reason=reason, evidence=evidence)


def back(session: Session, transfer_ids: Sequence[int], amount: int | None = None, *, center_id: int) -> list[Movement]:
    """The movements that take back `amount` of one member's awards, in this order, as far as they stand; None: all.

    The member's account and debt stay locked.
    Raises NotFound("points.transfer_not_found"), Rejected("points.not_an_award").
    """
    awards = [_award(session, each, center_id) for each in transfer_ids]
    keys = {key for _, member in awards for key in (member, _debt_of(member))}
    states = opening.lock_accounts(session, keys, center_id) if keys else {}
    movements: list[Movement] = []
    for award, member in awards:
        wanted = _remaining(session, award, center_id)
        if amount is not None:
            wanted = min(wanted, amount - sum(move.amount for move in movements))
        taken = sum(move.amount for move in movements if move.debit == member)
        available = states[member].state.available - taken
        movements += _movements(session, award, wanted, (member, available), center_id)
    return movements


def _movements(
    session: Session, award: TransferView, amount: int, there: tuple[AccountKey, int], center_id: int
) -> list[Movement]:
    """From what expired of the award, then from the member's available points, the rest from their debt."""
    member, available = there
    expired = expiry.expired_of(session, award.id, center_id)
    keys = entries.account_keys(session, expired, center_id)
    sources = [(keys[account_id], part) for account_id, part in sorted(expired.items())]
    movements = []
    for giver, most in (*sources, (member, available), (_debt_of(member), amount)):
        part = min(most, amount)
        if part > 0:
            clawback = AccountKey(member.unit, "clawback")
            movements.append(Movement(giver, clawback, part, "clawback", refund_of=award.id, claws_back=True))
            amount -= part
    return movements


def pay_debt_first(session: Session, movements: Iterable[Movement], *, actor: Actor) -> list[Movement]:
    """The same movements, except that each award first pays its member's debt."""
    wanted = list(movements)
    debts = {_debt_of(move.credit) for move in wanted if move.code == "award" and move.credit.kind == "member"}
    owing = {key for key, held in queries.balances(session, debts, actor.center_id).items() if held.balance < 0}
    if not owing:
        return wanted
    # The members' accounts too, so that all accounts are locked in one order.
    keys = {side for move in wanted for side in (move.debit, move.credit)} | owing
    states = opening.lock_accounts(session, keys, actor.center_id)
    owed = {key: -states[key].state.balance for key in owing}
    return [part for move in wanted for part in _split(move, owed)]


def _split(move: Movement, owed: dict[AccountKey, int]) -> list[Movement]:
    debt = _debt_of(move.credit)
    paid = min(move.amount, owed.get(debt, 0)) if move.code == "award" else 0
    if not paid:
        return [move]
    owed[debt] -= paid
    rest = [replace(move, amount=move.amount - paid)] if move.amount > paid else []
    return [Movement(move.debit, debt, paid, "debt_paid"), *rest]


def _debt_of(member: AccountKey) -> AccountKey:
    return AccountKey(member.unit, "debt", member.owner_id)


def _award(session: Session, transfer_id: int, center_id: int) -> tuple[TransferView, AccountKey]:
    award = entries.get_transfer(session, transfer_id, center_id)
    keys = entries.account_keys(session, [award.debit_account_id, award.credit_account_id], center_id)
    member = keys[award.credit_account_id]
    if award.code != "award" or award.kind not in COUNTS_AS_POSTED or member.kind != "member":
        raise Rejected("points.not_an_award")
    return award, member


def _left(session: Session, award: TransferView, center_id: int) -> int:
    """What `_remaining` finds. Raises Conflict("points.already_reversed") if that is nothing."""
    left = _remaining(session, award, center_id)
    if not left:
        raise Conflict("points.already_reversed")
    return left


def _remaining(session: Session, award: TransferView, center_id: int) -> int:
    """The amount of an award not yet corrected. Only exact while its accounts are locked."""
    original = queries.find_originals(session, [award.id], center_id).get(award.id)
    if original is None:
        raise NotFound("points.transfer_not_found")
    return 0 if original.reversed else max(0, original.amount - original.refunded)


def check(session: Session, values: Values, actor: Actor) -> Subject:
    """Check a proposal to claw back an award. Returns its subject. Raises what `claw_back` raises."""
    award, member = _award(session, values["transfer_id"], actor.center_id)
    _left(session, award, actor.center_id)
    return Subject(str(award.id), member_id=member.owner_id)


def execute(session: Session, values: Values, proposal: ProposalView, actor: Actor) -> str:
    """Claw back the proposed award. Returns the batch. Raises what `claw_back` raises."""
    evidence: dict[str, object] = {
        "proposal": proposal.id,
        "reason": proposal.reason,
        "proposed_by": proposal.proposed_by,
        "decided_by": actor.identity_id,
    }
    posted = claw_back(session, values["transfer_id"], actor=actor, reason="clawback", evidence=evidence)
    return f"batch:{public_id(posted.batch_id)}"
