"""Every table has an answer to each question of tests/tables/answers.py, and each answer agrees with the code."""

import re
from collections.abc import Callable
from dataclasses import asdict, fields, replace

import pytest
import sqlalchemy as sa
from flask import Flask

from ledger.audit.checks import totals
from ledger.points.sealing import models as log
from ledger.points.sealing import rows
from ledger.tables import APPEND_ONLY, metadata
from tests.databases import on_sqlite
from tests.tables import answers
from tests.tables.answers import Answers
from tests.tables.entries import TABLES
from tests.test_house_rules import fail_on
from tests.test_schema_rules import CENTER, OUTSIDE_CENTERS, REFERENCE_TABLES
from tests.test_sweeps import ENDED_BY, PASSING

NO = "no, because "
ALWAYS = "always: "
DERIVED = "derived from "
PERSON = re.compile(r"(volunteer|identity|member|owner|actor|clerk)_id|\w+_by|shown_to|phone_\w+")
# The sealer takes a batch off this table, by "seal"; all other rows that go are swept.
SEALED_OFF = {"unsealed": "seal"}
Table = dict[str, Answers]


def named(asked: str, of: Table) -> dict[str, str]:
    """The answers to a question that are an entry, by table."""
    found = {name: asdict(each)[asked] for name, each in of.items()}
    return {name: answer for name, answer in found.items() if not answer.startswith(NO)}


def unanswered(tables: set[str], of: Table) -> set[str]:
    """What is wrong with a list of answers as such: tables without, answers without, empty ones, a bare "no"."""
    found = {f"{name}: has no entry" for name in tables - of.keys()}
    found |= {f"{name}: there is no such table" for name in of.keys() - tables}
    for name, each in of.items():
        for asked, answer in asdict(each).items():
            if not answer.strip() or (re.match(r"no\b", answer) and len(answer.removeprefix(NO).split()) < 3):
                found.add(f"{name}.{asked}: {answer!r}")
            if answer.startswith("no") and not answer.startswith(NO):
                found.add(f"{name}.{asked}: {answer!r}")
    return found


def wrongly_sealed(of: Table) -> set[str]:
    """Tables that are sealed otherwise than is said; what is append only must be in a leaf, the log or a seal."""
    in_log = {str(each.__tablename__) for each in vars(log).values() if hasattr(each, "__tablename__")}
    in_leaves = {table.name for table in vars(rows).values() if isinstance(table, sa.Table)} - in_log
    found = set()
    for name, each in of.items():
        derived = each.sealed.startswith(DERIVED)
        if derived:
            found |= set(each.sealed.removeprefix(DERIVED).split(", ")) - metadata.tables.keys()
        expected = {
            answers.LEAF: name in in_leaves,
            answers.LOG: name in in_log and not derived,
            answers.FACT: name in APPEND_ONLY and name not in in_leaves | in_log,
        }
        found |= {name for answer, right in expected.items() if (each.sealed == answer) != right}
    return found


def wrong_sources(of: Table) -> set[str]:
    """Sources that `verify` finds elsewhere, or not at all."""
    found = {source: table.name for source, table in totals._SOURCES.items()}
    found |= dict.fromkeys(totals._SOURCELESS, "batch")
    said = {source: name for name, source in named("source", of).items()}
    differing = {f"{source}: {table}" for source, table in set(found.items()) ^ set(said.items())}
    silent = {
        name
        for name, each in of.items()
        if (each.source == answers.NOT_POSTED) != (each.verifier == answers.NOT_POSTED)
    }
    return differing | silent


def unique_keys(table: sa.Table) -> set[tuple[str, ...]]:
    """The unique keys besides the primary one that say more than it, without center_id."""
    keys = [each.columns for each in table.constraints if isinstance(each, sa.UniqueConstraint)]
    keys += [index.columns for index in table.indexes if index.unique]
    found = (tuple(column.name for column in key) for key in keys)
    primary = {column.name for column in table.primary_key}
    return {without_center(key) for key in found if not primary <= set(key)}


def without_center(key: tuple[str, ...]) -> tuple[str, ...]:
    """A key within a center; the center itself if it is nothing else."""
    return tuple(name for name in key if name != CENTER) or (CENTER,)


def wrong_pairs(of: Table) -> set[str]:
    """Unique keys that nobody is said to look by, and keys that are said to be unique and are not."""
    found = set()
    for name, each in of.items():
        table = metadata.tables[name]
        listed = each.pairs.partition("; ")[0]
        said = set() if listed.startswith(NO) else {tuple(key.split(", ")) for key in listed.split(" + ")}
        primary = tuple(column.name for column in table.primary_key)
        there = unique_keys(table)
        found |= {f"{name}({', '.join(key)})" for key in said ^ there if key not in (primary, without_center(primary))}
        found |= {f"{name}: {each.pairs}" for rest in each.pairs.split("; ")[1:] if not rest.startswith(NO)}
    return found


def names_somebody(table: sa.Table) -> bool:
    """Whether a column is of a person."""
    return any(PERSON.fullmatch(column.name) for column in table.c)


def wrongly_nobodys(of: Table) -> set[str]:
    """Tables with columns of people that are said to name nobody."""
    return {
        f"{name}.{asked}"
        for name, each in of.items()
        for asked in ("erased", "exported")
        if asdict(each)[asked] == answers.NOBODY and names_somebody(metadata.tables[name])
    }


