"""Password hashing. It takes tens of milliseconds on purpose, so it runs outside units."""

from collections.abc import Sequence

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from ledger.kernel.characters import normalise
from ledger.kernel.errors import Rejected
from ledger.people.access.guessable import is_easy, is_personal

LEAST_LENGTH, MOST_LENGTH = 8, 128

HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
# Verified against if nobody has the phone number, so that response time reveals nothing. Of a password that was thrown
# away, by that hasher; not made at each start, because every command would wait for it.
NOBODY = "$argon2id$v=19$m=19456,t=2,p=1$IkyrAaWqsLiyfuWJm6SMKw$SlBmpdqrEpl70Jsc/j9+6FPC8pMN/BtpaEJ/KkWElsQ"


def hash_password(password: str, *, phone: str, names: Sequence[str] = ()) -> str:
    """The argon2id hash to store. `names` are the person's own, as far as they are known here.

    Raises Rejected("people.password_too_short", "people.password_too_long") and what refuse_guessable raises.
    """
    if len(password) < LEAST_LENGTH:
        raise Rejected("people.password_too_short", least=LEAST_LENGTH)
    if len(password) > MOST_LENGTH:
        raise Rejected("people.password_too_long", most=MOST_LENGTH)
    refuse_guessable(password, phone=phone, names=names)
    return HASHER.hash(_plain(password))


def refuse_guessable(password: str, *, phone: str, names: Sequence[str] = (), words: Sequence[str] = ()) -> None:
    """Raises Rejected("people.password_personal" | "people.password_too_easy"); `words` are common here."""
    if is_personal(password, phone=phone, names=names):
        raise Rejected("people.password_personal")
    if is_easy(password, words):
        raise Rejected("people.password_too_easy")


def password_is_right(password_hash: str | None, password: str) -> bool:
    """Whether the password matches the hash; does the same work if there is no hash."""
    try:
        HASHER.verify(password_hash or NOBODY, _plain(password[:MOST_LENGTH]))
    except (VerificationError, InvalidHashError):
        return False
    return password_hash is not None


def _plain(password: str) -> bytes:
    """Normalise a password, whatever keyboard composed it: full-width digits become digits."""
    return normalise("NFKC", password).encode("utf-8", "surrogatepass")
