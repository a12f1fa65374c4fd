"""The kinds of proposal about log-ins: a role, a code, the end of a lost second factor, a household, a number."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from flask_babel import lazy_gettext
from sqlalchemy.orm import Session

from ledger.approvals.desk import AUDITS, Kind, Subject, SubjectWords, Values
from ledger.approvals.private import private_of
from ledger.approvals.queries import ProposalView
from ledger.approvals.schemas import PayloadSchema
from ledger.kernel.actor import Actor
from ledger.kernel.errors import Rejected
from ledger.kernel.ids import public_id
from ledger.kernel.permissions import Permission
from ledger.people.access import approved_codes, contacts, factors, kind_words, lost_factors, staff
from ledger.people.access.contacts import Contact
from ledger.people.access.joining import admit, is_announced
from ledger.people.access.rehousing import rehouse
from ledger.people.access.sessions import level_in
from ledger.people.access.staff import Post
from ledger.people.households.together import lock_identities
from ledger.people.identities.queries import lock_password
from ledger.people.levels import DECIDER, VOLUNTEER
from ledger.people.policy import (
    HOUSEHOLD_NUMBER_LENGTH,
    NAME_LENGTH,
    ROLES,
    clean_household_number,
    need_something,
)
from ledger.web.fields import Choice, Day, PublicId, Text

GRANT_NAME = staff.GRANT


class PersonPayload(PayloadSchema):
    """The person whose log-in it is about."""

    identity_id = PublicId(required=True)


class HouseholdPayload(PersonPayload):
    """The household's number in the register, null for none."""

    household = Text(required=True, allow_none=True, longest=HOUSEHOLD_NUMBER_LENGTH)


class GrantPayload(HouseholdPayload):
    """The role, where and up to which day, and the household."""

    role = Choice(tuple(ROLES), required=True)
    place_id = PublicId(required=True)
    valid_until = Day(load_default=None, allow_none=True)


class ContactPayload(PersonPayload):
    """The name and the number to write down; null for no number."""

    name = Text(load_default="", longest=NAME_LENGTH)
    phone = Text(load_default=None, allow_none=True, longest=40)


def grant_payload(identity_id: int, post: Post) -> Values:
    """The payload that proposes a role, in its stored form."""
    return GRANT.payload.write({"identity_id": identity_id, **asdict(post)})


def code_payload(identity_id: int) -> Values:
    """The payload that proposes a code, in its stored form."""
    return CODE.payload.write({"identity_id": identity_id})


def factor_payload(identity_id: int) -> Values:
    """The payload that proposes to end a second factor, in its stored form."""
    return FACTOR.payload.write({"identity_id": identity_id})


def household_payload(identity_id: int, number: str | None) -> Values:
    """The payload that proposes another household, in its stored form."""
    return HOUSEHOLD.payload.write({"identity_id": identity_id, "household": number})


def contact_payload(identity_id: int, said: Contact) -> Values:
    """The payload that proposes another name or number, in its stored form."""
    return CONTACT.payload.write({"identity_id": identity_id, **asdict(said)})


def _post(values: Values) -> Post:
    return Post(values["role"], values["place_id"], values["household"], values["valid_until"])


def _number(values: Values) -> str | None:
    number: str | None = values["household"]
    return number


def _subject(values: Values) -> Subject:
    return Subject(f"identity:{public_id(values['identity_id'])}")


def _lock(session: Session, values: Values, center_id: int) -> None:
    # Whoever is only announced is nobody yet, and there is nothing to lock.
    lock_identities(session, [values["identity_id"]], center_id, shared=False)


def _check_grant(session: Session, values: Values, actor: Actor) -> Subject:
    if is_announced(session, values["identity_id"], actor.center_id):
        path = staff.check_post(session, _post(values), actor.center_id)
    else:
        path = staff.check_grant(session, values["identity_id"], _post(values), actor.center_id)
    need_something(values["role"], path)
    actor.need(Permission.MANAGE_STAFF, path)
    return _subject(values)


def _grant(session: Session, values: Values, proposal: ProposalView, actor: Actor) -> str:
    admit(session, values["identity_id"], actor.center_id)
    about = f"proposal:{public_id(proposal.id)}"
    grant_id = staff.grant_approved(
        session, values["identity_id"], _post(values), proposer_id=proposal.proposed_by, about=about, actor=actor
    )
    return f"grant:{public_id(grant_id)}"


def _check_code(session: Session, values: Values, actor: Actor) -> Subject:
    lock_password(session, values["identity_id"], actor.center_id)
    if level_in(session, values["identity_id"], actor.center_id) < DECIDER:
        raise Rejected("people.code_takes_one")
    return _subject(values)


