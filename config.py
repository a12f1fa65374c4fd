"""Makes Settings from the environment and the settings file; the only file that reads the environment."""

import os
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, available_timezones

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from ledger.kernel.guessing import bits
from ledger.kernel.settings import Deliveries, Settings, SettingsError, refuse_exposed
from ledger.kernel.settings_file import read_settings_file, unknown_name
from ledger.kernel.settings_home import SETTINGS_FILE, SHORTEST_SECRET, Missing, home, with_secret
from ledger.kernel.settings_values import is_number, read_port, read_proxies, read_tls

# Each of them is in the README, Settings. No other LEDGER_ name is taken, so that a slip of the pen is noticed.
NAMES = (
    *("LEDGER_ENV", "LEDGER_ENV_FILE", "LEDGER_SECRET_KEY", "LEDGER_DATA_FOLDER", "LEDGER_DATABASE_URL"),
    *("LEDGER_BASE_URL", "LEDGER_HOST", "LEDGER_PORT", "LEDGER_TLS_CERT", "LEDGER_TLS_KEY"),
    *("LEDGER_TLS_MIN", "LEDGER_PROXY", "LEDGER_MONITORING_TOKEN"),
    *("LEDGER_TIMEZONE", "LEDGER_CLOCK_FILE", "LEDGER_CORES", "LEDGER_THREADS"),
    *("LEDGER_CHECKPOINT_FOLDER", "LEDGER_CHECKPOINT_WEBHOOK", "LEDGER_CHECKPOINT_WEBHOOK_SECRET"),
    *("LEDGER_CHECKPOINT_MAIL", "LEDGER_SMTP_URL"),
)
_PATHS = ("LEDGER_DATA_FOLDER", "LEDGER_TLS_CERT", "LEDGER_TLS_KEY", "LEDGER_CLOCK_FILE", "LEDGER_CHECKPOINT_FOLDER")
_IN_FILE = frozenset(NAMES) - {"LEDGER_ENV_FILE"}
# Nobody else may read it, and only its owner may change it.
_TOO_OPEN = 0o037
# Of 300,000 texts of 32 random hexadecimal digits none had less than 89; one word again and again has about half.
_LEAST_BITS = 80
_HOW_TO_MAKE = 'python3 -c "import secrets; print(secrets.token_hex(32))" makes a good one'
# Files beside the zones that name whatever the machine is set to, or nothing.
_NO_PLACES = frozenset({"Factory", "localtime", "posixrules"})
_DATABASES = ("sqlite", "postgresql", "postgresql+psycopg")
_MOST_CORES, _MOST_THREADS = 1024, 512


def read_environment() -> dict[str, str]:
    """The environment, which overrules the settings file; without one, the environment alone.

    Relative paths in the file count from its folder, where the data folder of a file that was named is `var` unless it
    says otherwise: so a command finds the same data in whatever folder it is typed.
    Raises SettingsError if the file can't be read, can't be taken line by line, or is open to others in production.
    """
    environment = dict(os.environ)
    path = _settings_file(environment)
    if path is None:
        return environment
    in_file = _anchored(read_settings_file(path, _IN_FILE), path.absolute().parent)
    if environment.get("LEDGER_ENV_FILE"):
        in_file.setdefault("LEDGER_DATA_FOLDER", str(path.absolute().parent / "var"))
    values = in_file | environment | {"LEDGER_ENV_FILE": str(path)}
    if values.get("LEDGER_ENV") == "production" and path.stat().st_mode & _TOO_OPEN:
        raise SettingsError(f"others can read or change {path}, which holds the secret: type chmod 600 {path}")
    return values


def _anchored(values: dict[str, str], folder: Path) -> dict[str, str]:
    """The values of a file in a folder, with whole paths."""
    paths = {name: str(folder / values[name]) for name in _PATHS if values.get(name)}
    url = values.get("LEDGER_DATABASE_URL", "")
    if url.startswith("sqlite:///"):
        paths["LEDGER_DATABASE_URL"] = f"sqlite:///{folder / url.removeprefix('sqlite:///')}"
    return values | paths


