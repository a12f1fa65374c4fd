"""Reads of the audit: results of verifications, and the trial balance by unit."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.audit.checks.finding import Difference, Value
from ledger.audit.checks.scope import LogHead
from ledger.audit.verifying.models import VerificationRun
from ledger.kernel.errors import NotFound
from ledger.kernel.types import table_of
from ledger.points.book import effective
from ledger.points.book import queries as points
from ledger.points.book.queries import TrialLine
from ledger.points.closing import freezing
from ledger.points.models import Unit

_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT")
_run, _unit = table_of(VerificationRun), table_of(Unit)


@dataclass(frozen=True, slots=True)
class RunView:
    """A verification, under way or ended."""

    id: int
    status: str
    started_by: int
    started_at: datetime
    finished_at: datetime | None
    beat_at: datetime
    step: str
    done: int
    total: int
    accounts: int
    batches: int
    transfers: int
    difference: Difference | None
    since_size: int | None
    log_size: int | None


@dataclass(frozen=True, slots=True)
class TrialUnit:
    """Both sides of one unit, with a line per kind of account."""

    unit: str
    scale: int
    debits: int
    credits: int
    lines: list[TrialLine]

    @property
    def difference(self) -> int:
        """0 in a book that balances."""
        return self.debits - self.credits


@dataclass(frozen=True, slots=True)
class TrialBalance:
    """All units as of a time; minutes and points come first."""

    as_of: datetime | None
    units: list[TrialUnit]
    effective_until: datetime | None = None

    @property
    def balanced(self) -> bool:
        """Whether both sides agree in every unit."""
        return all(unit.difference == 0 for unit in self.units)


def trial_balance(
    session: Session, center_id: int, *, as_of: datetime | None = None, effective_until: datetime | None = None
) -> TrialBalance:
    """Totals posted to each side by kind of account, now or until `as_of` (by recording time).

    `effective_until` selects by effective time instead; later back-dated postings change that result.
    """
    scales = {row[0]: row[1] for row in session.execute(_scales(center_id))}
    lines: dict[str, list[TrialLine]] = {}
    if effective_until is not None:
        found = effective.trial_balance(session, center_id, effective_until=effective_until)
    else:
        found = points.trial_balance(session, center_id, as_of=as_of)
    for line in found:
        lines.setdefault(line.unit, []).append(line)
    units = [
        TrialUnit(
            unit=unit,
            scale=scales[unit],
            debits=sum(line.debits for line in lines[unit]),
            credits=sum(line.credits for line in lines[unit]),
            lines=lines[unit],
        )
        for unit in sorted(lines, key=lambda unit: (unit != "point", unit != "minute", unit))
    ]
    return TrialBalance(as_of, units, effective_until)


def _scales(center_id: int) -> "sa.Select[Any]":
    return sa.select(_unit.c.code, _unit.c.scale).where(_unit.c.center_id == center_id)


def get_run(session: Session, run_id: int, center_id: int) -> RunView:
    """A verification. Raises NotFound("audit.verification_not_found")."""
    found = _runs(session, center_id, _run.c.id == run_id)
    if not found:
        raise NotFound("audit.verification_not_found")
    return found[0]


def find_running(session: Session, center_id: int) -> RunView | None:
    """The verification under way."""
    return next(iter(_runs(session, center_id, _run.c.status == "running")), None)


def find_last_run(session: Session, center_id: int) -> RunView | None:
    """The last verification that finished with a result."""
    return next(iter(_runs(session, center_id, _run.c.status.in_(("clean", "different")))), None)


def find_base(session: Session, center_id: int) -> LogHead | None:
    """The log head from which a verification may continue: where the last one ended, if that was clean."""
    columns = (_run.c.status, _run.c.log_size, _run.c.log_root)
    query = sa.select(*columns).where(_run.c.center_id == center_id, _run.c.status.in_(("clean", "different")))
    last = session.execute(query.order_by(_run.c.started_at.desc(), _run.c.id.desc()).limit(1)).one_or_none()
    clean = last is not None and last.status == "clean" and last.log_size is not None
    return LogHead(last.log_size, last.log_root) if last is not None and clean else None


def find_last_full(session: Session, center_id: int) -> datetime | None:
    """When the last clean verification of the whole book began."""
    whole = (_run.c.center_id == center_id, _run.c.status == "clean", _run.c.since_size.is_(None))
    found: datetime | None = session.execute(sa.select(sa.func.max(_run.c.started_at)).where(*whole)).scalar()
    return found


def find_last_heard(session: Session, center_id: int) -> datetime | None:
    """When a verification last finished with a result, by the machine's clock."""
    ended = (_run.c.center_id == center_id, _run.c.status.in_(("clean", "different")))
    found: datetime | None = session.execute(sa.select(sa.func.max(_run.c.beat_at)).where(*ended)).scalar()
    return found


def known_differences(session: Session, center_id: int) -> list[Difference]:
    """Differences that froze the book before and that two people released since, so that they don't freeze it again."""
    ids = {freeze.run_id for freeze in freezing.freezes(session, center_id) if freeze.released_at is not None}
    query = sa.select(_run.c.difference).where(_run.c.center_id == center_id, _run.c.id.in_(ids - {None}))
    found = [json.loads(text) for text in session.scalars(query) if text is not None]
    return [_difference(values) for first in found for values in (first, *first.get("others", ()))]


def find_clean_since(session: Session, center_id: int) -> datetime | None:
    """Start of the current streak of clean verifications: the first one after the last that was not clean."""
    broken = sa.select(sa.func.max(_run.c.started_at)).where(
        _run.c.center_id == center_id, _run.c.status == "different"
    )
    last_broken = session.execute(broken).scalar()
    query = sa.select(sa.func.min(_run.c.started_at)).where(_run.c.center_id == center_id, _run.c.status == "clean")
    if last_broken is not None:
        query = query.where(_run.c.started_at > last_broken)
    since: datetime | None = session.execute(query).scalar()
    return since


def _runs(session: Session, center_id: int, *which: "sa.ColumnElement[bool]") -> Sequence[RunView]:
    columns = (_run.c[name] for name in RunView.__slots__)
    query = sa.select(*columns).where(_run.c.center_id == center_id, *which)
    rows = session.execute(query.order_by(_run.c.started_at.desc(), _run.c.id.desc()).limit(1))
    return [RunView(**{**row._mapping, "difference": _read_difference(row.difference)}) for row in rows]


def _read_difference(text: str | None) -> Difference | None:
    if text is None:
        return None
    return _difference(json.loads(text))


def _difference(values: dict[str, Any]) -> Difference:
    own = {name: value for name, value in values.items() if name != "others"}
    return Difference(**own | {name: _revive(values[name]) for name in ("expected", "found")})


def _revive(value: Value) -> Value:
    """Turn the text of a time back into a time; no other text begins with a date and a T."""
    if isinstance(value, str) and _INSTANT.match(value):
        return datetime.fromisoformat(value)
    return value
