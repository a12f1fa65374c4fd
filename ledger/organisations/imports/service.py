"""Imports: keep an uploaded list until somebody confirms it, then write all of it in one unit or nothing."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.kernel import clock
from ledger.kernel.actor import Actor
from ledger.kernel.errors import NotFound
from ledger.kernel.ids import new_id
from ledger.kernel.sweeping import sweep
from ledger.kernel.types import table_of
from ledger.organisations.imports.check import Plan, make_plan, refuse_errors, refuse_others
from ledger.organisations.imports.directory import Destination, place_of_list
from ledger.organisations.imports.known import Sealed
from ledger.organisations.imports.seen import ListRead
from ledger.organisations.models import ImportDraft
from ledger.organisations.service import add_team, join_teams
from ledger.people.households.service import set_households
from ledger.people.lookups import count_listed
from ledger.people.volunteers.registration import register_volunteers

DRAFT_LASTS = timedelta(hours=24)
_FILE_NAME_LENGTH = 100
# A draft may have thousands of lines.
MOST_DRAFTS_SWEPT = 20


@dataclass(frozen=True, slots=True)
class Draft:
    """An uploaded list that waits for confirmation; `others` of its people were counted as look-ups (Plan.others)."""

    id: int
    place_id: int | None
    make_teams: bool
    file_name: str
    read: ListRead
    others: int


def keep_draft(
    session: Session,
    *,
    lines: str,
    others: int,
    file_name: str,
    place_id: int | None,
    make_teams: bool,
    actor: Actor,
) -> int:
    """Keep the lines of a checked upload (see `pack`) for a day and return the draft's id.

    It takes the place of the actor's last one for the place. Raises what place_of_list and count_listed raise.
    """
    place_of_list(session, place_id, actor=actor)
    count_listed(session, actor, others)
    forget_drafts(session, actor.center_id)
    mine = (ImportDraft.center_id == actor.center_id, ImportDraft.made_by == actor.identity_id)
    last = sa.delete(ImportDraft).where(*mine, ImportDraft.place_id.is_not_distinct_from(place_id))
    session.connection().execute(last)
    draft_id = new_id()
    row = {
        "center_id": actor.center_id,
        "id": draft_id,
        "place_id": place_id,
        "make_teams": make_teams,
        "file_name": file_name[-_FILE_NAME_LENGTH:],
        "lines": lines,
        "made_by": actor.identity_id,
        "made_at": clock.now(),
    }
    session.connection().execute(sa.insert(ImportDraft), row)
    return draft_id


def get_draft(session: Session, draft_id: int, *, actor: Actor) -> Draft:
    """A draft of the actor's own. Raises NotFound("import.draft_not_found")."""
    query = sa.select(
        ImportDraft.id, ImportDraft.place_id, ImportDraft.make_teams, ImportDraft.file_name, ImportDraft.lines
    ).where(
        ImportDraft.center_id == actor.center_id,
        ImportDraft.id == draft_id,
        ImportDraft.made_by == actor.identity_id,
        ImportDraft.made_at >= clock.now() - DRAFT_LASTS,
    )
    row = session.execute(query).one_or_none()
    kept = json.loads(row.lines) if row is not None else {}
    # A draft of an earlier version has its lines alone, or doesn't say what was seen.
    if row is None or "seen" not in kept:
        raise NotFound("import.draft_not_found")
    read = ListRead.of(kept["lines"], kept["seen"])
    return Draft(row.id, row.place_id, row.make_teams, row.file_name, read, kept["others"])


def forget_drafts(session: Session, center_id: int) -> int:
    """Sweep drafts that nobody confirmed for a day."""
    old = (ImportDraft.center_id == center_id, ImportDraft.made_at < clock.now() - DRAFT_LASTS)
    return sweep(session, table_of(ImportDraft), *old, limit=MOST_DRAFTS_SWEPT)


def pack(read: ListRead, others: int) -> str:
    """A draft as JSON; numbers stay numbers, because only numbers can have lost leading zeros."""
    return json.dumps({"lines": read.lines, "seen": read.raw, "others": others}, ensure_ascii=False)


def apply_list(
    session: Session,
    rows: Sequence[Sealed],
    *,
    place_id: int | None,
    make_teams: bool,
    actor: Actor,
    draft_id: int | None = None,
    shown: str | None = None,
) -> dict[str, int]:
    """Carry out `make_plan` in this unit and return counts: {"added", "joined", "housed", "teams", "unchanged"}.

    Deletes the draft. `shown` is the digest of the plan that was shown. Raises Rejected("import.has_errors") if any row
    is faulty, Conflict("import.changed_since") if the plan is another one now, NotFound("import.draft_not_found") if
    the draft was used in the meantime, and what make_plan, add_team, register_volunteers and set_households raise.
    """
    if draft_id is not None:
        _use_up(session, draft_id, actor)
    plan = make_plan(session, rows, place_id=place_id, make_teams=make_teams, actor=actor)
    refuse_errors(plan.errors)
    refuse_others(plan, shown)
    made = {(at, name): add_team(session, place_id=at, name=name, actor=actor) for at, name in plan.new_teams}
    ids = register_volunteers(session, [volunteer for volunteer, _ in plan.new], actor=actor)
    join_teams(session, _memberships(plan, ids, made), actor=actor)
    new = {who: where.household for who, (_, where) in zip(ids, plan.new, strict=True) if where.household}
    set_households(session, new | plan.housed, actor=actor)
    return {
        "added": len(ids),
        "joined": len(plan.joining),
        "housed": len(plan.housed),
        "teams": len(made),
        "unchanged": plan.unchanged,
    }


def _memberships(plan: Plan, new_ids: Sequence[int], made: dict[tuple[int, str], int]) -> list[tuple[int, int]]:
    """(team, volunteer) of everybody with teams in the list."""
    everybody: list[tuple[int, Destination]] = [
        *((volunteer_id, destination) for volunteer_id, (_, destination) in zip(new_ids, plan.new, strict=True)),
        *plan.joining,
    ]
    return [
        (team_id, volunteer_id)
        for volunteer_id, destination in everybody
        for team_id in [*destination.teams, *(made[(destination.place_id, name)] for name in destination.new_teams)]
    ]


def _use_up(session: Session, draft_id: int, actor: Actor) -> None:
    delete = sa.delete(ImportDraft).where(ImportDraft.center_id == actor.center_id, ImportDraft.id == draft_id)
    if session.connection().execute(delete).rowcount != 1:
        raise NotFound("import.draft_not_found")