def _settings_file(environment: Mapping[str, str]) -> Path | None:
    """The file named by LEDGER_ENV_FILE, or else the one that lies in the data folder or next to it."""
    if name := environment.get("LEDGER_ENV_FILE"):
        return Path(name)
    folder = _data_folder(environment)
    try:
        found = [path for path in (folder / SETTINGS_FILE, folder.parent / SETTINGS_FILE) if path.is_file()]
        owners = {0, os.geteuid(), *(path.stat().st_uid for path in (folder,) if path.exists())}
        strange = [path for path in found if path.stat().st_uid not in owners]
    except OSError as error:
        raise SettingsError(f"{error.filename} can't be read: {error.strerror}; name LEDGER_ENV_FILE") from error
    if len(found) > 1:
        raise SettingsError(
            f"there are two settings files, {found[0]} and {found[1]}: remove the one that is not meant"
        )
    if strange:
        raise SettingsError(f"{strange[0]} belongs to somebody else: name the settings file with LEDGER_ENV_FILE")
    return found[0] if found else None


def _data_folder(environment: Mapping[str, str]) -> Path:
    return Path(environment.get("LEDGER_DATA_FOLDER") or home(Path(__file__).resolve().parent) / "var").resolve()


def load_settings(environment: Mapping[str, str], *, missing: Missing = "made") -> Settings:
    """Settings from the environment; `missing` says what to do if an installation's folder and secret are not there.

    Raises SettingsError if something is wrong; then nothing is written.
    """
    for name in environment:
        if reason := unknown_name(name, NAMES):
            raise SettingsError(f"the environment: {reason}")
    for name in NAMES:
        _refuse_untidy(name, environment.get(name, ""))
    kind = environment.get("LEDGER_ENV", "development")
    if kind not in ("development", "production"):
        raise SettingsError(f"LEDGER_ENV is {kind!r}; it must be development or production")
    production = kind == "production"
    if production:
        _refuse_incomplete(environment)
    settings = _settings(environment, production=production)
    refuse_exposed(settings)
    return with_secret(settings, missing)


def _settings(environment: Mapping[str, str], *, production: bool) -> Settings:
    folder = _data_folder(environment)
    cert, key = _path(environment, "LEDGER_TLS_CERT"), _path(environment, "LEDGER_TLS_KEY")
    if (cert is None) != (key is None):
        raise SettingsError("LEDGER_TLS_CERT and LEDGER_TLS_KEY go together: set both or neither")
    scheme = "http" if cert is None else "https"
    host, port = environment.get("LEDGER_HOST") or "127.0.0.1", read_port(environment.get("LEDGER_PORT", "8000"))
    return Settings(
        environment="production" if production else "development",
        database_url=_database_url(environment) or f"sqlite:///{folder / 'ningxin.sqlite3'}",
        secret_key=environment.get("LEDGER_SECRET_KEY") or "",
        base_url=_base_url(environment) or f"{scheme}://{host}:{port}",
        host=host,
        port=port,
        timezone=_zone(environment.get("LEDGER_TIMEZONE", "Asia/Shanghai")),
        data_folder=folder,
        file=_path(environment, "LEDGER_ENV_FILE"),
        tls_cert=cert,
        tls_key=key,
        tls_min=read_tls(environment.get("LEDGER_TLS_MIN") or "1.3"),
        proxies=read_proxies(environment.get("LEDGER_PROXY", "")),
        monitoring_token=_secret(environment, "LEDGER_MONITORING_TOKEN"),
        cores=_cores(environment.get("LEDGER_CORES", "")),
        threads=_count(environment, "LEDGER_THREADS", _MOST_THREADS),
        clock_file=_path(environment, "LEDGER_CLOCK_FILE"),
        checkpoints=_deliveries(environment),
    )


def _deliveries(environment: Mapping[str, str]) -> Deliveries:
    """Destinations of checkpoints. Refuses incomplete ones, so that nobody waits for mail that is never sent."""
    found = Deliveries(
        folder=_path(environment, "LEDGER_CHECKPOINT_FOLDER"),
        webhook=_url(environment, "LEDGER_CHECKPOINT_WEBHOOK", ("http", "https")),
        webhook_secret=environment.get("LEDGER_CHECKPOINT_WEBHOOK_SECRET") or None,
        mail=environment.get("LEDGER_CHECKPOINT_MAIL") or None,
        smtp_url=_url(environment, "LEDGER_SMTP_URL", ("smtp", "smtps")),
    )
    if (found.webhook is None) != (found.webhook_secret is None):
        raise SettingsError("LEDGER_CHECKPOINT_WEBHOOK and LEDGER_CHECKPOINT_WEBHOOK_SECRET go together")
    if found.mail is not None and found.smtp_url is None:
        raise SettingsError("LEDGER_CHECKPOINT_MAIL needs LEDGER_SMTP_URL")
    return found


