"""The blueprint shared by all pages of people, and its template helpers."""

from flask import Blueprint
from flask_babel import gettext as _

from ledger.kernel.ids import public_id
from ledger.people.policy import show_phone
from ledger.places.queries import CenterView, innermost

bp = Blueprint("people", __name__)
bp.add_app_template_filter(show_phone, "show_phone")


@bp.app_template_global()
def place_options(places: list[tuple[int, str]]) -> list[tuple[str, str]]:
    """Places to choose from, in the format of the kit's `choice`; if no place is likely, the reader must choose one."""
    options = [(public_id(place_id), words) for place_id, words in places]
    return options if likely_place(places) or not places else [("", _("选一个地方")), *options]


@bp.app_template_global()
def center_options(centers: list[CenterView]) -> list[tuple[str, str]]:
    """Centers to choose from, in the format of the kit's `choice`; nobody's center is proposed."""
    return [("", _("选一个中心")), *((public_id(center.id), center.name) for center in centers)]


@bp.app_template_global()
def likely_place(places: list[tuple[int, str]]) -> str:
    """The only place without places under it, as the value of `choice`; empty if there are several."""
    found = innermost(places)
    return public_id(found[0]) if len(found) == 1 else ""
