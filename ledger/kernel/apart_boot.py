"""Starts a program that reads what a person sent: `python -I apart_boot.py PROGRAM LIMITS`. Never imported.

It runs in a fresh interpreter that `ledger.kernel.apart` starts: no database, no secret, no socket is there to be
taken. It limits itself before it looks at the first byte, because a native parser may ask for all of the memory, or
never come to an end.
"""

import json
import os
import resource
import runpy
import signal
import sys


def limit(memory_bytes: int, answer_bytes: int, cpu_seconds: int, wall_seconds: int) -> None:
    """Let the system end this process when it takes more than this; only Linux counts the memory."""
    # The parent ends it sooner; the alarm is for a child whose parent is gone.
    signal.alarm(wall_seconds + 1)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds + 1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (answer_bytes, answer_bytes))
    if sys.platform == "linux":
        resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))


def step_aside(cores: list[int]) -> None:
    """Leave the core that answers requests, and go after everybody else."""
    if cores and sys.platform == "linux":
        os.sched_setaffinity(0, cores)
    os.nice(10)


if __name__ == "__main__":
    program, told = sys.argv[1], json.loads(sys.argv[2])
    step_aside(told.pop("cores"))
    asked = told.pop("asked")
    limit(**told)
    runpy.run_path(program, init_globals={"ASKED": asked}, run_name="__main__")
