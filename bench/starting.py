"""What the start of `ningxin` costs: its help beside the import of Flask, which it does without."""

import resource
import subprocess
import sys
from collections.abc import Iterator

from bench.measuring import Figure, in_turns


def of_the_program(*, rounds: int) -> Iterator[Figure]:
    """Processor time of `ningxin --help` over that of `python -c "import flask"`."""
    ratios = in_turns(lambda: _spent("-c", "import flask"), lambda: _spent("-m", "ningxin", "--help"), rounds=rounds)
    yield Figure("start of ningxin --help", "ningxin --help / import flask (CPU)", ratios, at_most=1.0)


def _spent(*arguments: str) -> float:
    """Processor time of a Python process, in seconds."""
    before = _of_children()
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
    return _of_children() - before


def _of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
