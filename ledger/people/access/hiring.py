"""Hiring and changing a household by one person, or proposing it where it takes two."""

from typing import Any

from sqlalchemy.orm import Session

from ledger.approvals.desk import Desk
from ledger.approvals.service import propose
from ledger.kernel.actor import Actor
from ledger.kernel.errors import Forbidden, Rejected
from ledger.kernel.paths import ROOT
from ledger.kernel.permissions import Permission
from ledger.people.access import kinds
from ledger.people.access.contacts import Contact, set_contact
from ledger.people.access.joining import announce
from ledger.people.access.staff import Post, add_staff, find_staff, grant_role, prepare_staff, takes_two
from ledger.people.households.service import set_household
from ledger.people.managing import place_path
from ledger.people.policy import need_something, part_that_counts
from ledger.people.volunteers.queries import get_volunteer


def hire_or_propose(
    session: Session,
    *,
    name: str,
    phone: str,
    post: Post,
    reason: str,
    part: bool = False,
    actor: Actor,
    desk: Desk,
) -> dict[str, Any]:
    """Give a role, or propose it where another person must decide: {"identity_id", "proposal_id" or None}.

    Whom the center doesn't know is nobody there until the proposal is approved.
    `part` says that only a part of the role is wanted where not all of it counts. Raises
    Rejected("people.nothing_counts", "people.part_counts"), and what `add_staff`, `grant_role`,
    `announce` and `propose` raise.
    """
    path = place_path(session, post.place_id, actor.center_id)
    _check_part(post.role, path, part)
    if not takes_two(post.role, path):
        identity_id = add_staff(session, name=name, phone=phone, path=path, actor=actor)
        grant_role(session, identity_id, post, actor=actor)
        return {"identity_id": identity_id, "proposal_id": None}
    person = prepare_staff(session, name=name, phone=phone, path=path, actor=actor)
    identity_id = find_staff(session, person, actor=actor) or announce(session, person, actor=actor, desk=desk)
    payload = kinds.grant_payload(identity_id, post)
    proposal_id = propose(session, kinds.GRANT_NAME, payload, reason, actor=actor, desk=desk)
    return {"identity_id": identity_id, "proposal_id": proposal_id}


def set_or_propose(
    session: Session, volunteer_id: int, number: str | None, reason: str, *, actor: Actor, desk: Desk
) -> int | None:
    """Assign a volunteer to a household, or propose it where it takes two; then returns the proposal.

    Raises what `set_household` and `propose` raise.
    """
    try:
        set_household(session, volunteer_id, number, actor=actor)
    except Forbidden as refused:
        if refused.code != "people.household_takes_two" or not actor.may(Permission.MANAGE_STAFF, ROOT):
            raise
    else:
        return None
    identity_id = get_volunteer(session, volunteer_id, actor.center_id).identity_id
    payload = kinds.household_payload(identity_id, number)
    return propose(session, kinds.HOUSEHOLD.name, payload, reason, actor=actor, desk=desk)


def set_or_propose_contact(
    session: Session, identity_id: int, said: Contact, reason: str, *, actor: Actor, desk: Desk
) -> int | None:
    """Change a person's name and number, or propose it where it takes two; then returns the proposal.

    Raises what `set_contact` and `propose` raise.
    """
    try:
        set_contact(session, identity_id, said, actor=actor)
    except Forbidden as refused:
        if refused.code != "people.contact_takes_two" or not actor.may(Permission.MANAGE_STAFF, ROOT):
            raise
    else:
        return None
    payload = kinds.contact_payload(identity_id, said)
    return propose(session, kinds.CONTACT.name, payload, reason, actor=actor, desk=desk)


def _check_part(role: str, path: str, part: bool) -> None:
    need_something(role, path)
    if part_that_counts(role, path) == "some" and not part:
        raise Rejected("people.part_counts")
