"""The API of full names: an auditor reads one by an act that is recorded, and the record is there for its subject."""

from typing import Any

from flask_smorest import Blueprint
from sqlalchemy.orm import Session

from ledger.kernel.actor import Actor
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.paging import Page
from ledger.kernel.permissions import Permission
from ledger.people.volunteers import full_names, queries
from ledger.people.volunteers.full_names import Look
from ledger.people.volunteers.queries import VolunteerView
from ledger.people.volunteers.schemas import FullNameSchema, LookPage, LookQuery, NameRequest
from ledger.web.fields import page_of
from ledger.web.guard import get_actor, requires
from ledger.web.openapi import PREFIX

bp = Blueprint("full_names_api", __name__, url_prefix=PREFIX, description="Who read whose full name, and why")


@bp.post("/volunteers/<id:volunteer_id>/name")
@requires(Permission.READ_BOOKS)
@bp.arguments(NameRequest)
@bp.response(200, FullNameSchema)
def read_name(body: dict[str, Any], volunteer_id: int) -> VolunteerView:
    """Record why you read a volunteer's full name, and read it. Each call is recorded; only its answer has the name."""
    in_transaction(full_names.record, volunteer_id, body["reason"], actor=get_actor())
    return in_snapshot(queries.get_volunteer, volunteer_id, get_actor().center_id)


@bp.get("/volunteers/<id:volunteer_id>/name/looks")
@requires(Permission.READ_BOOKS, Permission.OWN_RECORD)
@bp.arguments(LookQuery, location="query")
@bp.response(200, LookPage)
def list_looks(query: dict[str, Any], volunteer_id: int) -> Page[Look]:
    """Who read a volunteer's full name, when and why: for auditors, and for the volunteer."""
    return in_snapshot(_looks, volunteer_id, query, get_actor())


def _looks(session: Session, volunteer_id: int, query: dict[str, Any], actor: Actor) -> Page[Look]:
    return full_names.looks_for(session, volunteer_id, actor, request=page_of(query))
