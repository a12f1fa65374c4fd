"""Run a state machine as often and as long as the profile has it: (in `make test`, in `make test-long`)."""

from hypothesis import Phase, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

# To shrink a broken machine takes minutes, so only the long profile does: --hypothesis-profile=long.
WITHOUT_SHRINKING = (Phase.explicit, Phase.reuse, Phase.generate)


def is_long() -> bool:
    """Whether examples never seen before are looked for, and many of them."""
    return not settings.default.derandomize


def run_machine(machine: type[RuleBasedStateMachine], *, examples: tuple[int, int], steps: tuple[int, int]) -> None:
    """Try the machine so many times, each with at most so many steps."""
    phases = settings.default.phases if is_long() else WITHOUT_SHRINKING
    chosen = settings(max_examples=examples[is_long()], stateful_step_count=steps[is_long()], phases=phases)
    run_state_machine_as_test(machine, settings=chosen)
