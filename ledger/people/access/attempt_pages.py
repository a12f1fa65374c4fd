"""Pages of the record of log-ins: who reads the books sees the center's, everybody sees their own."""

from typing import Any

from flask import render_template
from sqlalchemy.orm import Session

from ledger.kernel.actor import Actor
from ledger.kernel.db import in_snapshot
from ledger.kernel.paging import PageRequest
from ledger.kernel.permissions import Permission
from ledger.people.access.attempts import OUTCOMES, AttemptFilter, list_attempts
from ledger.people.blueprint import bp
from ledger.people.identities.queries import names_of
from ledger.people.policy import mask_name
from ledger.people.volunteers.queries import find_volunteer_by_number
from ledger.people.volunteers.search import LONGEST_SOUGHT, number_sought
from ledger.people.words import ATTEMPT_CREDENTIALS, ATTEMPT_OUTCOMES, SESSION_KINDS
from ledger.web import asked
from ledger.web.guard import get_actor, logged_in, requires
from ledger.web.listed import listed

# What a number leads to that nobody has.
_NOTHING: dict[str, Any] = {"rows": [], "names": {}, "wanted": AttemptFilter(), "next_after": None, "sort": ""}


@bp.get("/log-in-attempts")
@requires(Permission.READ_BOOKS)
@listed
def log_in_attempts() -> str:
    """The log-ins and refusals of everybody in the center."""
    return _page(in_snapshot(_of_everybody, asked.page(), get_actor()), own=False)


@bp.get("/me/log-in-attempts")
@logged_in
@listed
def my_log_in_attempts() -> str:
    """One's own log-ins and refusals."""
    return _page(in_snapshot(_of_one, asked.page(), get_actor(), get_actor().identity_id), own=True)


def _page(shown: dict[str, Any], *, own: bool) -> str:
    words: dict[str, Any] = {"outcomes": ATTEMPT_OUTCOMES, "credentials": ATTEMPT_CREDENTIALS, "kinds": SESSION_KINDS}
    return render_template("people/log_in_attempts.html", own=own, **words, **shown)


def _of_everybody(session: Session, page: PageRequest, actor: Actor) -> dict[str, Any]:
    """The list, cut to the person in the address or to the volunteer with the number that was typed."""
    identity_id, number = asked.key("identity_id"), asked.text("number", longest=LONGEST_SOUGHT)
    if not number:
        return _of_one(session, page, actor, identity_id)
    volunteer = find_volunteer_by_number(session, number_sought(number), actor.center_id)
    return _NOTHING if volunteer is None else _of_one(session, page, actor, volunteer.identity_id)


def _of_one(session: Session, page: PageRequest, actor: Actor, identity_id: int | None) -> dict[str, Any]:
    """The list of one person, or of everybody if None."""
    wanted = AttemptFilter(
        identity_id=identity_id,
        outcome=asked.choice("outcome", OUTCOMES),
        since=asked.start_of_day("since"),
        until=asked.end_of_day("until"),
    )
    found = list_attempts(session, actor.center_id, wanted, request=page)
    ids = {each.identity_id for each in found.items} | ({identity_id} if identity_id else set())
    names = {who: mask_name(name) for who, name in names_of(session, ids, actor.center_id).items()}
    return {"rows": found.items, "names": names, "wanted": wanted, "next_after": found.next, "sort": found.sort}
