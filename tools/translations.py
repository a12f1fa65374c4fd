"""Update the English catalogue from the Chinese words in the code; run by `make translations`.

The Chinese words are the message ids. New ones get an empty translation to fill in; unused ones are removed. The
catalogue names files but not lines, so that it changes only when words do.
"""

import os
import sys
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
CATALOGUE = ROOT / "ledger" / "translations" / "en" / "LC_MESSAGES" / "messages.po"
KEYWORDS = DEFAULT_KEYWORDS | {"lazy_gettext": None, "lazy_pgettext": ((1, "c"), 2)}
WIDTH = 120


def extracted() -> Catalog:
    """All message ids in templates and code, ordered by file and then by words."""
    with (ROOT / "babel.cfg").open(encoding="utf-8") as mapping:
        methods, options = parse_mapping_cfg(mapping)
    found = [
        (f"ledger/{file}", message, context or "")
        for file, _line, message, _comments, context in extract_from_dir(
            ROOT / "ledger", methods, options, keywords=KEYWORDS
        )
    ]
    catalog = Catalog(charset="utf-8")
    for file, message, context in sorted(found, key=str):
        catalog.add(message, locations=[(file, None)], context=context or None)
    return catalog


def read() -> Catalog:
    """The stored English catalogue."""
    with CATALOGUE.open("rb") as file:
        return read_po(file, locale="en")


def update(catalog: Catalog) -> None:
    """Add new messages with an empty translation, drop unused ones, guess nothing."""
    catalog.update(extracted(), no_fuzzy_matching=True, update_creation_date=False)
    catalog.obsolete.clear()
    for message in catalog:
        if message.id and message.fuzzy:
            message.flags.discard("fuzzy")
            message.string = ("", "") if message.pluralizable else ""


def words_of(message: Message) -> tuple[str, ...]:
    """The English of a message: one text, or singular and plural."""
    return message.string if isinstance(message.string, tuple) else (message.string,)


def untranslated(catalog: Catalog) -> list[str]:
    """The message ids without an English text, each with its file."""
    return [
        f"{message.locations[0][0]}: {message.context + ': ' if message.context else ''}{message.id}"
        for message in catalog
        if message.id and not all(words_of(message))
    ]


def compile_catalogue() -> None:
    """Update the compiled catalogue; several processes may do so at once."""
    compiled = CATALOGUE.with_suffix(".mo")
    if compiled.exists() and compiled.stat().st_mtime >= CATALOGUE.stat().st_mtime:
        return
    draft = CATALOGUE.with_suffix(f".{os.getpid()}.mo")
    with draft.open("wb") as file:
        write_mo(file, read())
    draft.replace(compiled)


def main() -> None:
    """Write and compile the catalogue; exits with 1 while a translation is missing."""
    catalog = read()
    update(catalog)
    with CATALOGUE.open("wb") as file:
        write_po(file, catalog, width=WIDTH, include_lineno=False)
    compile_catalogue()
    missing = untranslated(catalog)
    print(f"{len(catalog)} messages, {len(missing)} without an English text")
    for each in missing:
        print(each)
    sys.exit(1 if missing else 0)


if __name__ == "__main__":
    main()
