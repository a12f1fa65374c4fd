"""Writes of the rules: new versions only, old ones never change."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from ledger.kernel import clock
from ledger.kernel.actor import Actor
from ledger.kernel.errors import Rejected
from ledger.kernel.ids import new_id
from ledger.kernel.paths import ROOT
from ledger.kernel.permissions import Permission
from ledger.rules import queries
from ledger.rules.models import RuleVersion
from ledger.rules.policy import RuleBody, check_body, write_body


def add_version(session: Session, body: RuleBody, *, effective_from: datetime, actor: Actor) -> int:
    """Add a version in force from `effective_from`. Returns its key.

    Raises Rejected("rules.not_later") unless it starts later than the last one, Rejected("rules.body_invalid").
    """
    actor.need(Permission.MANAGE_RULES, ROOT)
    check_body(body)
    earlier = queries.all_rules(session, actor.center_id)
    if earlier and effective_from <= earlier[0].effective_from:
        raise Rejected("rules.not_later", last_moment=earlier[0].effective_from.isoformat())
    version = RuleVersion(
        center_id=actor.center_id,
        id=new_id(),
        number=earlier[0].number + 1 if earlier else 1,
        effective_from=effective_from,
        body=write_body(body),
        made_by=actor.identity_id,
        made_at=clock.now(),
    )
    session.add(version)
    session.flush()
    return version.id


def change(session: Session, changed: Mapping[str, Any], *, effective_from: datetime, actor: Actor) -> int:
    """Add a version that changes only these numbers of the last one, or of the defaults. Returns its key.

    Raises the refusals of `add_version`.
    """
    earlier = queries.all_rules(session, actor.center_id)
    body = replace(earlier[0].body if earlier else RuleBody(), **changed)
    return add_version(session, body, effective_from=effective_from, actor=actor)
