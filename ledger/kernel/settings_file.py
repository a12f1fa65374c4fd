"""Reads a settings file: lines NAME=value, understood as dotenv and systemd both do.

Where the two read a line differently, or neither reads it, it is refused with file and line: a setting that is taken in
another way than its author meant it must not go unnoticed. Messages never repeat a value, which may be the secret.
"""

import re
from collections.abc import Collection
from difflib import get_close_matches
from pathlib import Path

from ledger.kernel.settings import SettingsError

PREFIX, FOR_TESTS = "LEDGER_", "LEDGER_TEST_"
_LINE = re.compile(r"[ \t]*(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_]*)[ \t]*=[ \t]*(.*?)[ \t]*")
_QUOTED = re.compile(r"""(?P<quote>['"])(?P<value>(?:(?!(?P=quote)).)*)(?P=quote)""")
_IS_FOREIGN_BELOW = 0.85


def read_settings_file(path: Path, known: Collection[str]) -> dict[str, str]:
    """The values of a file by name. `known` are the names of settings; others may stand there too, but not LEDGER_….

    Raises SettingsError if the file can't be read or a line can't be taken.
    """
    values: dict[str, str] = {}
    for number, line in enumerate(_text(path).split("\n"), start=1):
        try:
            found = _read_line(line.removesuffix("\r"))
            if found is not None:
                _refuse_name(found[0], known, values)
                values[found[0]] = found[1]
        except ValueError as error:
            raise SettingsError(f"{path}:{number}: {error}") from error
    return values


def unknown_name(name: str, known: Collection[str]) -> str | None:
    """Why a name that begins like ours is none of ours, with the nearest that is; None for all other names."""
    ours = name.upper().startswith(PREFIX) and not name.startswith(FOR_TESTS)
    if name in known or not ours:
        return None
    return f"{name} is no setting{_offer(name, known)}"


def _offer(name: str, known: Collection[str]) -> str:
    nearest = get_close_matches(name.upper(), known, n=1)
    return f"; did you mean {nearest[0]}?" if nearest else "; the README lists them under Settings"


def _text(path: Path) -> str:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise SettingsError(f"the settings file {path} can't be read: {error.strerror}") from error
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        number = content.count(b"\n", 0, error.start) + 1
        raise SettingsError(f"{path}:{number}: this is not UTF-8; save the file as UTF-8 text") from error


def _read_line(line: str) -> tuple[str, str] | None:
    """Name and value of a line, None for a comment or an empty line. Raises ValueError for anything else."""
    for sign in line.replace("\t", " "):
        if not sign.isprintable():
            raise ValueError(f"there is an invisible character here (U+{ord(sign):04X}); type the line again")
    if not line.strip(" \t") or line.lstrip(" \t").startswith("#"):
        return None
    parts = _LINE.fullmatch(line)
    if parts is None:
        raise ValueError("this is neither NAME=value nor a comment, which begins with #")
    return parts[1], _value(parts[2])


def _value(text: str) -> str:
    if "\\" in text or "${" in text:
        raise ValueError("a backslash or ${ in a value means different things to different readers; choose other signs")
    if text.startswith(("'", '"')):
        quoted = _QUOTED.fullmatch(text)
        if quoted is None:
            raise ValueError("the value must end with the quote that it begins with, and nothing may follow")
        return quoted["value"]
    if "'" in text or '"' in text:
        raise ValueError("there is a quote inside the value; put the other kind of quotes around all of it")
    if re.search(r"(^|[ \t])#", text):
        raise ValueError("a comment needs a line of its own; if # belongs to the value, put single quotes around it")
    return text


def _refuse_name(name: str, known: Collection[str], values: Collection[str]) -> None:
    """Raises ValueError for a name of nothing, one that is nearly a setting's, and one that the file has already."""
    if reason := unknown_name(name, known):
        raise ValueError(reason)
    if name not in known and get_close_matches(name.upper(), known, n=1, cutoff=_IS_FOREIGN_BELOW):
        raise ValueError(f"{name} is no setting{_offer(name, known)}")
    if name in values:
        raise ValueError(f"{name} is set above already; keep one of the two")
