"""Behind `ningxin import volunteers FILE` and its page: read, check everything, and only then write."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ledger.kernel.actor import Actor
from ledger.kernel.apart import in_turn
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.errors import LedgerError, NotFound, text_of
from ledger.organisations import queries
from ledger.organisations.imports import service
from ledger.organisations.imports.check import Plan, Sealed, make_plan, refuse_errors, seal
from ledger.organisations.imports.columns import parse
from ledger.organisations.imports.files import read_lines
from ledger.organisations.imports.report import HEADINGS, Language, Report, report_lines, summary


@dataclass(frozen=True, slots=True)
class Checked:
    """A list checked against the database: its report, and the rows to write."""

    rows: list[Sealed]
    plan: Plan
    report: Report


def check_lines(lines: Sequence[Sequence[Any]], *, place_id: int | None, make_teams: bool, actor: Actor) -> Checked:
    """Check a whole list without writing anything. Raises what columns.parse and check.make_plan raise."""
    demonstration = in_snapshot(queries.get_center, actor.center_id).is_demonstration
    parsed = parse(lines, demonstration=demonstration)
    rows = seal(parsed.people, actor.center_id, demonstration=demonstration)
    plan = in_snapshot(make_plan, rows, place_id=place_id, make_teams=make_teams, actor=actor)
    errors = sorted([*parsed.errors, *plan.errors], key=lambda error: error.row)
    report = Report(
        rows=len(parsed.people) + len({error.row for error in parsed.errors} - {p.row for p in parsed.people}),
        added=len(plan.new),
        joined=len(plan.joining),
        housed=len(plan.housed),
        unchanged=plan.unchanged,
        new_teams=[name for _, name in plan.new_teams],
        ignored_columns=parsed.ignored_columns,
        errors=errors,
    )
    return Checked(rows, plan, report)


def keep_upload(
    read: Callable[[], bytes], file_name: str, *, place_id: int | None, make_teams: bool, actor: Actor
) -> int:
    """Check an uploaded list and keep it as a draft, whose id is returned; what isn't understood is not kept.

    Raises what read_lines, check_lines and service.keep_draft raise.
    """
    with in_turn():
        lines = read_lines(read())
        checked = check_lines(lines, place_id=place_id, make_teams=make_teams, actor=actor)
        return in_transaction(
            service.keep_draft,
            lines=service.pack(lines, checked.plan.others),
            others=checked.plan.others,
            file_name=file_name,
            place_id=place_id,
            make_teams=make_teams,
            actor=actor,
        )


def check_draft(draft_id: int, *, actor: Actor) -> tuple[service.Draft, Checked]:
    """Check a draft once more. Raises NotFound("import.draft_not_found"), and what check_lines raises."""
    with in_turn():
        draft = in_snapshot(service.get_draft, draft_id, actor=actor)
        checked = check_lines(draft.lines, place_id=draft.place_id, make_teams=draft.make_teams, actor=actor)
    if checked.plan.others > draft.others:
        # Since the upload somebody came to be known elsewhere: a draft that is opened again tells of nobody uncounted.
        raise NotFound("import.draft_not_found")
    return draft, checked


def import_draft(draft_id: int, *, actor: Actor) -> dict[str, int]:
    """Write the uploaded list, all or nothing; returns the counts of service.apply_list.

    Raises NotFound("import.draft_not_found"), Rejected("import.has_errors").
    """
    with in_turn():
        draft, checked = check_draft(draft_id, actor=actor)
        refuse_errors(checked.report.errors)
        return in_transaction(
            service.apply_list,
            checked.rows,
            place_id=draft.place_id,
            make_teams=draft.make_teams,
            actor=actor,
            draft_id=draft_id,
        )


def import_file(
    path: Path,
    *,
    actor: Actor,
    dry_run: bool,
    language: Language,
    make_teams: bool,
    say: Callable[[str], None],
) -> bool:
    """Import a file for operators; passes each line of output to `say`. Returns whether the list was good."""
    try:
        checked = check_lines(read_lines(path.read_bytes()), place_id=None, make_teams=make_teams, actor=actor)
        for sentence in summary(checked.report, language):
            say(sentence)
        if checked.report.errors:
            _say_errors(checked.report, language, say)
        elif dry_run:
            say("只检查，没有导入。" if language == "zh" else "Only checked; nothing was imported.")
        else:
            done = in_transaction(service.apply_list, checked.rows, place_id=None, make_teams=make_teams, actor=actor)
            say(f"导入完成：新增 {done['added']} 人。" if language == "zh" else f"Imported {done['added']} people.")
        return not checked.report.errors
    except LedgerError as error:
        text = text_of(error.code)
        sentences = (text.zh, text.next_zh) if language == "zh" else (text.en, text.next_en)
        say("\n".join(sentence.format_map(error.context) for sentence in sentences))
        return False


def _say_errors(report: Report, language: Language, say: Callable[[str], None]) -> None:
    say("\t".join(HEADINGS[language]))
    for line in report_lines(report.errors, language):
        say("\t".join(str(cell) for cell in line))
    say("一个人也没有导入。" if language == "zh" else "Nobody was imported.")
