"""The reader's preferences, and the style guide in development."""

from flask import Blueprint, current_app, redirect, render_template
from flask.typing import ResponseReturnValue

from ledger.kernel.db import in_transaction
from ledger.kernel.errors import NotFound
from ledger.people.identities import service as identity_service
from ledger.people.policy import LANGUAGES
from ledger.web import forms
from ledger.web.guard import current_actor, public
from ledger.web.leading_back import local_path
from ledger.web.page_context import keep_preferences

bp = Blueprint("preferences", __name__)


@bp.post("/preferences")
@public
def change() -> ResponseReturnValue:
    """Change language, type size or colours, and return to the page before."""
    chosen = forms.verbatim("language")
    language = chosen if chosen in LANGUAGES else None
    large = {"0": False, "1": True}.get(forms.verbatim("large_type"))
    theme = forms.verbatim("theme") if forms.verbatim("theme") in ("light", "dark") else None
    actor = current_actor()
    if actor is not None:
        in_transaction(identity_service.set_preferences, language=language, large_type=large, actor=actor)
    response = redirect(local_path(forms.verbatim("next")), 303)
    keep_preferences(response, language=language, large_type=large, theme=theme)
    return response


@bp.get("/styleguide")
@public
def styleguide() -> str:
    """Every component on one page, for developers. Raises NotFound outside development."""
    if current_app.config["SETTINGS"].production:
        raise NotFound("request.not_found")
    return render_template("styleguide.html")