def _url(environment: Mapping[str, str], name: str, schemes: tuple[str, ...]) -> str | None:
    """Read a URL; error messages don't repeat it, because it may contain a password."""
    value = environment.get(name)
    if not value:
        return None
    try:
        parts = urlsplit(value)
        good = parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    if not good:
        raise SettingsError(f"{name} must be an address that begins with {' or '.join(schemes)} and ://")
    return value


def _refuse_incomplete(environment: Mapping[str, str]) -> None:
    """Production accepts no made-up defaults."""
    missing = [name for name in ("LEDGER_SECRET_KEY", "LEDGER_BASE_URL") if not environment.get(name)]
    if missing:
        raise SettingsError(f"production needs {' and '.join(missing)}; see the README, Settings")
    _secret(environment, "LEDGER_SECRET_KEY")
    if environment.get("LEDGER_CLOCK_FILE"):
        raise SettingsError("LEDGER_CLOCK_FILE is for rehearsals; production goes by the real clock")


def _secret(environment: Mapping[str, str], name: str) -> str | None:
    """A secret that nobody guesses, or None. Raises SettingsError for a short one and for one of little variety."""
    value = environment.get(name)
    if not value:
        return None
    if len(value) < SHORTEST_SECRET:
        raise SettingsError(f"{name} must have {SHORTEST_SECRET} characters or more; {_HOW_TO_MAKE}")
    if bits(value) < _LEAST_BITS:
        raise SettingsError(f"{name} repeats itself or has too few different characters; {_HOW_TO_MAKE}")
    return value


def _base_url(environment: Mapping[str, str]) -> str | None:
    """The address without a slash at its end; one with a path, a user or a query would break codes and cookies."""
    value = _url(environment, "LEDGER_BASE_URL", ("http", "https"))
    if value is None:
        return None
    parts = urlsplit(value)
    if parts.path.strip("/") or parts.query or parts.fragment or "@" in parts.netloc:
        raise SettingsError("LEDGER_BASE_URL must be a scheme, a host and perhaps a port: https://ningxin.example.org")
    return f"{parts.scheme}://{parts.netloc}"


def _refuse_untidy(name: str, value: str) -> None:
    """Refuse what nobody sees on the screen or on paper; a secret with it can't be copied by hand."""
    hidden = "SECRET" in name and not value.isprintable()
    if value != value.strip() or hidden:
        raise SettingsError(f"{name} has a space at its beginning or end, or an invisible character: take it out")


def _cores(text: str) -> int | None:
    """How many cores, 0 for all; None where nothing is said."""
    if text == "all":
        return 0
    return _count({"LEDGER_CORES": text}, "LEDGER_CORES", _MOST_CORES, other=" or all")


def _count(environment: Mapping[str, str], name: str, most: int, *, other: str = "") -> int | None:
    text = environment.get(name)
    if not text:
        return None
    if not is_number(text, most):
        raise SettingsError(f"{name} is {text!r}; it must be a number from 1 to {most}{other}")
    return int(text)


def _zone(name: str) -> ZoneInfo:
    """A zone that browsers know too: the station's screen tells the time in it."""
    if name in _NO_PLACES or name not in available_timezones():
        raise SettingsError(f"LEDGER_TIMEZONE is {name!r}; it must be a time zone like Asia/Shanghai")
    return ZoneInfo(name)


def _database_url(environment: Mapping[str, str]) -> str | None:
    """The address of a database that we can use; error messages don't repeat it, because it may contain a password."""
    text = environment.get("LEDGER_DATABASE_URL")
    if not text:
        return None
    if text.partition("?")[0].count("@") > 1 and not text.startswith("sqlite"):
        # Half of the password would be taken for the host, and printed as one.
        raise SettingsError(
            "LEDGER_DATABASE_URL has more than one @ before the host: write %40 for one in the password"
        )
    try:
        url = make_url(text)
        good = url.drivername in _DATABASES and bool(url.database)
        # Relative to the folder in which somebody happens to type, it would be another database in each.
        good = good and (url.drivername != "sqlite" or Path(url.database or "").is_absolute())
    except (ArgumentError, ValueError):
        good = False
    if not good:
        raise SettingsError(
            "LEDGER_DATABASE_URL must be postgresql+psycopg://user:password@host/name, with %40 for @ in the password "
            "and so on, or sqlite:////folder/file with the whole path"
        )
    return text


def _path(environment: Mapping[str, str], name: str) -> Path | None:
    value = environment.get(name)
    return Path(value).resolve() if value else None
