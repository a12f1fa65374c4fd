"""Rate limits per source and window; counted in the database, so shared by all processes."""

import ipaddress
from dataclasses import dataclass
from typing import TypeAlias

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from ledger.kernel import clock
from ledger.kernel.crypto import keyring
from ledger.kernel.db import in_transaction
from ledger.kernel.errors import TooMany
from ledger.kernel.sweeping import sweep
from ledger.kernel.types import STRICT, Base, table_of
from ledger.kernel.upserts import insert_or_update


class RateLimit(Base):
    """Requests of one kind from one source within a window; `expires_at` in seconds of the epoch."""

    __tablename__ = "rate_limit"
    __table_args__ = (sa.Index(None, "expires_at"), STRICT)

    key: Mapped[str] = mapped_column(primary_key=True)
    hits: Mapped[int]
    expires_at: Mapped[int]


_limits = table_of(RateLimit)
Try: TypeAlias = "tuple[Limit, str]"


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `most` attempts of a kind within a window, which begins with the first attempt."""

    kind: str
    most: int
    window_seconds: int


def count_try(*tries: Try) -> None:
    """Count an attempt of each source against its limit. Raises TooMany("request.too_many", seconds=…) above it.

    It is a unit of its own, before the work, so that failed attempts count too.
    """
    in_transaction(_count, tries)


def hit(session: Session, limit: Limit, source: str, *, times: int = 1) -> int:
    """Count an attempt, or several, in this unit. Returns 0 if it is within the limit, else the seconds to wait."""
    now = int(clock.now().timestamp())
    hits, expires_at = _add_hit(session, _key(limit, source), times, now=now, until=now + limit.window_seconds)
    return max(1, expires_at - now) if hits > limit.most else 0


def wait(session: Session, limit: Limit, source: str) -> int:
    """The seconds to wait before the next attempt is within the limit, usually 0; counts nothing."""
    now = int(clock.now().timestamp())
    lasts = _limits.c.expires_at > now, _limits.c.expires_at <= _latest(now + limit.window_seconds)
    query = sa.select(_limits.c.expires_at).where(
        _limits.c.key == _key(limit, source), _limits.c.hits >= limit.most, *lasts
    )
    until = session.connection().execute(query).scalar()
    return 0 if until is None else int(until) - now


def give_back(session: Session, *tries: Try) -> None:
    """Take one attempt of each source off its counter: it was no miss."""
    keys = [_key(limit, source) for limit, source in tries]
    mine = (_limits.c.key.in_(keys), _limits.c.hits > 0)
    session.connection().execute(sa.update(_limits).where(*mine).values(hits=_limits.c.hits - 1))


def forgive(session: Session, *tries: Try) -> None:
    """Reset the counters of these sources."""
    keys = [_key(limit, source) for limit, source in tries]
    session.connection().execute(sa.delete(_limits).where(_limits.c.key.in_(keys)))


def forget_expired(session: Session) -> int:
    """Sweep counters whose window is over."""
    return sweep(session, _limits, _limits.c.expires_at <= int(clock.now().timestamp()))


def network_of(address: str | None) -> str:
    """The source of an address: an IPv4 address itself, or its IPv6 /64 network, which one person may control."""
    try:
        parsed = ipaddress.ip_address(address or "")
    except ValueError:
        return "unknown"
    mapped = parsed.ipv4_mapped if isinstance(parsed, ipaddress.IPv6Address) else None
    if parsed.version == 4 or mapped:
        return str(mapped or parsed)
    return str(ipaddress.ip_network((parsed, 64), strict=False))


def site_of(network: str) -> str | None:
    """The IPv6 /48 around a network: a site has so many, and rents for little. None for an IPv4 address."""
    return str(ipaddress.ip_network(network).supernet(new_prefix=48)) if network.endswith("/64") else None


def _count(session: Session, tries: tuple[Try, ...]) -> None:
    for limit, source in tries:
        if seconds := hit(session, limit, source):
            raise TooMany("request.too_many", seconds=seconds)


def _add_hit(session: Session, key: str, times: int, *, now: int, until: int) -> tuple[int, int]:
    over = sa.or_(_limits.c.expires_at <= now, _limits.c.expires_at > _latest(until))
    changes = {
        "hits": sa.case((over, times), else_=_limits.c.hits + times),
        "expires_at": sa.case((over, until), else_=_limits.c.expires_at),
    }
    insert = insert_or_update(_limits, changes, columns=["key"]).returning(_limits.c.hits, _limits.c.expires_at)
    row = {"key": key, "hits": times, "expires_at": until}
    hits, expires_at = session.connection().execute(insert, row).one()
    return int(hits), int(expires_at)


def _latest(until: int) -> int:
    """The latest end of a window that a right clock can have written: no other keeps anybody waiting."""
    return until + int(clock.MAY_DIFFER.total_seconds())


def _key(limit: Limit, source: str) -> str:
    """A digest, because a source may be a phone number."""
    return keyring().index(f"{limit.kind}:{source}", purpose="rate limit")
