"""mypy checks the arguments of each unit; refused_by_mypy.py lists calls that it must refuse."""

import ast

from tests.source import dotted, package

UNITS = {"in_transaction", "in_transaction_once"}


def test_units_name_their_arguments() -> None:
    hidden = [
        source.at(node)
        for source in package()
        if source.path != "ledger/kernel/db.py"
        for node in source.nodes()
        if isinstance(node, ast.Call)
        and dotted(node.func) in UNITS
        and any(keyword.arg is None for keyword in node.keywords)
    ]
    assert not hidden, f"mypy can't look into a **mapping: name each argument of a unit. {hidden}"
