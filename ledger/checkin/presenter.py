"""Add names and words to the plain facts of check-in when they are shown."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from ledger.activities import queries as activities
from ledger.checkin.queries import AttendanceView
from ledger.checkin.stored_scans import ScanAnswer
from ledger.kernel import clock
from ledger.kernel.errors import Conflict, LedgerError
from ledger.kernel.ids import public_id
from ledger.people.volunteers import queries as people
from ledger.web.formats import local_time
from ledger.web.problem import words

# The milliseconds of the last hours and part of the process bits; the end of a key is only a counter.
_REF_LETTERS = slice(4, 10)
QUESTIONS = frozenset({"checkin.dwell_too_short", "checkin.open_session_elsewhere", "checkin.walk_in"})
REASON_TEXTS = {
    "OK_IN": ("已签到", "Checked in"),
    "OK_OUT": ("已签退", "Checked out"),
    "ALREADY_CHECKED_IN": ("{since} 已经签到了", "Already checked in since {since}"),
    "ALREADY_CHECKED_OUT": ("{until} 已经签退了", "Already checked out at {until}"),
    "DAILY_LIMIT_REVIEW": ("已签退，今天时长超过上限，等站长审", "Checked out; over the day's limit, waits for review"),
    "PERSON_BLOCKED": ("已签退，等站长审", "Checked out; waits for review"),
    "AUTO_CLOSED": ("签退晚了，等站长定时间", "Check-out came too late; waits for review"),
}


def answer(session: Session, scanned: ScanAnswer, center_id: int) -> dict[str, Any]:
    """The answer to a scan, with names."""
    facts = scanned.attendance
    shift = activities.get_shift(session, facts["shift_id"], center_id)
    person = people.get_volunteer(session, facts["volunteer_id"], center_id)
    times = {
        name: value and datetime.fromisoformat(value)
        for name in ("opened_at", "closed_at", "shift_starts_at", "shift_ends_at")
        for value in [facts[name]]
    }
    named = {
        "masked_name": person.masked_name,
        "number": person.number,
        "activity_name": shift.activity_name,
        "station_name": shift.station_name,
    }
    return {
        "outcome": scanned.outcome,
        "reason": scanned.reason,
        "reason_text": _reason_text(scanned.reason, times),
        "attendance": facts | times | named,
        "next_actions": scanned.next_actions,
    }


def _reason_text(reason: str, times: dict[str, Any]) -> dict[str, str]:
    """The sentence in both languages, with the time since when it is so."""
    clocks = {
        name: times[at] and local_time(times[at], zone=clock.zone())
        for name, at in (("since", "opened_at"), ("until", "closed_at"))
    }
    return {lang: text.format(**clocks) for lang, text in zip(("zh", "en"), REASON_TEXTS[reason], strict=True)}


def refusal(session: Session, refused: LedgerError, center_id: int) -> dict[str, Any]:
    """Members a refused scan adds to a problem document: those of an answer, without an attendance."""
    zh, en = (words(refused, in_language=each)[0] for each in ("zh", "en"))
    volunteer_id = refused.context.get("volunteer_id")
    names = people.masked_names(session, [volunteer_id] if volunteer_id else [], center_id)
    return {
        "outcome": "refused",
        "reason": refused.code.rpartition(".")[2].upper(),
        "reason_text": {"zh": zh, "en": en},
        "attendance": None,
        "masked_name": names.get(volunteer_id or 0),
        "next_actions": ["confirm"] if is_question(refused) else [],
    }


def is_question(refused: LedgerError) -> bool:
    """Whether the scan succeeds when it is sent again with this reason confirmed."""
    return isinstance(refused, Conflict) and refused.code in QUESTIONS


def short_ref(key: int) -> str:
    """Six letters of a key's public form, for the telephone: "K7M 294". Keys made hours apart differ in them, too."""
    letters = public_id(key)[_REF_LETTERS].upper()
    return f"{letters[:3]} {letters[3:]}"


def attendances(session: Session, views: Iterable[AttendanceView], center_id: int) -> list[dict[str, Any]]:
    """Attendances with masked names, looked up in one go."""
    rows = list(views)
    names = people.masked_names(session, [row.volunteer_id for row in rows], center_id)
    return [
        {name: getattr(row, name) for name in AttendanceView.__slots__} | {"masked_name": names[row.volunteer_id]}
        for row in rows
    ]
