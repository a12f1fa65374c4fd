"""Reads what a person sent in a process of its own, which may fail without taking the service along.

A file of 5 KB can make a parser ask for gigabytes, and a native one that gets none ends its whole process. So every
parser of files is a program `*_apart.py` that no module imports: it reads the file from its input and writes JSON to
its output. It runs in a fresh interpreter (`apart_boot`) that knows no secret and no connection, with limits that the
system keeps. One runs at a time in each process of the service, so that the memory it may take is known; who then makes
much of the answer stays `in_turn` until that is done.
"""

import json
import logging
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

from ledger.kernel import cores
from ledger.kernel.errors import ErrorText, Rejected, Unavailable, register

_BOOT = Path(__file__).with_name("apart_boot.py")
_log = logging.getLogger("ledger")
# Memory and cores are the machine's, whichever application of this process asks.
_turn = threading.RLock()

register(
    "file",
    {
        "too_costly": ErrorText(
            422,
            "这个文件没有读完：太费内存或时间，或者文件坏了",
            "The file was given up: it takes too much memory or time, or is damaged",
            "请把要用的内容复制到一个新的表格里，存成 xlsx 或者 CSV 再上传",
            "Copy what you need into a new workbook, save it as xlsx or CSV, and upload that",
        ),
        "busy": ErrorText(
            503, "正在读另一个文件", "Another file is being read",
            "请过半分钟再上传一次", "Upload it again in half a minute",
        ),
    },
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Limits:
    """What a program may take."""

    memory_bytes: int = 384 << 20
    answer_bytes: int = 16 << 20
    cpu_seconds: int = 10
    wall_seconds: int = 20


USUAL = Limits()
# A list of ten thousand people is read in a second; whoever waits longer keeps a thread from scans.
PATIENCE_SECONDS = 5.0


@contextmanager
def in_turn(patience_seconds: float = PATIENCE_SECONDS) -> Iterator[None]:
    """Be the only one of this process who works on a file; a thread that has the turn may ask again.

    Raises Unavailable("file.busy") if the turn did not come in time.
    """
    if not _turn.acquire(timeout=patience_seconds):
        raise Unavailable("file.busy")
    try:
        yield
    finally:
        _turn.release()


def read_apart(
    program: Path,
    content: bytes,
    *,
    asked: Mapping[str, Any],
    limits: Limits = USUAL,
    patience_seconds: float = PATIENCE_SECONDS,
) -> Any:
    """What the program makes of the content; `asked` is plain JSON that it finds in its global ASKED.

    Its JSON is {"read": value} or {"refused": code, "context": {…}}, which is raised as Rejected. Raises
    Rejected("file.too_costly") if it was ended, Unavailable("file.busy") if its turn did not come in time.
    """
    with in_turn(patience_seconds):
        answer = _run(program, content, asked, limits)
    if "refused" in answer:
        raise Rejected(answer["refused"], **answer["context"])
    return answer["read"]


def _run(program: Path, content: bytes, asked: Mapping[str, Any], limits: Limits) -> Any:
    told = json.dumps(asdict(limits) | {"cores": cores.all_there(), "asked": dict(asked)})
    command = [sys.executable, "-I", str(_BOOT), str(program), told]
    # Files instead of pipes: nothing waits for a reader, and the system bounds what is written.
    with tempfile.TemporaryFile() as sent, tempfile.TemporaryFile() as answer:
        sent.write(content)
        sent.seek(0)
        started = time.monotonic()
        code = _ended(command, sent, answer, limits.wall_seconds)
        if code == 0 and answer.seek(0, os.SEEK_END) <= limits.answer_bytes:
            answer.seek(0)
            return json.load(answer)
        _log.warning("gave up a file", extra={"exit": code, "took": round(time.monotonic() - started, 1)})
        raise Rejected("file.too_costly")


def _ended(command: list[str], sent: IO[bytes], answer: IO[bytes], wall_seconds: int) -> int | None:
    """The exit code of the child, None if it was still running at its deadline."""
    try:
        return subprocess.run(  # noqa: S603 - our own program, with numbers of our own
            command,
            stdin=sent,
            stdout=answer,
            stderr=subprocess.DEVNULL,
            env={},
            cwd=tempfile.gettempdir(),
            close_fds=True,
            start_new_session=True,
            check=False,
            timeout=wall_seconds,
        ).returncode
    except subprocess.TimeoutExpired:
        return None
