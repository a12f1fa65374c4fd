"""State transitions: code looks up the policies' tables with the current state, never with two constants."""

import ast

from tests.source import dotted, package
from tests.test_house_rules import fail_on


def test_a_step_is_asked_of_what_was_read() -> None:
    fail_on(
        (
            source.at(node)
            for source in package()
            for node in source.nodes()
            if isinstance(node, ast.Call)
            and dotted(node.func).rpartition(".")[2] == "step"
            and all(isinstance(argument, ast.Constant) for argument in node.args)
        ),
        "A step between two states that are written there checks nothing: give it the state that was read.",
    )
