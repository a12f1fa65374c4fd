"""What a database was founded as: under which secret, in which environment, in which time zone.

The row is written with the first center, in the same unit, and never changes. Whoever comes with other settings is
refused before they read or write anything, because what they wrote would be unreadable to everybody else.
"""

import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from ledger.kernel.keyring import Keyring
from ledger.kernel.settings import Environment, SettingsError
from ledger.kernel.types import STRICT, Base, key, table_of
from ledger.kernel.upserts import insert_or_ignore

DEMONSTRATION = "demonstration"
SEALED_NAME = "identity.name"
_ONLY_ID = 1
_SALT_BYTES = 16
_STRANGER = (
    "LEDGER_SECRET_KEY is not the secret of this database: use the settings file of its installation (LEDGER_ENV_FILE "
    "names it), or in development the file secret-key of its data folder, or compare the secret with the copy on paper"
)

_ELSEWHERE = "name an empty database with LEDGER_DATA_FOLDER or LEDGER_DATABASE_URL, then run init"


class Founding(Base):
    """The one row that says whose database this is.

    `check_value` is a digest of `salt` under a key derived from the secret, both in hexadecimal: it tells whether a
    secret is the right one, and nothing else about it.
    """

    __tablename__ = "founding"
    __table_args__ = (
        sa.CheckConstraint("id = 1", name="only_one"),
        sa.CheckConstraint("founded_as IN ('development', 'production', 'demonstration')", name="founded_as"),
        STRICT,
    )

    id: Mapped[key]
    founded_as: Mapped[str]
    zone: Mapped[str]
    salt: Mapped[str] = mapped_column(sa.Text)
    check_value: Mapped[str]
    founded_at: Mapped[datetime]


@dataclass(frozen=True, slots=True)
class Installation:
    """Who comes to a database: the keys of their secret, their environment and the name of their time zone."""

    keyring: Keyring
    environment: Environment
    zone: str


@dataclass(frozen=True, slots=True)
class Founded:
    """What the row says, as plain values; a dump of the database shows the same."""

    founded_as: str
    zone: str
    salt: str
    check_value: str

    def why_not(self, here: Installation) -> str | None:
        """Why `here` may not use this database, with what to do next; None if it may."""
        if self.founded_as == "production" and here.environment != "production":
            return (
                f"this is a production database, and LEDGER_ENV is {here.environment}: name the settings file of its "
                "installation with LEDGER_ENV_FILE, or put it beside the data as village.env"
            )
        if self.founded_as != "production" and here.environment == "production":
            holds = "holds the demonstration" if self.founded_as == DEMONSTRATION else "was founded in development"
            return f"this database {holds}, and LEDGER_ENV is production: {_ELSEWHERE}"
        if not hmac.compare_digest(self.check_value, check_value(here.keyring, self.salt)):
            return _STRANGER
        if self.zone != here.zone:
            return (
                f"LEDGER_TIMEZONE is {here.zone}, and this database has counted its days in {self.zone} from the first "
                f"on: set LEDGER_TIMEZONE={self.zone}"
            )
        return None


def check_value(keyring: Keyring, salt: str) -> str:
    """The value by which a secret is recognised, in hexadecimal."""
    return keyring.digest(salt, purpose="founding").hex()


def make_row(here: Installation, *, demonstration: bool, now: datetime) -> dict[str, object]:
    """The row of a database that `here` founds now, under a new random salt."""
    salt = secrets.token_hex(_SALT_BYTES)
    return {
        "id": _ONLY_ID,
        "founded_as": DEMONSTRATION if demonstration else here.environment,
        "zone": here.zone,
        "salt": salt,
        "check_value": check_value(here.keyring, salt),
        "founded_at": now,
    }


def found(connection: sa.Connection, here: Installation, *, demonstration: bool, now: datetime) -> None:
    """Found the database unless it is founded already. Raises SettingsError if another installation did."""
    row = make_row(here, demonstration=demonstration, now=now)
    connection.execute(insert_or_ignore(table_of(Founding)), row)
    refuse_stranger(connection, here)


def refuse_stranger(connection: sa.Connection, here: Installation) -> bool:
    """Whether the database is founded. Raises SettingsError, with what to do next, if it isn't of this installation."""
    there = read(connection)
    reason = there.why_not(here) if there is not None else None
    if reason is not None:
        raise SettingsError(reason)
    return there is not None


def refuse_founded(
    there: Founded | None, here: Installation, *, called: Path, name: bytes | None = None, is_copy: bool = False
) -> None:
    """Raises SettingsError for a file with a database that another installation founded, or for a copy of one.

    `name` is a sealed name in it: it proves the secret where the file is from before this table.
    """
    if there is not None:
        reason = there.why_not(here)
    else:
        reason = None if name is None or here.keyring.opens(name, label=SEALED_NAME) else _STRANGER
    if reason is not None:
        reason = reason.replace(_ELSEWHERE, "take a backup of this installation") if is_copy else reason
        raise SettingsError(f"{called} can't be used here: {reason}")


def read(connection: sa.Connection) -> Founded | None:
    """What the database was founded as; None before its first center, and for a schema from before this table."""
    if not sa.inspect(connection).has_table(Founding.__tablename__):
        return None
    query = sa.select(Founding.founded_as, Founding.zone, Founding.salt, Founding.check_value)
    row = connection.execute(query).first()
    return None if row is None else Founded(*row)


def refuse_unopened(here: Installation, sealed: bytes, *, label: str) -> None:
    """Prove a secret by a value of a database from before this table. Raises SettingsError if it can't open it."""
    if not here.keyring.opens(sealed, label=label):
        raise SettingsError(_STRANGER)
