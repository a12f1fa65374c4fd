"""The rules API: list all versions, add one."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from flask_smorest import Blueprint
from sqlalchemy.orm import Session

from ledger.kernel.actor import Actor
from ledger.kernel.db import in_snapshot, in_transaction_once
from ledger.kernel.permissions import Permission
from ledger.rules import queries, service
from ledger.rules.queries import Rule
from ledger.rules.schemas import RuleList, RuleRequest, RuleSchema
from ledger.web.guard import get_actor, logged_in, requires
from ledger.web.once import find_idempotency_key
from ledger.web.openapi import KEY_PARAMETER, PREFIX

bp = Blueprint("rules_api", __name__, url_prefix=PREFIX, description="What a deed earns, in versions")


@bp.get("/rules")
@logged_in
@bp.response(200, RuleList)
def list_rules() -> dict[str, Any]:
    """Every version of the rules, newest first; everybody may read them."""
    versions = in_snapshot(queries.all_rules, get_actor().center_id)
    return {"items": [_shown(rule) for rule in versions], "next": None}


@bp.post("/rules")
@requires(Permission.MANAGE_RULES)
@bp.doc(parameters=[KEY_PARAMETER])
@bp.arguments(RuleRequest)
@bp.response(201, RuleSchema)
def add_rule(body: dict[str, Any]) -> dict[str, Any]:
    """Add a version that starts later than the last one; earlier versions stay unchanged."""
    actor = get_actor()
    effective_from = body.pop("effective_from")
    rule_id = in_transaction_once(find_idempotency_key(), _add, body, effective_from, actor=actor)
    return _shown(in_snapshot(queries.get_rule, rule_id, actor.center_id))


def _add(session: Session, changed: dict[str, Any], effective_from: datetime, *, actor: Actor) -> int:
    if "star_hours" in changed:
        changed = changed | {"star_hours": tuple(changed["star_hours"])}
    return service.change(session, changed, effective_from=effective_from, actor=actor)


def _shown(rule: Rule) -> dict[str, Any]:
    own = {name: getattr(rule, name) for name in ("id", "number", "effective_from", "made_at")}
    return own | asdict(rule.body)
