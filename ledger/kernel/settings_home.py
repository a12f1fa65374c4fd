"""Where an installation is, and the secret of one in development: made by what founds one, and by nothing else."""

import secrets
from dataclasses import replace
from pathlib import Path
from typing import Literal, TypeAlias

from ledger.kernel.private_files import make_folder, new_file
from ledger.kernel.settings import Settings, SettingsError

# The settings file is found by this name in the data folder or next to it.
SETTINGS_FILE = "village.env"
SHORTEST_SECRET = 32
_SECRET = "secret-key"  # noqa: S105 - the name of a file
# One of them is in the folder of an installation.
_IN_HOME = (SETTINGS_FILE, f"var/{SETTINGS_FILE}", f"var/{_SECRET}", "var/ningxin.sqlite3")
# What is done where an installation's folder and secret are missing: they are made, or it is refused, or it goes on
# with a secret for the moment.
Missing: TypeAlias = Literal["made", "refused", "needless"]


def home(checkout: Path) -> Path:
    """The folder of the installation: the present one if it holds one, or else the checkout, if it is one."""
    here = Path.cwd()
    if any((here / name).is_file() for name in _IN_HOME) or not (checkout / "pyproject.toml").is_file():
        return here
    return checkout


def with_secret(settings: Settings, missing: Missing) -> Settings:
    """The settings with the secret of their data folder if they name none.

    Raises SettingsError if the folder or the secret is missing and `refused`, or can't be made.
    """
    folder = settings.data_folder
    if missing == "made":
        _make_folder(folder)
    if settings.secret_key:
        return settings
    if missing != "made" and not (folder / _SECRET).exists():
        if missing == "needless":
            return replace(settings, secret_key=secrets.token_hex(SHORTEST_SECRET))
        raise SettingsError(
            f"no {SETTINGS_FILE} here, and no installation in {folder}: set LEDGER_ENV_FILE or go to the folder of "
            "yours; a new one begins with ningxin init"
        )
    return replace(settings, secret_key=_development_secret(folder / _SECRET))


def _make_folder(folder: Path) -> None:
    try:
        make_folder(folder)
    except OSError as error:
        raise SettingsError(f"the data folder {folder} can't be made: {error.strerror}") from error


def _development_secret(path: Path) -> str:
    """A secret of this checkout, made at the first start and readable only by its owner."""
    try:
        if not path.exists():
            with new_file(path) as file:
                file.write(secrets.token_hex(SHORTEST_SECRET).encode())
        secret = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"the secret of this development installation, {path}, can't be had: {error}") from error
    if len(secret) < SHORTEST_SECRET:
        raise SettingsError(f"{path} has no whole secret: bring it back from a copy, or start anew in another folder")
    return secret
