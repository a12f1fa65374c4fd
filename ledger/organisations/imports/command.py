"""Behind `ningxin import volunteers FILE` and its page: read, check everything, and only then write."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from ledger.kernel.actor import Actor
from ledger.kernel.apart import in_turn
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.errors import LedgerError, NotFound, text_of
from ledger.organisations import queries
from ledger.organisations.imports import service
from ledger.organisations.imports.check import Plan, make_plan, refuse_errors, refuse_others, seal
from ledger.organisations.imports.columns import parse
from ledger.organisations.imports.files import read_list
from ledger.organisations.imports.known import Sealed
from ledger.organisations.imports.questions import questions, refuse_unanswered
from ledger.organisations.imports.report import HEADINGS, Language, Report, ends_of, report_lines, summary, told
from ledger.organisations.imports.rows import RowError
from ledger.organisations.imports.seen import ListRead, Seen


@dataclass(frozen=True, slots=True)
class Checked:
    """A list checked against the database: its report, and the rows to write."""

    rows: list[Sealed]
    plan: Plan
    report: Report


def check_list(read: ListRead, *, place_id: int | None, make_teams: bool, actor: Actor) -> Checked:
    """Check a whole list without writing anything. Raises what columns.parse and check.make_plan raise."""
    demonstration = in_snapshot(queries.get_center, actor.center_id).is_demonstration
    parsed = parse(read, demonstration=demonstration)
    rows = seal(parsed.people, actor.center_id, demonstration=demonstration)
    plan = in_snapshot(make_plan, rows, place_id=place_id, make_teams=make_teams, actor=actor)
    in_file = {(error.row, error.code) for error in parsed.errors}
    more = [error for error in plan.errors if (error.row, error.code) not in in_file]
    errors = sorted([*parsed.errors, *more], key=lambda error: error.row)
    report = Report(
        rows=len(parsed.rows),
        added=len(plan.new),
        joined=len(plan.joining),
        housed=len(plan.housed),
        unchanged=plan.unchanged,
        new_teams=[name for _, name in plan.new_teams],
        errors=[_at_cell(error, read.seen) for error in errors],
        seen=read.seen,
        ends=ends_of(read, parsed),
        by_name=plan.by_name,
        differ=plan.differ,
        questions=questions(read.seen, parsed, plan),
    )
    return Checked(rows, plan, report)


def _at_cell(error: RowError, seen: Seen) -> RowError:
    return error if error.cell else replace(error, cell=f"{seen.letter_of(error.column)}{error.row}")


def keep_upload(
    read: Callable[[], bytes], file_name: str, *, sheet: str, place_id: int | None, make_teams: bool, actor: Actor
) -> int:
    """Check an uploaded list and keep it as a draft, whose id is returned; what isn't understood is not kept.

    Raises what read_list, check_list and service.keep_draft raise.
    """
    with in_turn():
        found = read_list(read(), sheet=sheet)
        checked = check_list(found, place_id=place_id, make_teams=make_teams, actor=actor)
        return in_transaction(
            service.keep_draft,
            lines=service.pack(found, checked.plan.others),
            others=checked.plan.others,
            file_name=file_name,
            place_id=place_id,
            make_teams=make_teams,
            actor=actor,
        )


def check_draft(draft_id: int, *, actor: Actor) -> tuple[service.Draft, Checked]:
    """Check a draft once more. Raises NotFound("import.draft_not_found"), and what check_list raises."""
    with in_turn():
        draft = in_snapshot(service.get_draft, draft_id, actor=actor)
        checked = check_list(draft.read, place_id=draft.place_id, make_teams=draft.make_teams, actor=actor)
    if checked.plan.others > draft.others:
        # Since the upload somebody came to be known elsewhere: a draft that is opened again tells of nobody uncounted.
        raise NotFound("import.draft_not_found")
    return draft, checked


def import_draft(draft_id: int, *, yes: Iterable[str] = (), shown: str | None = None, actor: Actor) -> dict[str, int]:
    """Write the uploaded list, all or nothing; returns the counts of service.apply_list.

    `yes` are the codes of the questions answered with yes, `shown` is the digest of the plan that was shown. Raises
    NotFound("import.draft_not_found"), Rejected("import.has_errors", "import.unanswered"),
    Conflict("import.changed_since").
    """
    with in_turn():
        draft, checked = check_draft(draft_id, actor=actor)
        refuse_errors(checked.report.errors)
        refuse_others(checked.plan, shown)
        refuse_unanswered(checked.report.questions, yes)
        return in_transaction(
            service.apply_list,
            checked.rows,
            place_id=draft.place_id,
            make_teams=draft.make_teams,
            actor=actor,
            draft_id=draft_id,
            shown=shown,
        )


@dataclass(frozen=True, slots=True)
class Options:
    """How the command imports a file: of which sheet, with which questions answered by yes."""

    dry_run: bool = False
    language: Language = "zh"
    make_teams: bool = False
    sheet: str = ""
    yes: tuple[str, ...] = ()


def import_file(path: Path, options: Options, *, actor: Actor, say: Callable[[str], None]) -> bool:
    """Import a file for operators; passes each line of output to `say`. Returns whether the list was good."""
    language = options.language
    try:
        read = read_list(path.read_bytes(), sheet=options.sheet)
        checked = check_list(read, place_id=None, make_teams=options.make_teams, actor=actor)
        _say_seen(checked.report, options, say)
        if checked.report.errors:
            _say_errors(checked.report, language, say)
            return False
        if not options.dry_run:
            refuse_unanswered(checked.report.questions, options.yes)
            done = in_transaction(
                service.apply_list,
                checked.rows,
                place_id=None,
                make_teams=options.make_teams,
                actor=actor,
                shown=checked.plan.digest(),
            )
            say(f"导入完成：新增 {done['added']} 人。" if language == "zh" else f"Imported {done['added']} people.")
            return True
        say("只检查，没有导入。" if language == "zh" else "Only checked; nothing was imported.")
        return True
    except LedgerError as error:
        text = text_of(error.code)
        sentences = (text.zh, text.next_zh) if language == "zh" else (text.en, text.next_en)
        say("\n".join(sentence.format_map(error.context) for sentence in sentences))
        return False


def _say_seen(report: Report, options: Options, say: Callable[[str], None]) -> None:
    """What was read beside what was seen, what would be done, and what is asked."""
    language = options.language
    for name, value in told(report, language):
        say(f"{name}\t{value}")
    for sentence in summary(report, language):
        say(sentence)
    for question in report.questions:
        answer = "✓" if question.code in options.yes else f"--yes {question.code}"
        say(f"? {question.asks(language)} — {question.yes(language)}: {answer}")


def _say_errors(report: Report, language: Language, say: Callable[[str], None]) -> None:
    say("\t".join(HEADINGS[language]))
    for line in report_lines(report.errors, language):
        say("\t".join(str(cell) for cell in line))
    say("一个人也没有导入。" if language == "zh" else "Nobody was imported.")
