"""Password hashing. It takes tens of milliseconds on purpose, so it runs outside units."""

import unicodedata

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from ledger.kernel.errors import Rejected
from ledger.people.policy import is_easy_password

LEAST_LENGTH, MOST_LENGTH = 8, 128

_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
# Verified against if nobody has the phone number, so that response time reveals nothing.
_NOBODY = _hasher.hash("nobody has this password")


def hash_password(password: str, *, phone: str) -> str:
    """The argon2id hash to store.

    Raises Rejected("people.password_too_short", "people.password_too_long", "people.password_too_easy").
    """
    if len(password) < LEAST_LENGTH:
        raise Rejected("people.password_too_short", least=LEAST_LENGTH)
    if len(password) > MOST_LENGTH:
        raise Rejected("people.password_too_long", most=MOST_LENGTH)
    if is_easy_password(password, phone):
        raise Rejected("people.password_too_easy")
    return _hasher.hash(_plain(password))


def password_is_right(password_hash: str | None, password: str) -> bool:
    """Whether the password matches the hash; does the same work if there is no hash."""
    try:
        _hasher.verify(password_hash or _NOBODY, _plain(password[:MOST_LENGTH]))
    except (VerificationError, InvalidHashError):
        return False
    return password_hash is not None


def _plain(password: str) -> bytes:
    """Normalise a password, whatever keyboard composed it: full-width digits become digits."""
    return unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")
