"""Run state machines with the profile's numbers of examples and steps; pairs are (`make test`, `make test-long`)."""

from hypothesis import Phase, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

# Shrinking a failed run takes minutes, so only the long profile does it: --hypothesis-profile=long.
WITHOUT_SHRINKING = (Phase.explicit, Phase.reuse, Phase.generate)


def is_long() -> bool:
    """Whether the profile looks for many new examples."""
    return not settings.default.derandomize


def run_machine(machine: type[RuleBasedStateMachine], *, examples: tuple[int, int], steps: tuple[int, int]) -> None:
    """Run the machine with the profile's number of examples, each with at most the profile's number of steps."""
    phases = settings.default.phases if is_long() else WITHOUT_SHRINKING
    chosen = settings(max_examples=examples[is_long()], stateful_step_count=steps[is_long()], phases=phases)
    run_state_machine_as_test(machine, settings=chosen)