def wrongly_kept(of: Table) -> set[str]:
    """Tables that are swept otherwise than tests/test_sweeps.py says."""
    ended = {where.partition(".")[0]: job for where, job in ENDED_BY.items() if job.startswith("sweep-")}
    swept = ended | PASSING | SEALED_OFF
    said = {name: each.kept for name, each in of.items() if not re.fullmatch(rf"{ALWAYS}.{{10,}}", each.kept)}
    return {f"{name}: {job}" for name, job in swept.items() ^ said.items()}


def wrongly_spread(of: Table) -> set[str]:
    """Tables whose primary key would lay them elsewhere."""
    found = set()
    for name, each in of.items():
        first = next(iter(metadata.tables[name].primary_key)).name
        if name in REFERENCE_TABLES:
            expected = each.spread == answers.REFERENCE
        elif name in OUTSIDE_CENTERS:
            expected = each.spread == f"by {first}" or each.spread.startswith(NO)
        else:
            expected = each.spread == answers.BY_CENTER == f"by {first}"
        if not expected:
            found.add(f"{name}: {each.spread}")
    return found


def wrong_lists(of: Table, app: Flask) -> set[str]:
    """Lists and files that no route answers."""
    shown = {rule.endpoint: rule for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ())}
    files = {endpoint for endpoint, rule in shown.items() if "kind" in rule.arguments}
    expected = (("page", shown.keys() - files), ("file", files), ("exported", files))
    found = {
        f"{name}.{asked}: {endpoint}"
        for asked, there in expected
        for name, endpoint in named(asked, of).items()
        if endpoint not in there
    }
    no_page = {name for name in of if name not in named("page", of)}
    wrong = {name for name, each in of.items() if (name in no_page) != (each.file == answers.NO_SUCH_LIST)}
    return found | {f"{name}.file: {of[name].file}" for name in wrong}


CHECKS: dict[str, Callable[[Table], set[str]]] = {
    "sealed": wrongly_sealed,
    "source": wrong_sources,
    "pairs": wrong_pairs,
    "erased": wrongly_nobodys,
    "kept": wrongly_kept,
    "spread": wrongly_spread,
}


def test_each_table_answers_each_question() -> None:
    fail_on(unanswered(set(metadata.tables), TABLES), "Answer in tests/tables/ by an entry or 'no, because …'.")


@pytest.mark.parametrize("asked", CHECKS)
def test_an_answer_is_what_the_code_does(asked: str) -> None:
    fail_on(CHECKS[asked](TABLES), f"The code does otherwise: correct `{asked}` in tests/tables/, or the code.")


@on_sqlite
def test_each_list_and_its_file_are_there(app: Flask) -> None:
    fail_on(wrong_lists(TABLES, app), "Name the endpoint of a list as `page`, of a file as `file` or `exported`.")


def changed(name: str, **answer: str) -> Table:
    """The answers with one that differs."""
    return TABLES | {name: replace(TABLES[name], **answer)}


def test_a_table_without_an_entry_is_seen() -> None:
    assert unanswered({"loan", *metadata.tables}, TABLES) == {"loan: has no entry"}
    assert unanswered(metadata.tables.keys() - {"team"}, TABLES) == {"team: there is no such table"}


@pytest.mark.parametrize("answer", ["", " ", "no", "no, because ", "no, because: so", "not yet"])
@pytest.mark.parametrize("asked", [field.name for field in fields(Answers)])
def test_an_answer_without_a_reason_is_seen(asked: str, answer: str) -> None:
    assert unanswered(set(metadata.tables), changed("team", **{asked: answer})) == {f"team.{asked}: {answer!r}"}


@pytest.mark.parametrize(
    ("asked", "name", "answer"),
    [
        ("sealed", "team", answers.LEAF),
        ("sealed", "team", answers.FACT),
        ("sealed", "team", "derived from loan"),
        ("sealed", "signal", answers.CHANGE),
        ("sealed", "batch", answers.LOG),
        ("source", "team", "team"),
        ("source", "lot", answers.NOT_POSTED),
        ("pairs", "team", "name"),
        ("pairs", "team", answers.NO_LOOK),
        ("pairs", "item", "shop_id, name, spec; shop_id, barcode"),
        ("erased", "card", answers.NOBODY),
        ("kept", "team", "sweep-log-ins"),
        ("kept", "outbox", answers.BOOK),
        ("kept", "login_session", "sweep-outbox"),
        ("spread", "team", answers.REFERENCE),
        ("spread", "center", answers.BY_CENTER),
        ("spread", "login_phone", answers.BY_CENTER),
    ],
)
def test_an_untrue_answer_is_seen(asked: str, name: str, answer: str) -> None:
    assert CHECKS[asked](changed(name, **{asked: answer})) != set()


@on_sqlite
@pytest.mark.parametrize(
    ("asked", "endpoint"),
    [
        ("page", "organisations.no_such_page"),
        ("page", "shop.export_receipts"),
        ("page", answers.NO_PAGE),
        ("file", "shop.receipts"),
        ("file", answers.NO_SUCH_LIST),
        ("exported", "home.mine"),
    ],
)
def test_a_list_that_is_not_there_is_seen(asked: str, endpoint: str, app: Flask) -> None:
    assert wrong_lists(changed("redemption", **{asked: endpoint}), app) != set()
