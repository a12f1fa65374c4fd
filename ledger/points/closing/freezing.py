"""Freezing a book: after a mismatch the center takes no posting until an admin and an auditor release it.

A frozen book answers 503, not 409, because the request is valid: it is not stored as refused, and a retry with the
same key is booked after the release. A clerk's phone retries by itself.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.approvals.desk import Desk
from ledger.kernel import clock
from ledger.kernel.actor import Actor
from ledger.kernel.errors import Conflict, Forbidden, NotFound, Rejected, Unavailable
from ledger.kernel.ids import new_id, public_id
from ledger.kernel.paths import ROOT
from ledger.kernel.permissions import Permission
from ledger.kernel.signals import signal
from ledger.kernel.types import table_of
from ledger.points.closing.models import BookFreeze, FreezeRelease

ASK_AGAIN_SECONDS = 60
# One of the two who released the book has got role or code from the other within 30 days.
OWING = "points.release_owing"
# The permission per side; a person with both signs for the missing side.
PARTS = {"admin": Permission.RELEASE_AS_ADMIN, "auditor": Permission.RELEASE_AS_AUDITOR}
_freeze, _release = table_of(BookFreeze), table_of(FreezeRelease)
_FIND = sa.select(_freeze.c.id).where(
    _freeze.c.center_id == sa.bindparam("frozen_center"), _freeze.c.released_at.is_(None)
)
# A column that lets another statement check as well; `frozen_center` is the center's key.
FROZEN = _FIND.scalar_subquery().label("frozen")


@dataclass(frozen=True, slots=True)
class Signature:
    """One side's signature on a release."""

    part: str
    signed_by: int
    signed_at: datetime
    note: str


@dataclass(frozen=True, slots=True)
class FreezeView:
    """A freeze: reason, verification that found it, and signatures on its release."""

    id: int
    reason: str
    run_id: int | None
    frozen_at: datetime
    released_at: datetime | None
    signatures: list[Signature]


def find_freeze(session: Session, center_id: int) -> int | None:
    """The center's open freeze; reads a partial index that is empty unless the center is frozen."""
    return session.connection().execute(_FIND, {"frozen_center": center_id}).scalar()


def refuse_frozen(session: Session, center_id: int) -> None:
    """Raises Unavailable("points.ledger_frozen") if the center's book is frozen."""
    if find_freeze(session, center_id) is not None:
        raise frozen()


def frozen() -> Unavailable:
    """The refusal of a frozen book."""
    return Unavailable("points.ledger_frozen", seconds=ASK_AGAIN_SECONDS)


def freeze(session: Session, center_id: int, *, reason: str, run_id: int | None) -> int:
    """Freeze a center's book after a failed verification. Returns the key of the freeze, or of one already open.

    `reason` says what was found, without names.
    """
    there = find_freeze(session, center_id)
    if there is not None:
        return there
    freeze_id = new_id()
    row = {
        "center_id": center_id,
        "id": freeze_id,
        "reason": reason,
        "run_id": run_id,
        "frozen_at": clock.now(),
        "released_at": None,
    }
    # A concurrent freeze fails on the unique index and is retried.
    session.connection().execute(sa.insert(_freeze), row)
    return freeze_id


def release(session: Session, freeze_id: int, note: str, *, actor: Actor, desk: Desk) -> dict[str, Any]:
    """Sign the release for the actor's side: {"freeze_id", "part", "released"}; the second signature releases the book.

    If a signer has been dismissed since, the freeze begins anew, with a key of its own: signatures are never taken
    back. Where one signer owes role or code to the other it is a signal.

    Raises Forbidden("access.denied" | "points.release_needs_another" | "points.release_same_household"),
    NotFound("points.freeze_not_found"), Conflict("points.freeze_released" | "points.release_signed"),
    Rejected("points.release_note_needed").
    """
    own = [part for part, permission in PARTS.items() if actor.may(permission, ROOT)]
    if not own:
        raise Forbidden("access.denied", permission=", ".join(PARTS.values()))
    found = get_freeze(session, freeze_id, actor.center_id, lock=True)
    if found.released_at is not None:
        raise Conflict("points.freeze_released")
    if valid_signatures(session, found, actor.center_id, desk=desk, lock=True) != found.signatures:
        found = _begin_anew(session, found, actor.center_id)
    signed = {each.part for each in found.signatures}
    part = next((part for part in own if part not in signed), None)
    if any(each.signed_by == actor.identity_id for each in found.signatures) and part is not None:
        raise Forbidden("points.release_needs_another")
    if part is None:
        raise Conflict("points.release_signed")
    if shares_household(session, found, actor=actor, desk=desk, lock=True):
        raise Forbidden("points.release_same_household")
    if not note.strip():
        raise Rejected("points.release_note_needed")
    _sign(session, found.id, part, note.strip(), actor=actor)
    released = signed | {part} == PARTS.keys()
    if released:
        _end(session, found.id, actor.center_id)
        _note_owing(session, found, actor=actor, desk=desk)
    return {"freeze_id": found.id, "part": part, "released": released}


