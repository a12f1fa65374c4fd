"""The full-screen page after a scan: colour, one word, the lines of the slip, and what to do next."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from ledger.activities import queries as activities
from ledger.checkin import stored_scans
from ledger.checkin.policy import Intent
from ledger.checkin.presenter import is_question, short_ref
from ledger.checkin.stored_scans import StoredScan
from ledger.kernel import clock
from ledger.kernel.actor import Actor
from ledger.kernel.errors import LedgerError
from ledger.people.identities import queries as identities
from ledger.rules import queries as rules
from ledger.web.formats import EN_DASH, local_time
from ledger.web.problem import words


@dataclass(frozen=True, slots=True)
class Again:
    """A button that sends the scan again, with another intent or with a question answered."""

    label: str
    intent: Intent
    confirmed: tuple[str, ...] = ()
    main: bool = False


@dataclass(frozen=True, slots=True)
class Result:
    """The page of one scan. `who` is the person or, for a refused scan, what happened."""

    kind: Literal["ok", "look", "stop"]
    word: str
    who: str
    lines: list[tuple[str, str]] = field(default_factory=list)
    next_lead: str = ""
    next_words: str = ""
    ref: str = ""
    again: Again | None = None
    attendance_id: int | None = None
    question: bool = False


def result_of(session: Session, scan_id: int, actor: Actor) -> Result:
    """The page of a scan sent by the actor. Raises NotFound("checkin.scan_not_found")."""
    stored = stored_scans.get_scan(session, scan_id, actor)
    if stored.answer.refusal is not None:
        return _question(stored) if is_question(stored.answer.refusal) else refused(stored.answer.refusal, stored)
    name = identities.get_preferences(session, actor.identity_id, actor.center_id).name
    facts = stored.answer.attendance
    shift = activities.get_shift(session, facts["shift_id"], actor.center_id)
    rule = rules.rule_in_force(session, actor.center_id, shift.starts_at)
    lines = [
        (_("班次"), shift.activity_name),
        (_("时间"), f"{_clock(shift.starts_at)}{EN_DASH}{_clock(shift.ends_at)}"),
        (_("签到"), _clock(facts["opened_at"])),
    ]
    if facts["status"] == "OPEN":
        return _present(stored, name, lines, out_until=_clock(shift.ends_at + rule.body.late))
    return Result(
        "look",
        _("已经签退了"),
        name,
        [*lines, (_("签退"), _clock(facts["closed_at"]))],
        next_words=_("不用再扫。要是又来了，点下面的“再签到”。"),
        again=Again(_("再签到"), "in"),
        attendance_id=facts["id"],
    )


def _present(stored: StoredScan, name: str, lines: list[tuple[str, str]], *, out_until: str) -> Result:
    leave = _("再扫一次站里屏幕上的码，%(time)s 前都能签退。", time=out_until)
    if stored.answer.reason == "OK_IN":
        return Result("ok", _("已签到"), _("%(name)s，辛苦了", name=name), lines, _("走的时候："), leave)
    return Result("look", _("已经签到了"), name, lines, _("走的时候："), leave, again=Again(_("现在就走，签退"), "out"))


def _question(stored: StoredScan) -> Result:
    asked = stored.answer.refusal
    assert asked is not None  # noqa: S101 - the caller has looked
    title, next_step = words(asked)
    reason = stored.answer.reason
    yes = Again(_("是，照办"), stored.intent, (*stored.confirmed, reason), main=True)
    return Result("look", _("问您一句"), title, _facts(asked.context), "", next_step, again=yes, question=True)


def refused(error: LedgerError, stored: StoredScan | None = None) -> Result:
    """The page of a refused scan, or of a code that leads nowhere."""
    title, next_step = words(error)
    word = _("没签退") if stored is not None and stored.intent == "out" else _("没签上")
    ref = short_ref(stored.answer.scan_id) if stored is not None else ""
    return Result("stop", word, title, _facts(error.context), "", next_step, ref)


def no_scan() -> Result:
    """The page for opening check-in without having scanned a code."""
    return Result(
        "look",
        _("先扫码"),
        _("还没有扫站里的码，或者扫了超过 5 分钟"),
        next_words=_("用微信或手机相机扫站里屏幕上的码。"),
    )


def _facts(context: dict[str, Any]) -> list[tuple[str, str]]:
    """Details of a refusal as lines of the slip."""
    lines = []
    if context.get("activity"):
        lines.append((_("班次"), str(context["activity"])))
    if context.get("opens"):
        lines.append((_("可签到"), f"{_clock(context['opens'])}{EN_DASH}{_clock(context['closed'])}"))
    if context.get("starts"):
        lines.append((_("时间"), f"{_clock(context['starts'])}{EN_DASH}{_clock(context['ends'])}"))
    if context.get("since"):
        lines.append((_("签到"), _clock(context["since"])))
    if context.get("now"):
        lines.append((_("现在"), _clock(context["now"])))
    return lines


def _clock(moment: datetime | str) -> str:
    at = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    return local_time(at, zone=clock.zone())
