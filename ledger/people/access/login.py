"""Logging in and setting the first password: rate-limited, constant work, no hashing inside a unit."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.errors import Forbidden
from ledger.people.access import credentials, sessions
from ledger.people.access.passwords import hash_password, password_is_right
from ledger.people.policy import phone_key
from ledger.web.rate_limit import Limit, count_try, forgive, network_of

_QUARTER_HOUR = 15 * 60
PER_PHONE = Limit("log-in by phone", most=10, window_seconds=_QUARTER_HOUR)
# A whole station or village may share one address.
PER_ADDRESS = Limit("log-in by address", most=300, window_seconds=_QUARTER_HOUR)


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """A new log-in session; only its holder knows the token."""

    token: str
    expires_at: datetime
    identity_id: int
    center_id: int


def log_in(
    phone: str,
    password: str,
    *,
    kind: Literal["browser", "device"],
    address: str | None,
    center_id: int | None = None,
) -> LoggedIn:
    """Log a person in to the named center, or else to the one they work or volunteer in.

    Raises TooMany("request.too_many"), Forbidden("people.login_failed") for any wrong credential,
    Forbidden("people.center_unknown").
    """
    tries = _count(phone, address)
    row = in_snapshot(sessions.find_login, phone)
    if not password_is_right(row.password_hash if row else None, password) or row is None:
        raise Forbidden("people.login_failed")
    if not row.center_ids or (center_id is not None and center_id not in row.center_ids):
        raise Forbidden("people.center_unknown")
    forgive(tries)
    chosen = center_id if center_id is not None else row.center_ids[0]
    opened = in_transaction(credentials.open_session, row.identity_id, kind=kind, center_id=chosen)
    return LoggedIn(opened.token, opened.expires_at, row.identity_id, chosen)


def set_first_password(phone: str, code: str, password: str, *, address: str | None) -> None:
    """Use up an activation code from paper; the person can log in from now on.

    Raises TooMany("request.too_many"), Rejected("people.activation_code_invalid"), and for the password what
    passwords.hash_password raises.
    """
    tries = _count(phone, address)
    password_hash = hash_password(password, phone=phone_key(phone) or phone)
    in_transaction(credentials.set_password_with_code, phone=phone, code=code, password_hash=password_hash)
    forgive(tries)


def _count(phone: str, address: str | None) -> tuple[Limit, str]:
    """Count the attempt for the phone and the address; success gives the phone's attempts back."""
    by_phone = (PER_PHONE, phone_key(phone) or phone[:40])
    count_try((PER_ADDRESS, network_of(address)), by_phone)
    return by_phone
