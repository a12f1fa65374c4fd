"""Rate limits per source and window; counted in the database, so shared by all processes."""

import ipaddress
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.kernel import clock
from ledger.kernel.crypto import keyring
from ledger.kernel.db import in_transaction
from ledger.kernel.errors import TooMany
from ledger.kernel.sweeping import sweep
from ledger.kernel.types import table_of
from ledger.kernel.upserts import insert_or_update
from ledger.web.models import RateLimit

_limits = table_of(RateLimit)


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `most` attempts of a kind within a window, which begins with the first attempt."""

    kind: str
    most: int
    window_seconds: int


def count_try(*tries: tuple[Limit, str]) -> None:
    """Count an attempt of each source against its limit. Raises TooMany("request.too_many", seconds=…) above it.

    It is a unit of its own, before the work, so that failed attempts count too.
    """
    in_transaction(_count, tries)


def forgive(*tries: tuple[Limit, str]) -> None:
    """Reset the counters of sources that have authenticated."""
    in_transaction(_forget, [_key(limit, source) for limit, source in tries])


def forget_expired(session: Session) -> int:
    """Sweep counters whose window is over."""
    return sweep(session, _limits, _limits.c.expires_at <= int(clock.now().timestamp()))


def network_of(address: str | None) -> str:
    """The source of an address: an IPv4 address itself, or its IPv6 /64 network, which one person may control."""
    try:
        parsed = ipaddress.ip_address(address or "")
    except ValueError:
        return "unknown"
    if parsed.version == 4:
        return str(parsed)
    return str(ipaddress.ip_network((parsed, 64), strict=False))


def _count(session: Session, tries: tuple[tuple[Limit, str], ...]) -> None:
    now = int(clock.now().timestamp())
    for limit, source in tries:
        hits, expires_at = _add_hit(session, _key(limit, source), now=now, until=now + limit.window_seconds)
        if hits > limit.most:
            raise TooMany("request.too_many", seconds=max(1, expires_at - now))


def _add_hit(session: Session, key: str, *, now: int, until: int) -> tuple[int, int]:
    over = _limits.c.expires_at <= now
    changes = {
        "hits": sa.case((over, 1), else_=_limits.c.hits + 1),
        "expires_at": sa.case((over, until), else_=_limits.c.expires_at),
    }
    insert = insert_or_update(_limits, changes, columns=["key"]).returning(_limits.c.hits, _limits.c.expires_at)
    row = {"key": key, "hits": 1, "expires_at": until}
    hits, expires_at = session.connection().execute(insert, row).one()
    return int(hits), int(expires_at)


def _forget(session: Session, keys: list[str]) -> None:
    session.connection().execute(sa.delete(RateLimit).where(RateLimit.key.in_(keys)))


def _key(limit: Limit, source: str) -> str:
    """A digest, because a source may be a phone number."""
    return keyring().index(f"{limit.kind}:{source}", purpose="rate limit")
