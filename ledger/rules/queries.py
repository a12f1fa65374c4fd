"""Reads of the rules: the version in force at a time, and all versions."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.kernel.errors import NotFound, Rejected
from ledger.kernel.prepared import Prepared
from ledger.kernel.types import table_of
from ledger.rules.models import RuleVersion
from ledger.rules.policy import RuleBody, read_body

_rule = table_of(RuleVersion)
_COLUMNS = (_rule.c.id, _rule.c.number, _rule.c.effective_from, _rule.c.body, _rule.c.made_by, _rule.c.made_at)
_IN_FORCE = Prepared(
    sa.select(*_COLUMNS)
    .where(_rule.c.center_id == sa.bindparam("center"), _rule.c.effective_from <= sa.bindparam("at"))
    .order_by(_rule.c.effective_from.desc(), _rule.c.number.desc())
    .limit(1)
)


@dataclass(frozen=True, slots=True)
class Rule:
    """A version with its policy."""

    id: int
    number: int
    effective_from: datetime
    body: RuleBody
    made_by: int
    made_at: datetime


def rule_in_force(session: Session, center_id: int, at: datetime) -> Rule:
    """The version for deeds that begin at `at`. Raises Rejected("rules.none_in_force")."""
    rule = find_rule_in_force(session, center_id, at)
    if rule is None:
        raise Rejected("rules.none_in_force")
    return rule


def find_rule_in_force(session: Session, center_id: int, at: datetime) -> Rule | None:
    """The version for deeds that begin at `at`, if any."""
    rows = _IN_FORCE.rows(session, {"center": center_id, "at": at})
    return _rule_of(rows[0]) if rows else None


def get_rule(session: Session, rule_id: int, center_id: int) -> Rule:
    """A version by key. Raises NotFound("rules.version_not_found")."""
    row = session.execute(
        sa.select(*_COLUMNS).where(_rule.c.center_id == center_id, _rule.c.id == rule_id)
    ).one_or_none()
    if row is None:
        raise NotFound("rules.version_not_found")
    return _rule_of(row)


def all_rules(session: Session, center_id: int) -> list[Rule]:
    """Every version, newest first."""
    query = sa.select(*_COLUMNS).where(_rule.c.center_id == center_id).order_by(_rule.c.number.desc())
    return [_rule_of(row) for row in session.execute(query)]


def _rule_of(row: Any) -> Rule:
    return Rule(row[0], row[1], row[2], read_body(row[3]), row[4], row[5])
