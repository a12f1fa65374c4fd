"""Chinese is the source and English is complete: every word that people read is in both languages (decision 6)."""

import ast
import re
from collections.abc import Iterator
from string import Formatter

import pytest
from babel.messages.catalog import Catalog, Message
from jinja2 import Environment

from ledger.kernel.errors import registered_codes, text_of
from tests.source import ROOT, dotted, package, strings
from tools import translations

CHINESE = re.compile(r"[\u3001-\u303f\u3400-\u9fff\uff01-\uff65]")
PLACEHOLDER = re.compile(r"%\((\w+)\)s|(?<!\{)\{(\w+)\}")
GETTEXT = {"_", "gettext", "ngettext", "pgettext", "lazy_gettext", "lazy_pgettext"}
# English texts that need a Chinese example.
IN_BOTH_LANGUAGES = {
    "ledger/checkin/presenter.py": "reasons stand in both languages, as the API gives both",
    "ledger/organisations/imports/columns.py": "words of the files people have",
    "ledger/organisations/imports/directory.py": "commas that files use",
    "ledger/organisations/imports/questions.py": "chooses between both languages itself",
    "ledger/organisations/imports/rows.py": "the names of columns in the files people have, and what to write in them",
    "ledger/organisations/imports/splitting.py": "signs with which people write several names",
    "ledger/organisations/imports/command.py": "chooses between both languages itself",
    "ledger/organisations/imports/headings.py": "the headings of the files people have",
    "ledger/organisations/imports/sheets_apart.py": "a comma that files use",
    "ledger/organisations/imports/report.py": "chooses between both languages itself",
    "ledger/web/formats.py": "writes dates and times in both languages",
    "ledger/points/errors.py": "parts of a sentence in both languages, put together for each part of a transfer",
    "ledger/audit/exports/bundle_readme.py": "a file in both languages, for an auditor without the service",
}
DATA = {
    "ledger/audit/exports/hledger.py": "full-width letters in place of those that the tool reads as its own",
    "ledger/activities/pages.py": "usual categories, kept as they are typed",
    "ledger/kernel/characters.py": "dots and rare signs of names",
    "ledger/cli/founding.py": "examples of names",
    "ledger/people/access/common_words.py": "words that guessers of passwords try first",
    "ledger/people/policy.py": "surnames of two letters",
    "ledger/rules/form.py": "commas that people type",
}


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return translations.read()


def messages(catalog: Catalog) -> list[Message]:
    return [message for message in catalog if message.id]


def keys(catalog: Catalog) -> set[tuple[str | None, str]]:
    return {(message.context, str(message.id)) for message in messages(catalog)}


def placeholders(text: str) -> set[str]:
    return {"".join(found) for found in PLACEHOLDER.findall(text)}


def test_the_catalogue_has_the_words_of_the_code_and_no_others(catalog: Catalog) -> None:
    said_in_code = keys(translations.extracted())

    assert keys(catalog) - said_in_code == set(), "nobody says these any more: make translations"
    assert said_in_code - keys(catalog) == set(), "these have no English yet: make translations, then fill them in"
    assert not catalog.obsolete


def test_every_message_has_its_english(catalog: Catalog) -> None:
    assert translations.untranslated(catalog) == []
    assert [message.id for message in messages(catalog) if message.fuzzy] == []


def test_english_keeps_the_placeholders_and_no_chinese(catalog: Catalog) -> None:
    pairs = [
        (message.id[0] if isinstance(message.id, tuple) else message.id, english)
        for message in messages(catalog)
        for english in translations.words_of(message)
    ]
    for zh, en in pairs:
        assert placeholders(en) == placeholders(zh), f"{zh!r} and {en!r} don't fill in the same"
        assert not CHINESE.search(en), f"{en!r} is not all English"
        assert zh[-1].isspace() <= en[-1].isspace(), f"{zh!r} and {en!r} end differently"


