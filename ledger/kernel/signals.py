"""Signals: what two honest people would want to look at. Rows are made in the unit that saw it and never change."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session

from ledger.kernel import clock
from ledger.kernel.ids import new_id
from ledger.kernel.types import STRICT, Base, center_key, key, table_of


class Signal(Base):
    """Something to look at; `evidence` is a JSON list of public references, as "proposal:0123456789abc"."""

    __tablename__ = "signal"
    __table_args__ = (
        sa.ForeignKeyConstraint(["center_id"], ["center.id"]),
        sa.Index(None, "center_id", "at", "id"),
        STRICT,
    )

    center_id: Mapped[center_key]
    id: Mapped[key]
    kind: Mapped[str]
    evidence: Mapped[str]
    at: Mapped[datetime]


_signal = table_of(Signal)


@dataclass(frozen=True, slots=True)
class SignalView:
    """A signal with its evidence, each as (what, id): ("proposal", "0123456789abc")."""

    id: int
    kind: str
    evidence: tuple[tuple[str, str], ...]
    at: datetime


def signal(session: Session, kind: str, evidence: Sequence[str], *, center_id: int) -> int:
    """Add a signal to the unit and return its id; `evidence` are public references, without personal text."""
    row = {
        "center_id": center_id,
        "id": new_id(),
        "kind": kind,
        "evidence": json.dumps(list(evidence), separators=(",", ":")),
        "at": clock.now(),
    }
    session.connection().execute(sa.insert(_signal), row)
    return int(str(row["id"]))


def has_signal(session: Session, kind: str, *, since: datetime, center_id: int) -> bool:
    """Whether a center has a signal of this kind since a time."""
    own = (_signal.c.center_id == center_id, _signal.c.at >= since, _signal.c.kind == kind)
    return session.connection().execute(sa.select(_signal.c.id).where(*own).limit(1)).first() is not None


def signals_since(
    session: Session, center_id: int, since: datetime, *, most: int, before: SignalView | None = None
) -> list[SignalView]:
    """The newest signals of a center from a time until now, newest first; those `before` the last of a page go on."""
    query = sa.select(_signal).where(*_between(center_id, since))
    if before is not None:
        query = query.where(sa.tuple_(_signal.c.at, _signal.c.id) < sa.tuple_(*_place_of(before)))
    newest = query.order_by(_signal.c.at.desc(), _signal.c.id.desc()).limit(most)
    return [_view(row.id, row.kind, row.evidence, row.at) for row in session.connection().execute(newest)]


def told_about(session: Session, kind: str, center_id: int, since: datetime) -> set[str]:
    """The public references that signals of a kind from a time until now are about."""
    own = (*_between(center_id, since), _signal.c.kind == kind)
    found = session.connection().scalars(sa.select(_signal.c.evidence).where(*own))
    return {ref for evidence in found for ref in json.loads(evidence)}


def count_signals(session: Session, center_id: int, since: datetime) -> int:
    """How many signals of a center there are from a time until now."""
    query = sa.select(sa.func.count()).select_from(_signal).where(*_between(center_id, since))
    return int(session.connection().execute(query).scalar_one())


def _between(center_id: int, since: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    # A span, so that nothing dated into the future stands before all others, and only its own rows are read.
    return _signal.c.center_id == center_id, _signal.c.at.between(since, clock.now())


def _place_of(signal: SignalView) -> list[sa.BindParameter[Any]]:
    return [sa.bindparam(None, value, of.type) for value, of in ((signal.at, _signal.c.at), (signal.id, _signal.c.id))]


def _view(signal_id: int, kind: str, evidence: str, at: datetime) -> SignalView:
    pairs = [ref.partition(":") for ref in json.loads(evidence)]
    return SignalView(signal_id, kind, tuple((what, ref) for what, _colon, ref in pairs), at)
