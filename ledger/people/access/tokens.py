"""The token of a log-in session: the center it is for and a secret, as `<center>.<secret>`."""

import secrets
from dataclasses import dataclass

from ledger.kernel.crypto import token_hash
from ledger.kernel.ids import parse_public_id, public_id

_SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class TokenKey:
    """The key of a session's row: the center, and the digest of the secret."""

    center_id: int
    token_hash: str


def new_token(center_id: int) -> tuple[str, TokenKey]:
    """A token for a session in the center, and the key of its row, which holds only the digest of the secret."""
    secret = secrets.token_urlsafe(_SECRET_BYTES)
    return f"{public_id(center_id)}.{secret}", TokenKey(center_id, token_hash(secret))


def read_token(token: str) -> TokenKey | None:
    """The key of the session with this token; None if the text can't be a token."""
    center, sign, secret = token.partition(".")
    if not sign or not secret:
        return None
    try:
        return TokenKey(parse_public_id(center), token_hash(secret))
    except ValueError:
        return None