def template_words(source: str) -> Iterator[tuple[int, str]]:
    """Line and text of a template's words outside gettext: plain text, and strings in expressions."""
    depth, calls, before = 0, [], ""
    for line, kind, value in Environment(autoescape=True).lex(source):
        if kind == "data" or (kind == "string" and not calls):
            yield line, value
        elif kind == "operator" and value in "([{":
            depth += 1
            if value == "(" and before in GETTEXT:
                calls.append(depth)
        elif kind == "operator" and value in ")]}":
            if calls and calls[-1] == depth:
                calls.pop()
            depth -= 1
        if kind != "whitespace":
            before = value


def test_templates_say_chinese_only_through_gettext() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}: {text.strip()}"
        for path in sorted((ROOT / "ledger" / "templates").rglob("*.html"))
        if path.name != "styleguide.html"  # made-up data around the components, shown in development only
        for line, text in template_words(path.read_text(encoding="utf-8"))
        if CHINESE.search(text.replace('lang="zh-CN">中文<', ""))
    ]
    assert found == [], "put these into _('…')"


def test_the_template_check_sees_what_it_is_for() -> None:
    source = "{# 注 #}<p title=\"甲\">{{ _('乙', name='x') }}{{ '丙' ~ pgettext('many', '丁') }}</p>"
    assert "".join(CHINESE.findall("".join(text for _line, text in template_words(source)))) == "甲丙"


def test_code_says_chinese_only_through_gettext() -> None:
    skipped = IN_BOTH_LANGUAGES | DATA
    found = []
    for source in package():
        if source.path in skipped or source.path.startswith("ledger/demo/"):
            continue
        calls = [node for node in source.nodes() if isinstance(node, ast.Call)]
        allowed = {
            id(inner)
            for call in calls
            if dotted(call.func).rpartition(".")[2] in GETTEXT | {"ErrorText"}
            for inner in ast.walk(call)
        }
        found += [
            f"{source.at(node)}: {node.value}"
            for node in strings(source)
            if CHINESE.search(str(node.value)) and id(node) not in allowed
        ]
    assert found == [], "say these through gettext, or give the reason why not in this file"


def test_no_word_hides_where_extraction_does_not_look(catalog: Catalog) -> None:
    """Babel doesn't read f-strings: a word in one is translated only if it is elsewhere too."""
    known = {part for message in messages(catalog) for part in (message.id, *message.id)}
    found = [
        f"{source.at(call)}: {call.args[0].value}"
        for source in package()
        for call in source.nodes()
        if isinstance(call, ast.Call) and dotted(call.func) in GETTEXT and isinstance(call.args[0], ast.Constant)
        if "pgettext" not in dotted(call.func) and call.args[0].value not in known
    ]
    assert found == [], "take these out of their f-strings"


def test_the_list_of_exceptions_is_no_longer_than_needed() -> None:
    by_path = {source.path: source for source in package()}
    for path in IN_BOTH_LANGUAGES | DATA:
        assert any(CHINESE.search(str(node.value)) for node in strings(by_path[path])), f"{path} needs no exception"


def test_scripts_get_their_words_from_the_page() -> None:
    comment = re.compile(r"/\*.*?\*/|^\s*//.*?$|\s//\s.*?$", re.DOTALL | re.MULTILINE)
    found = [
        f"{path.name}: {line.strip()}"
        for path in sorted((ROOT / "ledger" / "static" / "js").glob("*.js"))
        for line in comment.sub("", path.read_text(encoding="utf-8")).splitlines()
        if CHINESE.search(line.replace("'万'", ""))  # the unit of large numbers on an axis, beside 'thousand'
    ]
    assert found == [], "hand these over in the page's JSON block of words"


@pytest.mark.parametrize("code", sorted(registered_codes()))
def test_a_refusal_is_said_in_both_languages(code: str) -> None:
    text = text_of(code)
    for zh, en in ((text.zh, text.en), (text.next_zh, text.next_en)):
        assert zh.strip() == zh != "", f"{code} lacks Chinese"
        assert en.strip() == en != "", f"{code} lacks English"
        assert CHINESE.search(zh), f"{code}: {zh!r} is no Chinese"
        assert not CHINESE.search(en), f"{code}: {en!r} is not all English"
        assert fields_of(zh) == fields_of(en), f"{code}: {zh!r} and {en!r} don't fill in the same"


def fields_of(text: str) -> set[str]:
    return {name for _literal, name, _spec, _conversion in Formatter().parse(text) if name}
