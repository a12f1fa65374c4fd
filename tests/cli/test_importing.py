"""The command that imports a list explains its columns and makes an empty form."""

from pathlib import Path

from ledger.organisations.imports.files import read_list
from ledger.organisations.imports.rows import COLUMNS
from tests.cli.test_commands import Console
from tests.source import ROOT


def test_the_columns_of_a_list_and_an_empty_form_are_at_hand(founded: Console, tmp_path: Path) -> None:
    shown = founded.run("import", "volunteers", "--help").output
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for zh, en in COLUMNS.values():
        assert f"{zh}, {en}: " in shown
        assert zh in readme
    for kind in ("csv", "xlsx"):
        form = tmp_path / f"form.{kind}"
        assert founded.run("import", "volunteers", str(form), "--form").exit_code == 0
        seen = read_list(form.read_bytes()).seen
        assert [each.column for each in seen.columns] == list(COLUMNS)
        assert founded.run("import", "volunteers", str(form), "--form").exit_code == 2
    assert founded.run("import", "volunteers", str(tmp_path / "form.doc"), "--form").exit_code == 2
    assert founded.run("import", "volunteers", str(tmp_path / "none.csv")).exit_code == 2
