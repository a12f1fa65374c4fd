"""What is done to log-ins and roles on the server: each is kept with its reason, and is a signal."""

from sqlalchemy.orm import Session

from ledger.approvals.desk import Values
from ledger.approvals.service import withdraw_about
from ledger.kernel.actor import Actor, system_actor
from ledger.kernel.errors import Rejected
from ledger.kernel.ids import public_id
from ledger.kernel.paths import ROOT
from ledger.kernel.signals import signal
from ledger.people.access import credentials, factors
from ledger.people.access.approved_codes import withdraw_codes
from ledger.people.access.kinds import GRANT_NAME
from ledger.people.access.sessions import roles_of
from ledger.people.access.staff import Post, add_staff, grant_role, revoke_role
from ledger.people.identities.queries import lock_password

SIGNAL = "people.on_server"


def grant(session: Session, *, name: str, phone: str, post: Post, reason: str, center_id: int) -> None:
    """Give a role to a person, made if the phone number is unknown. Raises what `add_staff` and `grant_role` raise."""
    actor = system_actor(center_id)
    identity_id = add_staff(session, name=name, phone=phone, path=ROOT, actor=actor)
    grant_role(session, identity_id, post, actor=actor, reason=_said(reason))
    _overtake(session, identity_id, post, actor)
    _tell(session, identity_id, center_id)


def code(session: Session, identity_id: int, *, reason: str, center_id: int) -> str:
    """Make a code for a person of whatever level. One that waits for approval is overtaken: it would end this one."""
    actor = system_actor(center_id)
    made = credentials.make_activation_code(session, identity_id, actor=actor, reason=_said(reason))
    withdraw_codes(session, identity_id, actor=actor)
    _tell(session, identity_id, center_id)
    return made


def revoke(session: Session, identity_id: int, *, role: str | None, reason: str, center_id: int) -> None:
    """End a person's log-ins and codes, and a role at every place if one is given. Raises what `revoke_role` raises."""
    said, actor = _said(reason), system_actor(center_id)
    lock_password(session, identity_id, center_id)
    for each in roles_of(session, identity_id, center_id):
        if each.role == role:
            revoke_role(session, each.id, actor=actor, reason=said)
    credentials.end_sessions_and_codes(session, identity_id, actor=actor, reason=said)
    _tell(session, identity_id, center_id)


def remove_factor(session: Session, identity_id: int, *, reason: str, center_id: int) -> None:
    """End a person's lost second factor and their log-ins. Raises Rejected("people.factor_off")."""
    said, actor = _said(reason), system_actor(center_id)
    lock_password(session, identity_id, center_id)
    if not factors.turn_off(session, identity_id, actor=actor, reason=said):
        raise Rejected("people.factor_off")
    credentials.end_sessions_and_codes(session, identity_id, actor=actor, reason=said)
    _tell(session, identity_id, center_id)


def _overtake(session: Session, identity_id: int, post: Post, actor: Actor) -> None:
    """Withdraw a proposal of the same role at the same place: it would wait for ever, because the role is held."""

    def is_same(asked: Values) -> bool:
        return bool((asked["role"], asked["place_id"]) == (post.role, public_id(post.place_id)))

    withdraw_about(session, GRANT_NAME, f"identity:{public_id(identity_id)}", actor=actor, overtaken=is_same)


def _said(reason: str) -> str:
    if not reason.strip():
        raise Rejected("approvals.reason_needed")
    return reason.strip()


def _tell(session: Session, identity_id: int, center_id: int) -> None:
    signal(session, SIGNAL, [f"identity:{public_id(identity_id)}"], center_id=center_id)
