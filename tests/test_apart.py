"""Parsers of files run apart from the service: the rule that a new parser and a new program must follow."""

import ast
from collections.abc import Iterator

from tests.source import Source, package
from tests.test_house_rules import fail_on
from tests.test_structure import imports, modules

# Native or heavy readers of what a person may send, by the package that has them.
PARSERS = {
    *("python_calamine", "openpyxl", "xlrd", "odf", "pandas", "docx", "csv"),
    *("zipfile", "tarfile", "gzip", "bz2", "lzma", "zlib", "py7zr"),
    *("xml", "lxml", "defusedxml", "bs4", "html5lib", "yaml", "pickle", "marshal", "shelve"),
    *("PIL", "cv2", "numpy", "zxingcpp", "pyzbar", "imageio"),
    *("fitz", "pypdf", "pdfminer", "pikepdf", "typst", "weasyprint", "fontTools"),
}
# path: what it does with one instead of reading a person's bytes.
WRITES_ONLY = {
    "ledger/audit/exports/bundle.py": ("zipfile", "packs the bundle"),
    "ledger/web/qr.py": ("zxingcpp", "draws codes with text of our own"),
    "ledger/web/spreadsheets.py": ("csv", "writes downloads"),
}


def is_program(path: str) -> bool:
    """Whether a file runs apart: it reads a person's bytes, or starts what does."""
    return path.endswith(("_apart.py", "/apart_boot.py"))


def packages_imported(source: Source) -> Iterator[tuple[ast.AST, str]]:
    """The packages that a file imports, and where."""
    for node in source.nodes():
        if isinstance(node, ast.Import):
            yield from ((node, alias.name.partition(".")[0]) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node, node.module.partition(".")[0]


def test_no_parser_of_files_runs_in_the_service() -> None:
    found = [
        (source, node, name)
        for source in package()
        if not is_program(source.path)
        for node, name in packages_imported(source)
        if name in PARSERS
    ]
    fail_on(
        (
            f"{source.at(node)} {name}"
            for source, node, name in found
            if WRITES_ONLY.get(source.path, ("", ""))[0] != name
        ),
        "A parser that is given a bad file may end its process, or take all of its memory. Read the file in a program "
        "`…_apart.py` by ledger.kernel.apart.read_apart; what only writes is listed in WRITES_ONLY.",
    )
    stale = WRITES_ONLY.keys() - {source.path for source, _node, _name in found}
    fail_on(stale, "These import no parser any more: take them off WRITES_ONLY.")


def test_nobody_imports_what_runs_apart() -> None:
    programs = {name for name, source in modules().items() if is_program(source.path)}
    assert len(programs) >= 2
    fail_on(
        (f"{name} imports {program}" for name, taken in imports().items() for program in taken & programs),
        "Give its path to ledger.kernel.apart.read_apart: imported, it would run in the service.",
    )


def test_what_runs_apart_knows_nothing_of_the_service() -> None:
    fail_on(
        (
            f"{source.at(node)} {name}"
            for source in package()
            if is_program(source.path)
            for node, name in packages_imported(source)
            if name in ("ledger", "config", "wsgi", "flask", "sqlalchemy")
        ),
        "It starts fast and holds no secret because it imports nothing of ours: pass what it needs in `asked`.",
    )
