"""No unused leftovers: templates, macros, classes of the style sheet, codes of refusals."""

import re
from pathlib import Path

import pytest

import ledger.app  # noqa: F401 - registers all codes
from ledger.kernel.errors import registered_codes
from tests.source import ROOT
from tests.test_house_rules import fail_on

LEDGER = ROOT / "ledger"
COMMENT = re.compile(r"/\*.*?\*/|\{#.*?#\}", re.DOTALL)


def texts(*patterns: str) -> dict[Path, str]:
    """The text of our matching files, without comments."""
    files = (path for pattern in patterns for path in LEDGER.rglob(pattern) if "vendor" not in path.parts)
    return {path: COMMENT.sub("", path.read_text()) for path in files}


TEMPLATES, CODE = texts("*.html"), texts("*.py", "*.js")
USES = "\n".join([*TEMPLATES.values(), *CODE.values()])


def is_used(name: str) -> bool:
    """Whether a class is used, written in full or composed: `nx-tag--{{ sign }}`, "nx-tag--" + sign."""
    stems = [re.escape(name[: dash.end()]) for dash in re.finditer("-", name)][1:]
    ways = [rf"{re.escape(name)}(?![\w-])", *(rf"{stem}(?=\{{|\$|['\"`])" for stem in stems)]
    return any(re.search(rf"(?<![\w-]){way}", USES) for way in ways)


def test_every_class_of_the_style_sheet_is_on_a_page() -> None:
    sheet = COMMENT.sub("", (LEDGER / "static/css/components.css").read_text())
    classes = set(re.findall(r"\.(nx-[\w-]+)(?=[^{}]*\{)", sheet))
    assert len(classes) > 100
    fail_on((name for name in classes if not is_used(name)), "No page has these: take them out of components.css.")


@pytest.mark.parametrize(("name", "used"), [("nx-tag--never", True), ("nx-never", False), ("nx-star__tick", False)])
def test_a_class_may_be_put_together(name: str, used: bool) -> None:
    assert is_used(name) is used


def test_every_template_is_drawn_and_every_macro_called() -> None:
    names = {path.relative_to(LEDGER / "templates").as_posix() for path in TEMPLATES}
    macros = {name for text in TEMPLATES.values() for name in re.findall(r"\{%-?\s*macro\s+(\w+)", text)}
    fail_on((name for name in names if name not in USES), "Nothing draws these: delete them.")
    fail_on((name for name in macros if len(re.findall(rf"\b{name}\b", USES)) < 2), "Nothing calls these: delete them.")


def test_every_code_is_raised() -> None:
    made = tuple(re.findall(r'f"([a-z]+\.[a-z_]*)\{', USES))
    ours = {code for code in registered_codes() if not code.startswith("tests.")}
    codes = {code for code in ours if f'"{code}"' not in USES and not code.startswith(made)}
    fail_on(codes, "Nothing is refused for these: take them out of errors.py.")