def _allow_code(session: Session, values: Values, proposal: ProposalView, actor: Actor) -> str:
    """The code itself is no part of any result: who approved makes it by `approved_codes.make_approved_code`."""
    return _check_code(session, values, actor).ref


def _check_factor(session: Session, values: Values, actor: Actor) -> Subject:
    lock_password(session, values["identity_id"], actor.center_id)
    if not factors.has_factor(session, values["identity_id"], actor.center_id):
        raise Rejected("people.factor_off")
    return _subject(values)


def _end_factor(session: Session, values: Values, proposal: ProposalView, actor: Actor) -> str:
    ref = _check_factor(session, values, actor).ref
    lost_factors.need_same(session, values["identity_id"], actor.center_id, since=proposal.proposed_at)
    lost_factors.end_factor(
        session, values["identity_id"], actor=actor, about=f"proposal:{public_id(proposal.id)}", by=proposal.proposed_by
    )
    return ref


def _check_household(session: Session, values: Values, actor: Actor) -> Subject:
    lock_password(session, values["identity_id"], actor.center_id)
    if values["household"] is not None:
        clean_household_number(values["household"])
    return _subject(values)


def _rehouse(session: Session, values: Values, proposal: ProposalView, actor: Actor) -> str:
    about = f"proposal:{public_id(proposal.id)}"
    rehouse(session, values["identity_id"], values["household"], about=about, actor=actor)
    return _subject(values).ref


def _check_contact(session: Session, values: Values, actor: Actor) -> Subject:
    lock_password(session, values["identity_id"], actor.center_id)
    if level_in(session, values["identity_id"], actor.center_id) == VOLUNTEER:
        raise Rejected("people.contact_takes_one")
    contacts.check_contact(session, values["identity_id"], Contact(values["name"], values["phone"]), actor)
    return _subject(values)


def _change_contact(session: Session, values: Values, proposal: ProposalView, actor: Actor) -> str:
    lock_password(session, values["identity_id"], actor.center_id)
    said = Contact(**private_of(session, proposal.id, actor.center_id))
    about, by = f"proposal:{public_id(proposal.id)}", proposal.proposed_by
    contacts.change_contact(session, values["identity_id"], said, actor=actor, about=about, proposed_by=by)
    return _subject(values).ref


def _about_person(
    name: str,
    title: Any,
    *,
    payload: PersonPayload,
    check: Callable[[Session, Values, Actor], Subject],
    execute: Callable[[Session, Values, ProposalView, Actor], str],
    consequence: Callable[[Session, ProposalView, int, str], str],
    subject_words: Callable[
        [Session, Sequence[ProposalView], int, Mapping[int, str]], Sequence[SubjectWords]
    ] = kind_words.people,
    details: Callable[[Session, ProposalView, int], Sequence[tuple[str, str]]] = kind_words.phone,
    gains: bool = False,
    household: Callable[[Values], str | None] = lambda _values: None,
    private: tuple[str, ...] = (),
) -> Kind:
    """A kind about somebody's log-in: proposed by a manager of the center's staff, decided by another or an auditor."""
    return Kind(
        name=name,
        title=title,
        propose=Permission.MANAGE_STAFF,
        decide=(Permission.DECIDE, *AUDITS),
        payload=payload,
        check=check,
        execute=execute,
        subject_words=subject_words,
        consequence=consequence,
        details=details,
        single=True,
        person=lambda values: int(values["identity_id"]),
        gains=lambda _values: gains,
        household=household,
        private=private,
        lock=_lock,
    )


GRANT = _about_person(
    GRANT_NAME,
    lazy_gettext("给一个身份"),
    payload=GrantPayload(),
    check=_check_grant,
    execute=_grant,
    consequence=kind_words.after_grant,
    subject_words=kind_words.roles,
    details=kind_words.terms,
    gains=True,
    household=_number,
)
CODE = _about_person(
    approved_codes.NAME,
    lazy_gettext("打激活码"),
    payload=PersonPayload(),
    check=_check_code,
    execute=_allow_code,
    consequence=kind_words.after_code,
)
FACTOR = _about_person(
    lost_factors.NAME,
    lazy_gettext("关掉丢了的动态码"),
    payload=PersonPayload(),
    check=_check_factor,
    execute=_end_factor,
    consequence=kind_words.after_factor,
)
HOUSEHOLD = _about_person(
    "people.household",
    lazy_gettext("改户"),
    payload=HouseholdPayload(),
    check=_check_household,
    execute=_rehouse,
    consequence=kind_words.after_household,
    gains=True,
    household=_number,
)
CONTACT = _about_person(
    contacts.NAME,
    lazy_gettext("改姓名或手机号"),
    payload=ContactPayload(),
    check=_check_contact,
    execute=_change_contact,
    consequence=kind_words.after_contact,
    details=kind_words.contact,
    private=("name", "phone"),
)
