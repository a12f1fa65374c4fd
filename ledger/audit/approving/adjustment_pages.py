"""The page for proposing an adjustment: find the member, enter amount and reason. Somebody else decides."""

from dataclasses import dataclass
from typing import Any

from flask import redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from ledger.approvals import service
from ledger.approvals.api import get_desk
from ledger.audit.approving.pages import refused_words
from ledger.audit.blueprint import bp
from ledger.audit.naming.causes import CAUSE_WORDS
from ledger.kernel.actor import Actor
from ledger.kernel.db import in_snapshot, in_transaction_once
from ledger.kernel.errors import LedgerError
from ledger.kernel.ids import public_id
from ledger.kernel.permissions import Permission
from ledger.people.volunteers import queries as people
from ledger.people.volunteers.queries import VolunteerView
from ledger.people.volunteers.search import find_volunteer
from ledger.points.book import queries
from ledger.points.corrections import adjustments
from ledger.points.policy import POINT, AccountKey, Balance
from ledger.web import asked, forms
from ledger.web.forms import LONGEST_TEXT, Form
from ledger.web.guard import get_actor, requires
from ledger.web.once import idempotency_key

_MOST = 100_000_00
_LONGEST_SOUGHT = 50
_FIELDS = {
    "approvals.reason_needed": "reason",
    "points.transfer_not_found": "reason",
}
# Hidden fields, and those in which a person changes what is wrong with them.
_SEEN_AS = {"volunteer_id": "who", "transfer": "who"}


@dataclass(frozen=True, slots=True)
class Whom:
    """The member whose points are adjusted, and their current balance."""

    member: VolunteerView
    balance: Balance


@bp.get("/adjustments/new")
@requires(Permission.PROPOSE)
def new_adjustment() -> ResponseReturnValue:
    """Form for proposing an adjustment."""
    sought = asked.text("who", longest=_LONGEST_SOUGHT)
    whom = in_snapshot(_find, sought, get_actor()) if sought else None
    errors = {"who": _("没有这个人。请核对号码，手机号要写全")} if sought and whom is None else {}
    return _draw(whom, asked.everything(), asked.pointer("transfer"), errors), 404 if errors else 200


@bp.post("/adjustments/new")
@requires(Permission.PROPOSE)
def send_adjustment() -> ResponseReturnValue:
    """Propose the adjustment, or redisplay the form with its input."""
    try:
        proposal_id = in_transaction_once(
            idempotency_key(), service.propose, adjustments.NAME, *_read(), actor=get_actor(), desk=get_desk()
        )
    except LedgerError as error:
        member = forms.pointer("volunteer_id")
        whom = in_snapshot(_whom, member, get_actor()) if member is not None else None
        return _draw(whom, forms.everything(), forms.pointer("transfer"), _errors(error)), error.status
    return redirect(url_for("audit.approval", proposal_id=proposal_id, new=1), 303)


def _read() -> tuple[dict[str, Any], str]:
    """What to propose, and why."""
    sign = -1 if forms.verbatim("direction") == "less" else 1
    with Form() as form:
        points = form.check("points", form.points("points", most=_MOST), adjustments.check_amount)
        payload = {
            "volunteer_id": public_id(form.key("volunteer_id")),
            "amount": sign * points,
            "cause": form.choice("cause", CAUSE_WORDS),
        }
        reason, transfer_id = form.needed_text("reason", longest=LONGEST_TEXT), form.optional_key("transfer")
    return payload | ({"transfer_id": public_id(transfer_id)} if transfer_id is not None else {}), reason


def _errors(error: LedgerError) -> dict[str, str]:
    if error.code == "points.exceeds_credits":
        return {"points": _("%(what)s。%(to_do)s", what=refused_words(error)[0], to_do=refused_words(error)[1])}
    errors = forms.field_errors(error, _FIELDS)
    return {_SEEN_AS.get(name, name): said for name, said in errors.items()}


def _find(session: Session, sought: str, actor: Actor) -> Whom | None:
    found = find_volunteer(session, sought, actor.center_id)
    return _whom(session, found.id, actor) if found is not None else None


def _whom(session: Session, volunteer_id: int, actor: Actor) -> Whom:
    member = people.get_volunteer(session, volunteer_id, actor.center_id)
    return Whom(member, queries.balance(session, AccountKey(POINT, "member", volunteer_id), actor.center_id))


def _draw(whom: Whom | None, values: dict[str, Any], corrects: int | None, errors: dict[str, str]) -> str:
    causes = list(CAUSE_WORDS.items())
    return render_template(
        "audit/adjustment_new.html", whom=whom, values=values, errors=errors, causes=causes, corrects=corrects
    )
