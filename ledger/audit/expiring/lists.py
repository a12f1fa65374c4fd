"""Lists of members whose points expire, with names: for a run, and for the notice put up before it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

from sqlalchemy.orm import Session

from ledger.approvals import queries as approvals
from ledger.audit.naming.names import PersonName, identity_names, volunteer_names
from ledger.kernel.paging import Page, PageRequest
from ledger.points.book import queries
from ledger.points.expiry import queries as expiry_queries
from ledger.points.expiry.kinds import RELEASE
from ledger.points.expiry.queries import Ending, RunMember, RunView
from ledger.points.lots.policy import GRACE
from ledger.points.policy import POINT, AccountKey

Found = TypeVar("Found", Ending, RunMember)


@dataclass(frozen=True, slots=True)
class RunRow:
    """A run with the people who prepared and released it, and the pending proposal to release it."""

    run: RunView
    prepared_by: str
    released_by: str
    proposal_id: int | None


@dataclass(frozen=True, slots=True)
class MemberRow:
    """A member in a list: masked name, number and account."""

    masked_name: str
    number: str
    account_id: int
    lots: int
    amount: int
    held: int = 0
    first_ends_on: date | None = None

    @property
    def number_end(self) -> str:
        """The part of the number that a public notice shows."""
        return self.number[-4:]

    @property
    def good_until(self) -> date | None:
        """The last day of grace after the first expiry date."""
        return None if self.first_ends_on is None else self.first_ends_on + GRACE


def run_rows(session: Session, runs: Iterable[RunView], center_id: int) -> list[RunRow]:
    """Runs with names; proposals are looked up only for runs that may have one pending."""
    shown = list(runs)
    actors = {who for run in shown for who in (run.prepared_by, run.released_by) if who is not None}
    names = identity_names(session, actors, center_id)
    return [
        RunRow(
            run,
            names[run.prepared_by].text if run.prepared_by in names else "",
            names[run.released_by].text if run.released_by in names else "",
            _waiting(session, run, center_id),
        )
        for run in shown
    ]


def members_of(session: Session, run: RunView, center_id: int, *, request: PageRequest) -> Page[MemberRow]:
    """Members whose points a run takes or has taken."""
    found = expiry_queries.list_members(session, run, center_id, request=request)
    return found.of(_rows(session, found.items, center_id))


def notice(session: Session, center_id: int, until: date, *, request: PageRequest) -> Page[MemberRow]:
    """Members whose points expire by a day, for the notice."""
    found = expiry_queries.list_ending(session, center_id, until, request=request)
    return found.of(_rows(session, found.items, center_id))


def _rows(session: Session, found: list[Found], center_id: int) -> list[MemberRow]:
    owners = [each.owner_id for each in found]
    names = volunteer_names(session, owners, center_id)
    accounts = queries.accounts_by_key(session, [AccountKey(POINT, "member", owner) for owner in owners], center_id)
    ids = {key.owner_id: state.id for key, state in accounts.items()}
    nobody = PersonName("", "")
    return [
        MemberRow(
            names.get(each.owner_id, nobody).masked_name,
            names.get(each.owner_id, nobody).number,
            ids[each.owner_id],
            each.lots,
            each.amount,
            each.held if isinstance(each, Ending) else 0,
            each.first_ends_on if isinstance(each, Ending) else None,
        )
        for each in found
    ]


def _waiting(session: Session, run: RunView, center_id: int) -> int | None:
    if run.status != "prepared":
        return None
    return approvals.find_waiting(session, center_id, RELEASE.name, str(run.id))
