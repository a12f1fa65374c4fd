"""The application's keys, sealed columns for personal data, and digests of random tokens."""

import hashlib
from typing import Any

import sqlalchemy as sa

from ledger.kernel import runtime
from ledger.kernel.keyring import Keyring


def keyring() -> Keyring:
    """The keys of the application."""
    return runtime.current().keyring


class Sealed(sa.types.TypeDecorator[str]):
    """Text that is encrypted in the database; `label` binds it to its column."""

    impl = sa.LargeBinary
    cache_ok = True

    def __init__(self, label: str) -> None:
        super().__init__()
        self.label = label

    def process_bind_param(self, value: str | None, dialect: sa.Dialect) -> Any:
        """Seal a value for the database."""
        return None if value is None else keyring().seal(value, label=self.label)

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> str | None:
        """Open a value from the database."""
        return None if value is None else keyring().open(bytes(value), label=self.label)


def token_hash(token: str) -> str:
    """The digest under which a random token is stored; sufficient for tokens of 80 bits and more."""
    return hashlib.sha256(token.encode()).hexdigest()
