"""A process without the powers of root over files, and one whose disk is full, for as long as a block runs."""

import ctypes
import os
import resource
import sys
from collections.abc import Iterator
from contextlib import contextmanager

# Linux, <linux/capability.h>: what lets root read and write files whatever their permissions.
_VERSION = 0x20080522
_OVER_FILES = 1 << 1 | 1 << 2
_libc = ctypes.CDLL(None, use_errno=True)


class _Header(ctypes.Structure):
    _fields_ = [("version", ctypes.c_uint32), ("pid", ctypes.c_int)]


class _Data(ctypes.Structure):
    _fields_ = [("effective", ctypes.c_uint32), ("permitted", ctypes.c_uint32), ("inheritable", ctypes.c_uint32)]


@contextmanager
def no_power_over_files() -> Iterator[None]:
    """Obey permissions of files in this thread even as root."""
    if os.geteuid() != 0:
        yield
        return
    before = _capabilities()
    _set(before, before[0].effective & ~_OVER_FILES)
    try:
        yield
    finally:
        _set(before, before[0].effective)


@contextmanager
def full_disk(longest_file: int) -> Iterator[None]:
    """Let no file of this process grow beyond so many bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    wrote_bytecode, sys.dont_write_bytecode = sys.dont_write_bytecode, True  # it would be cut off, and read later
    resource.setrlimit(resource.RLIMIT_FSIZE, (longest_file, hard))
    try:
        yield
    finally:
        sys.dont_write_bytecode = wrote_bytecode
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def _capabilities() -> "ctypes.Array[_Data]":
    found = (_Data * 2)()
    _call(_libc.capget, found)
    return found


def _set(before: "ctypes.Array[_Data]", effective: int) -> None:
    wanted = (_Data * 2)(*before)
    wanted[0].effective = effective
    _call(_libc.capset, wanted)


def _call(function: object, data: "ctypes.Array[_Data]") -> None:
    header = _Header(_VERSION, 0)
    if function(ctypes.byref(header), data) != 0:  # type: ignore[operator]
        raise OSError(ctypes.get_errno(), "capabilities")
