"""The blueprint that all pages of people share, and the words that their templates need."""

from flask import Blueprint

from ledger.kernel.ids import public_id
from ledger.people.policy import show_phone

bp = Blueprint("people", __name__)
bp.add_app_template_filter(show_phone, "show_phone")


@bp.app_template_global()
def place_options(places: list[tuple[int, str]]) -> list[tuple[str, str]]:
    """Places to choose from, as the kit's `choice` wants them."""
    return [(public_id(place_id), words) for place_id, words in places]