def valid_signatures(
    session: Session, freeze: FreezeView, center_id: int, *, desk: Desk, lock: bool = False
) -> list[Signature]:
    """The signatures of those who still hold the role that they signed by; `lock` keeps it so until the unit ends."""
    return [
        each
        for each in freeze.signatures
        if each.signed_by
        in {who.identity_id for who in desk.holders(session, (PARTS[each.part],), center_id, lock=lock)}
    ]


def _begin_anew(session: Session, old: FreezeView, center_id: int) -> FreezeView:
    _end(session, old.id, center_id)
    return get_freeze(session, freeze(session, center_id, reason=old.reason, run_id=old.run_id), center_id)


def _end(session: Session, freeze_id: int, center_id: int) -> None:
    mine = (_freeze.c.center_id == center_id, _freeze.c.id == freeze_id)
    session.connection().execute(sa.update(_freeze).where(*mine).values(released_at=clock.now()))


def _note_owing(session: Session, freeze: FreezeView, *, actor: Actor, desk: Desk) -> None:
    me, center_id = actor.identity_id, actor.center_id
    for other in (each.signed_by for each in freeze.signatures):
        if desk.owes(session, me, other, center_id) or desk.owes(session, other, me, center_id):
            signal(session, OWING, [f"freeze:{public_id(freeze.id)}"], center_id=center_id)


def shares_household(session: Session, freeze: FreezeView, *, actor: Actor, desk: Desk, lock: bool = False) -> bool:
    """Whether the actor shares a household with a previous signer; `lock` keeps the answer true until the unit ends."""
    signed_by = {each.signed_by for each in freeze.signatures}
    return bool(desk.housemates(session, [actor.identity_id], actor.center_id, identities=signed_by, lock=lock))


def get_freeze(session: Session, freeze_id: int, center_id: int, *, lock: bool = False) -> FreezeView:
    """A freeze; `lock` locks its row until the unit ends. Raises NotFound("points.freeze_not_found")."""
    if lock:
        own = sa.select(_freeze.c.id).where(_freeze.c.center_id == center_id, _freeze.c.id == freeze_id)
        session.connection().execute(own.with_for_update()).all()
    found = _views(session, center_id, _freeze.c.id == freeze_id)
    if not found:
        raise NotFound("points.freeze_not_found")
    return found[0]


def freezes(session: Session, center_id: int) -> list[FreezeView]:
    """All freezes of a center, newest first."""
    return _views(session, center_id)


def _sign(session: Session, freeze_id: int, part: str, note: str, *, actor: Actor) -> None:
    row = {
        "center_id": actor.center_id,
        "freeze_id": freeze_id,
        "part": part,
        "signed_by": actor.identity_id,
        "signed_at": clock.now(),
        "note": note,
    }
    session.connection().execute(sa.insert(_release), row)


def _views(session: Session, center_id: int, *which: "sa.ColumnElement[bool]") -> list[FreezeView]:
    query = sa.select(_freeze).where(_freeze.c.center_id == center_id, *which)
    rows = session.connection().execute(query.order_by(_freeze.c.frozen_at.desc(), _freeze.c.id.desc())).all()
    signed = sa.select(_release).where(_release.c.center_id == center_id).order_by(_release.c.signed_at)
    signatures: dict[int, list[Signature]] = {row.id: [] for row in rows}
    for row in session.connection().execute(signed.where(_release.c.freeze_id.in_(signatures))):
        signatures[row.freeze_id].append(Signature(row.part, row.signed_by, row.signed_at, row.note))
    return [
        FreezeView(row.id, row.reason, row.run_id, row.frozen_at, row.released_at, signatures[row.id]) for row in rows
    ]
