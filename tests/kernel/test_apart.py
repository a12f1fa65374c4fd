"""What reads a person's file ends alone: whatever it does, the service goes on and says what to do."""

import logging
import os
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ledger.kernel.apart import Limits, read_apart
from ledger.kernel.errors import LedgerError

SMALL = Limits(memory_bytes=128 << 20, answer_bytes=1_000, cpu_seconds=1, wall_seconds=5)
START = "import ctypes, json, os, sys, time\n"
Run = Callable[..., Any]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run a program of some lines, which answers with what it `say`s."""

    def run(lines: str, content: bytes = b"", **options: Any) -> Any:
        program = tmp_path / f"{abs(hash(lines))}_apart.py"
        program.write_text(f"{START}def say(value): print(json.dumps({{'read': value}}))\n{lines}", encoding="utf-8")
        return read_apart(program, content, **{"asked": {}, "limits": SMALL} | options)

    return run


def refusal(work: Callable[[], object]) -> str:
    """The code of the refusal."""
    with pytest.raises(LedgerError) as refused:
        work()
    return refused.value.code


def test_a_program_gets_the_content_and_the_numbers_and_answers(run: Run) -> None:
    lines = "say([sys.stdin.buffer.read().decode(), ASKED])"
    assert run(lines, "名单".encode(), asked={"most": 3}) == ["名单", {"most": 3}]


@pytest.mark.parametrize(
    "lines",
    [
        "os.abort()",
        "ctypes.string_at(0)",
        "bytearray(1 << 30)",
        "kept = []\nwhile True: kept.append(bytearray(1 << 20))",
        "while True: pass",
        "say('x' * 2_000)",
        "sys.exit(3)",
        "raise ValueError",
        "os.kill(os.getpid(), 9)",
    ],
    ids=["aborts", "crashes", "asks-much", "grows", "never-ends", "says-much", "leaves", "fails", "is-killed"],
)
def test_a_program_that_fails_is_a_refusal_and_the_next_one_runs(run: Run, lines: str) -> None:
    assert refusal(lambda: run(lines)) == "file.too_costly"
    assert run("say(1)") == 1


def test_one_that_only_waits_is_ended_at_its_deadline(run: Run, caplog: pytest.LogCaptureFixture) -> None:
    started = time.monotonic()
    with caplog.at_level(logging.WARNING, logger="ledger"):
        code = refusal(lambda: run("time.sleep(60)", limits=Limits(wall_seconds=1)))
    assert (code, time.monotonic() - started < 10) == ("file.too_costly", True)
    assert [record.message for record in caplog.records] == ["gave up a file"]


def test_it_inherits_no_secret_and_no_connection(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEDGER_SECRET_KEY", "not for everybody")
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        # Even one that a library has opened without care.
        os.set_inheritable(listening.fileno(), True)
        read = run(
            "say([[name for name in os.environ if 'LC_' not in name], sorted(os.listdir('/proc/self/fd')),"
            " sys.flags.isolated, [name for name in sys.modules if 'ledger' in name or 'flask' in name]])"
        )
    # The fourth is the listing itself.
    assert read == [[], ["0", "1", "2", "3"], 1, []]


def test_whoever_comes_meanwhile_waits_and_is_then_told(run: Run, tmp_path: Path) -> None:
    begun = tmp_path / "begun"
    lines = f"open({str(begun)!r}, 'w')\ntime.sleep(1)\nsay(1)"
    first = threading.Thread(target=run, args=(lines,))
    first.start()
    while not begun.exists():
        time.sleep(0.01)
    assert refusal(lambda: run("say(2)", patience_seconds=0.05)) == "file.busy"
    assert run("say(3)") == 3
    first.join()
