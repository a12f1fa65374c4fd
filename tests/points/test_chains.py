"""Random requests to the raw ledger match a few lines of plain arithmetic; nothing is created or lost."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.ids import new_id
from ledger.points.book import queries as points
from ledger.points.raw import service as raw
from ledger.points.raw.service import WantedTransfer
from tests.audit.small_book import verified
from tests.world import World

SOURCE, ACCOUNTS = 0, 4


@dataclass
class Plain:
    """The book as plain arithmetic: balances and holds; account 0 may go below zero."""

    balance: list[int] = field(default_factory=lambda: [0] * ACCOUNTS)
    held: list[int] = field(default_factory=lambda: [0] * ACCOUNTS)
    pending: dict[str, tuple[int, int, int]] = field(default_factory=dict)

    def copy(self) -> "Plain":
        """A copy, to try a chain on."""
        return Plain(list(self.balance), list(self.held), dict(self.pending))

    def apply(self, step: "Step") -> bool:
        """Apply a step if possible. Returns whether it was."""
        if step.kind in ("post", "void"):
            found = self.pending.pop(step.of, None)
            if found is None:
                return False
            debit, credit, amount = found
            self.held[debit] -= amount
            moved = 0 if step.kind == "void" else amount
        else:
            debit, credit, moved = step.debit, step.credit, step.amount
            if debit == credit or (debit != SOURCE and moved > self.balance[debit] - self.held[debit]):
                return False
            if step.kind == "pending":
                self.held[debit] += moved
                self.pending[step.name] = (debit, credit, moved)
                moved = 0
        self.balance[debit] -= moved
        self.balance[credit] += moved
        return True


@dataclass(frozen=True)
class Step:
    """One transfer, with accounts by number."""

    kind: str
    debit: int
    credit: int
    amount: int
    linked: bool
    name: str
    of: str


@st.composite
def steps(draw: st.DrawFn) -> list[list[Step]]:
    """Draw a few requests; resolutions name holds that are open, resolved or nonexistent."""
    requests = []
    names: list[str] = []
    for number in range(draw(st.integers(1, 4))):
        request = []
        for position in range(draw(st.integers(1, 8))):
            kind = draw(st.sampled_from(["posted", "posted", "pending", "post", "void"]))
            name = f"{number}-{position}"
            of = draw(st.sampled_from(names)) if names else "nothing"
            account = st.integers(0, ACCOUNTS - 1)
            request.append(
                Step(kind, draw(account), draw(account), draw(st.integers(1, 30)), draw(st.booleans()), name, of)
            )
            if kind == "pending":
                names.append(name)
        requests.append(request)
    return requests


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=40)
@given(requests=steps())
def test_chains_do_what_plain_arithmetic_says(world: World, requests: list[list[Step]]) -> None:
    ids = [
        in_transaction(raw.open_account, "point", overdraft=number == SOURCE, actor=world.builder)
        for number in range(ACCOUNTS)
    ]
    run, plain = f"{new_id()}-", Plain()

    for request in requests:
        answered = in_transaction(raw.transfer_all, [wanted(step, ids, run) for step in request], actor=world.builder)
        plain, expected = done(plain, request)
        assert [result["status"] == "created" for result in answered["results"]] == expected

    found = in_snapshot(points.accounts_by_id, ids, world.center_id)
    assert [found[account].state.balance for account in ids] == plain.balance
    assert [found[account].state.held for account in ids] == plain.held
    assert sum(plain.balance) == 0
    assert verified(world).clean


def wanted(step: Step, ids: Sequence[int], run: str) -> WantedTransfer:
    """A step as sent; a post takes the whole hold."""
    if step.kind in ("posted", "pending"):
        return WantedTransfer(
            id=run + step.name,
            debit_account_id=ids[step.debit],
            credit_account_id=ids[step.credit],
            amount=step.amount,
            unit="point",
            kind=step.kind,  # type: ignore[arg-type]
            linked=step.linked,
        )
    return WantedTransfer(kind=step.kind, pending_id=run + step.of, amount=None, linked=step.linked)  # type: ignore[arg-type]


def done(plain: Plain, request: Sequence[Step]) -> tuple[Plain, list[bool]]:
    """The book after a request, and the transfers that were booked."""
    expected: list[bool] = []
    chain: list[Step] = []
    for position, step in enumerate(request):
        chain.append(step)
        last = position == len(request) - 1
        if step.linked and not last:
            continue
        tried = plain.copy()
        booked = all([*(tried.apply(each) for each in chain), not step.linked])
        plain = tried if booked else plain
        expected += [booked] * len(chain)
        chain = []
    return plain, expected
