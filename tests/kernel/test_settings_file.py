"""A settings file is read as dotenv and systemd read it, or refused with file and line, never taken in part."""

from pathlib import Path

import pytest

from config import NAMES
from ledger.kernel.settings import SettingsError
from ledger.kernel.settings_file import read_settings_file

TAKEN = {
    "LEDGER_PORT=8443": "8443",
    "LEDGER_PORT = 8443": "8443",
    "  LEDGER_PORT=8443  ": "8443",
    "\tLEDGER_PORT\t=\t8443\t": "8443",
    "export LEDGER_PORT=8443": "8443",
    "export  LEDGER_PORT = '8443'": "8443",
    'LEDGER_PORT="8443"': "8443",
    "LEDGER_PORT='8443'": "8443",
    "LEDGER_PORT=": "",
    "LEDGER_PORT=''": "",
    "LEDGER_PORT=a=b==": "a=b==",
    "LEDGER_PORT=a#b": "a#b",
    "LEDGER_PORT='a #b'": "a #b",
    'LEDGER_PORT="#b"': "#b",
    "LEDGER_PORT=two words": "two words",
    "LEDGER_PORT='  kept  '": "  kept  ",
    """LEDGER_PORT='say "yes"'""": 'say "yes"',
    """LEDGER_PORT="it's" """: "it's",
    "LEDGER_PORT=$5": "$5",
    "LEDGER_PORT=柳荫": "柳荫",
    "LEDGER_PORT=8443\r": "8443",
    "\ufeffLEDGER_PORT=8443": "8443",
    "\ufeffexport LEDGER_PORT='8443'\r": "8443",
    "LEDGER_PORT=8443\n": "8443",
    "# a comment\n\n   \n  # another = one\nLEDGER_PORT=8443": "8443",
    "#LEDGER_HOST=x\r\n\r\nLEDGER_PORT=8443\r\n": "8443",
}
REFUSED = {
    "LEDGER_PORT": "neither NAME=value nor a comment",
    "export LEDGER_PORT": "neither NAME=value nor a comment",
    "LEDGER_PORT: 8443": "neither NAME=value nor a comment",
    "LEDGER_PORT＝8443": "neither NAME=value nor a comment",
    "=8443": "neither NAME=value nor a comment",
    "LEDGER PORT=8443": "neither NAME=value nor a comment",
    "set LEDGER_PORT=8443": "neither NAME=value nor a comment",
    "[Service]": "neither NAME=value nor a comment",
    "; a comment of systemd's alone": "neither NAME=value nor a comment",
    "LEDGER_PORT='8443": "must end with the quote",
    "LEDGER_PORT='8443\"": "must end with the quote",
    "LEDGER_PORT='8443' # the port": "must end with the quote",
    "LEDGER_PORT='8''443'": "must end with the quote",
    "LEDGER_PORT=“8443“'": "a quote inside the value",
    "LEDGER_PORT=8443'": "a quote inside the value",
    "LEDGER_PORT=8443 # the port": "a comment needs a line of its own",
    "LEDGER_PORT=# the port": "a comment needs a line of its own",
    "LEDGER_PORT=\\8443": "a backslash",
    'LEDGER_PORT="8443\\n"': "a backslash",
    "LEDGER_PORT=${PORT}": r"a backslash or \$\{",
    "LEDGER_PORT=8443\u00a0": r"invisible character here \(U\+00A0\)",
    "LEDGER_PORT=84\u200b43": r"invisible character here \(U\+200B\)",
    "LEDGER_PORT=8443\rLEDGER_HOST=x": r"invisible character here \(U\+000D\)",
    "LEDGER_PORT=8443\x00": r"invisible character here \(U\+0000\)",
    "LEDGER_PROT=8443": r"LEDGER_PROT is no setting; did you mean LEDGER_PORT\?",
    "ledger_port=8443": r"ledger_port is no setting; did you mean LEDGER_PORT\?",
    "LEDGR_PORT=8443": r"LEDGR_PORT is no setting; did you mean LEDGER_PORT\?",
    "LEDGER_=1": "LEDGER_ is no setting",
    "LEDGER_PORT=1\nLEDGER_PORT=2": "set above already",
}


def write(folder: Path, text: str) -> Path:
    file = folder / "village.env"
    file.write_bytes(text.encode())
    return file


@pytest.mark.parametrize("text", TAKEN)
def test_every_notation_of_a_setting(tmp_path: Path, text: str) -> None:
    assert read_settings_file(write(tmp_path, text), NAMES) == {"LEDGER_PORT": TAKEN[text]}


@pytest.mark.parametrize("text", REFUSED)
def test_a_line_that_is_none_is_refused_where_it_stands(tmp_path: Path, text: str) -> None:
    line = 2 + text.count("\n")
    with pytest.raises(SettingsError, match=REFUSED[text]) as refused:
        read_settings_file(write(tmp_path, f"LEDGER_HOST=0.0.0.0\n{text}"), NAMES)
    assert refused.value.message.startswith(f"{tmp_path / 'village.env'}:{line}: ")


@pytest.mark.parametrize("text", [text for text in REFUSED if "8443" in text])
def test_a_refusal_never_repeats_what_may_be_the_secret(tmp_path: Path, text: str) -> None:
    with pytest.raises(SettingsError) as refused:
        read_settings_file(write(tmp_path, text), NAMES)
    assert "8443" not in refused.value.message


def test_other_programs_names_may_stand_there_too(tmp_path: Path) -> None:
    """The file is often systemd's EnvironmentFile as well."""
    text = "TZ=Asia/Shanghai\nPYTHONUNBUFFERED=1\nLEDGER_TEST_BROWSER=/usr/bin/chromium\n"
    assert set(read_settings_file(write(tmp_path, text), NAMES)) == {"TZ", "PYTHONUNBUFFERED", "LEDGER_TEST_BROWSER"}


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ("LEDGER_PORT=8443\n".encode("utf-16"), 1),
        ("# 柳荫社区\n".encode("gbk") + b"LEDGER_PORT=8443\n", 1),
        (b"LEDGER_PORT=8443\n\n# \xff\n", 3),
    ],
)
def test_another_encoding_is_refused(tmp_path: Path, content: bytes, line: int) -> None:
    file = tmp_path / "village.env"
    file.write_bytes(content)
    with pytest.raises(SettingsError, match=f"village.env:{line}: this is not UTF-8"):
        read_settings_file(file, NAMES)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"village\.env can't be read: No such file"):
        read_settings_file(tmp_path / "village.env", NAMES)
