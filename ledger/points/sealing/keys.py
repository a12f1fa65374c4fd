"""The keys that sign a center's checkpoints: one is current; the public halves of earlier ones are kept for ever."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.kernel import clock, runtime
from ledger.kernel.ids import new_id, public_id
from ledger.kernel.types import table_of
from ledger.points.sealing.models import SealKey
from ledger.proof.checkpoints import endorse
from ledger.proof.notes import Signer, Verifier, new_private_key

_key = table_of(SealKey)
_CURRENT = (
    sa.select(_key.c.id, _key.c.origin, _key.c.private_key)
    .where(_key.c.center_id == sa.bindparam("center"), _key.c.valid_until.is_(None))
    .with_for_update()
)


@dataclass(frozen=True, slots=True)
class CurrentKey:
    """The key that signs now; holding it from `lock_current_key` excludes other sealers of the center."""

    id: int
    signer: Signer

    @property
    def origin(self) -> str:
        """The name of the log."""
        return self.signer.verifier.name


@dataclass(frozen=True, slots=True)
class KeyView:
    """A key for verifiers; `text` is the form that tools accept, `endorsement` is by the previous key."""

    id: int
    origin: str
    public_key: bytes
    endorsement: str | None
    valid_from: datetime
    valid_until: datetime | None

    @property
    def verifier(self) -> Verifier:
        """The public key."""
        return Verifier(self.origin, self.public_key)

    @property
    def text(self) -> str:
        """name+id+key."""
        return self.verifier.text


def lock_current_key(session: Session, center_id: int) -> CurrentKey:
    """Lock the center's current key until the unit ends; the first use creates it."""
    # Try twice: the first query finds nothing if it waited for a key that was changed meanwhile.
    for _ in range(2):
        row = session.connection().execute(_CURRENT, {"center": center_id}).one_or_none()
        if row is not None:
            return CurrentKey(row.id, Signer(row.origin, bytes.fromhex(row.private_key)))
    return _add(session, center_id, _new_origin(center_id), after=None)


def change_key(session: Session, center_id: int) -> KeyView:
    """End the current key, wipe its private half, and sign with a new one that the old one has endorsed."""
    old = lock_current_key(session, center_id)
    end = sa.update(_key).where(_key.c.center_id == center_id, _key.c.id == old.id)
    session.connection().execute(end.values(valid_until=clock.now(), private_key=None))
    new = _add(session, center_id, old.origin, after=old.signer)
    return next(key for key in keys(session, center_id) if key.id == new.id)


def keys(session: Session, center_id: int) -> list[KeyView]:
    """All keys that the center has ever signed with, oldest first."""
    columns = [_key.c[name] for name in KeyView.__slots__]
    query = sa.select(*columns).where(_key.c.center_id == center_id).order_by(_key.c.valid_from, _key.c.id)
    return [KeyView(*row) for row in session.execute(query)]


def _add(session: Session, center_id: int, origin: str, *, after: Signer | None) -> CurrentKey:
    private_key = new_private_key()
    key = CurrentKey(new_id(), Signer(origin, private_key))
    row = {
        "center_id": center_id,
        "id": key.id,
        "origin": origin,
        "public_key": key.signer.verifier.public_key,
        "private_key": private_key.hex(),
        "endorsement": endorse(after, key.signer.verifier) if after is not None else None,
        "valid_from": clock.now(),
        "valid_until": None,
    }
    session.connection().execute(sa.insert(_key), row)
    return key


def _new_origin(center_id: int) -> str:
    """The permanent name of a center's log, kept even if the service moves to another host."""
    return f"{runtime.current().host}/{public_id(center_id)}"
