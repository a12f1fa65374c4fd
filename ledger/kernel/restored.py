"""What a restored book must not bring back: log-ins, codes, and what was ended since the backup was made.

The statements are the same on both databases, and run before the book is in its place: on SQLite in the copy, on
PostgreSQL in the transaction that restores it. `BEFORE` is read from the book that is replaced.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from ledger.kernel.ids import new_id, public_id
from ledger.kernel.keyring import Keyring
from ledger.kernel.restored_bars import (
    BEFORE_BARS,
    BLOCK,
    BURN_PAYER_CODES,
    CARD,
    CARRY,
    FROZEN,
    HOUSEHOLD,
    PHONE,
    WAITING,
)
from ledger.kernel.restored_shops import BEFORE_SHOPS, GO_ON_BEHIND

SIGNAL = "people.restored"
# The first schema that keeps what was done with credentials and roles; of earlier ones nothing can be compared.
_KEEPS_EVENTS = "0014"
# The first schema with second factors.
_HAS_FACTORS = "0018"
# The first schema that records numbers of receipts which a restore left out.
_RECORDS_GAPS = "0025"
PASSWORD = "password"  # noqa: S105 - what an event is about
FACTOR = "factor"
# What is read of the book that is replaced. Roles that were given again since have another row, which is in force.
BEFORE = {
    "before_event (center_id, identity_id, is_factor, id)": (
        "SELECT center_id, identity_id, CASE WHEN kind = 'factor_ended' THEN 2 WHEN kind IN ('factor_made', "
        "'recovery_made', 'recovery_used') THEN 1 ELSE 0 END AS is_factor, id FROM credential_event"
    ),
    "before_password (center_id, id, password_hash)": "SELECT center_id, id, password_hash FROM identity",
    "before_ended (center_id, id, role)": (
        "SELECT center_id, id, role FROM role_grant AS ended WHERE revoked_at IS NOT NULL AND NOT EXISTS ("
        "SELECT 1 FROM role_grant AS held WHERE held.center_id = ended.center_id AND held.role = ended.role "
        "AND held.identity_id = ended.identity_id AND held.place_id = ended.place_id AND held.revoked_at IS NULL)"
    ),
    **BEFORE_SHOPS,
    **BEFORE_BARS,
}
_END_LOG_INS = (
    "DELETE FROM activation_code WHERE used_at IS NULL",
    "UPDATE login_session SET revoked_at = '{at}' WHERE revoked_at IS NULL",
    BURN_PAYER_CODES,
)
# The last thing that the backup knows: nothing else in it tells when it was made, however often it was copied.
_LAST = (
    "(SELECT max(at) FROM (SELECT max(founded_at) AS at FROM founding UNION ALL SELECT max(at) FROM credential_event "
    "UNION ALL SELECT max(ran_at) FROM job_run UNION ALL SELECT max(created_at) FROM login_session "
    "UNION ALL SELECT max(recorded_at) FROM batch) AS known)"
)
_LAST_TEXT = {
    "sqlite": "substr(LAST, 1, 19) || 'Z'",
    "postgresql": """to_char(LAST AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')""",
}
_TELL = (
    "INSERT INTO signal (center_id, id, kind, evidence, at) SELECT id, {key} + row_number() OVER (ORDER BY id), "
    "'{signal}', '[\"backup:' || {last} || '\"]', '{at}' FROM center"
)
# Whoever has got another password or second factor, or none, since: their event is not in the backup.
_NOTE_PASSWORDS = (
    "CREATE TEMP TABLE after_ended AS "
    "SELECT now.center_id, now.id AS identity_id, '{password}' AS reason FROM identity AS now "
    "JOIN before_password AS old ON old.center_id = now.center_id AND old.id = now.id "
    "WHERE now.password_hash IS NOT NULL AND EXISTS (SELECT 1 FROM before_event AS known "
    "WHERE known.center_id = now.center_id AND known.identity_id = now.id AND (old.password_hash IS NULL "
    "OR old.password_hash <> now.password_hash OR known.is_factor > 0) AND NOT EXISTS ("
    "SELECT 1 FROM credential_event AS here WHERE here.center_id = known.center_id AND here.id = known.id))"
)
_NOTE_ROLES = (
    "INSERT INTO after_ended SELECT now.center_id, now.identity_id, now.role FROM role_grant AS now "
    "JOIN before_ended AS old ON old.center_id = now.center_id AND old.id = now.id WHERE now.revoked_at IS NULL"
)
# Whatever is known of a second factor that the backup doesn't know.
_SINCE = (
    "EXISTS (SELECT 1 FROM before_event AS known WHERE known.center_id = {table}.center_id "
    "AND known.identity_id = {table}.identity_id AND known.is_factor >= {least} AND NOT EXISTS ("
    "SELECT 1 FROM credential_event AS here WHERE here.center_id = known.center_id AND here.id = known.id))"
)
_NOTE_FACTORS = (
    "INSERT INTO after_ended SELECT center_id, identity_id, '{factor}' FROM second_factor WHERE ended_at IS NULL "
    "AND {factor_ended_since}"
)
_END_FACTORS = (
    "UPDATE second_factor SET secret = NULL, ended_at = '{at}', ended_by = 0 WHERE ended_at IS NULL AND EXISTS ("
    "SELECT 1 FROM after_ended AS ended WHERE ended.center_id = second_factor.center_id "
    "AND ended.identity_id = second_factor.identity_id AND ended.reason = '{factor}')"
)
# Which of the codes on paper was used is not compared: all of somebody who has used one, or printed others, are void.
_END_RECOVERY = "DELETE FROM recovery_code WHERE {codes_changed_since}"
_END_ALL_RECOVERY = "DELETE FROM recovery_code WHERE used_at IS NULL"
_END_PASSWORDS = (
    "UPDATE identity SET password_hash = NULL WHERE EXISTS (SELECT 1 FROM after_ended AS ended "
    "WHERE ended.center_id = identity.center_id AND ended.identity_id = identity.id)"
)
_KEEP_EVENTS = (
    "INSERT INTO credential_event (center_id, id, identity_id, kind, made_by, proposed_by, at, about, reason) "
    "SELECT center_id, {key} + row_number() OVER (ORDER BY center_id, identity_id, kind, reason), identity_id, "
    "kind, 0, NULL, '{at}', '{about}', reason FROM (SELECT center_id, identity_id, "
    "CASE WHEN reason = '{factor}' THEN 'factor_ended' ELSE 'credentials_ended' END AS kind, "
    "CASE WHEN reason = '{factor}' THEN '' ELSE reason END AS reason FROM after_ended "
    "UNION ALL SELECT center_id, identity_id, 'restored_' || reason, '' FROM after_barred) AS done"
)
_MADE = "SELECT evidence FROM signal WHERE kind = '{signal}' ORDER BY id DESC LIMIT 1"
_IN_FORCE = (
    "SELECT count(*) FROM role_grant WHERE revoked_at IS NULL AND (valid_until IS NULL OR valid_until >= '{day}')"
)
_WHO_ENDED = (
    "SELECT person.name, CASE WHEN event.kind = 'factor_ended' THEN '{factor}' WHEN event.kind = 'restored_{card}' "
    "THEN '{card}' WHEN event.kind = 'restored_{block}' THEN '{block}' WHEN event.kind = 'restored_{household}' "
    "THEN '{household}' WHEN event.kind = 'restored_{phone}' THEN '{phone}' ELSE event.reason END "
    "FROM credential_event AS event JOIN identity AS person "
    "ON person.center_id = event.center_id AND person.id = event.identity_id WHERE event.about = '{about}' "
    "ORDER BY event.id"
)
Ask = Callable[[str], Iterable[Any]]


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore has done: where the replaced book is, and what was ended in the new one.

    `made_at` is the last thing that the backup knows, `roles` how many are in force in it; both None for a backup of an
    earlier version. `ended` names whose password was cleared and why ("password" or the role that they lost since),
    whose second factor was ended ("factor"), whose card was revoked ("card"), who was blocked ("block"), and whose
    household or phone number is another than in the replaced book ("household", "phone"); it is
    None where the two books could not be compared.
    `frozen` names the centers whose book is frozen, `waiting` is how many proposals wait.
    """

    old: Path | None
    made_at: str | None = None
    roles: int | None = None
    ended: tuple[tuple[str, str], ...] | None = None
    frozen: tuple[str, ...] = ()
    waiting: int = 0


class Ending:
    """What is ended in a restored book of this schema, at this time."""

    def __init__(self, revision: str, at: datetime, dialect: str, *, compares: bool) -> None:
        self.keeps_events = revision >= _KEEPS_EVENTS
        self.compares = compares and self.keeps_events
        self.has_factors = revision >= _HAS_FACTORS
        self.records_gaps = revision >= _RECORDS_GAPS
        key = new_id()
        self._words = {
            "at": at.isoformat(timespec="microseconds").replace("+00:00", "Z"),
            "day": f"{at:%Y-%m-%d}",
            "key": str(key),
            "about": f"restore:{public_id(key)}",
            "last": _LAST_TEXT[dialect].replace("LAST", _LAST),
            "signal": SIGNAL,
            "password": PASSWORD,
            "factor": FACTOR,
            "card": CARD,
            "block": BLOCK,
            "household": HOUSEHOLD,
            "phone": PHONE,
            "factor_ended_since": _SINCE.format(table="second_factor", least=2),
            "codes_changed_since": _SINCE.format(table="recovery_code", least=1),
        }

    def statements(self) -> list[str]:
        """What to run in the restored book; where it compares, after `BEFORE`."""
        # The signal looks at what the backup knows, so it comes before everything else is written.
        kept = [_TELL] if self.keeps_events else []
        return [each.format_map(self._words) for each in (*kept, *_END_LOG_INS, *self._compared())]

    def _compared(self) -> list[str]:
        if not self.compares:
            return [_END_ALL_RECOVERY] if self.has_factors else []
        factors = [_NOTE_FACTORS, _END_FACTORS, _END_RECOVERY] if self.has_factors else []
        receipts = GO_ON_BEHIND if self.records_gaps else ()
        return [_NOTE_PASSWORDS, _NOTE_ROLES, *factors, _END_PASSWORDS, *CARRY, _KEEP_EVENTS, *receipts]

    def report(self, ask: Ask, keyring: Keyring, old: Path | None = None) -> Restored:
        """What was done, read from the restored book by `ask`."""
        if not self.keeps_events:
            return Restored(old)
        made = [text for (text,) in ask(_MADE.format_map(self._words))]
        [(roles,)] = ask(_IN_FORCE.format_map(self._words))
        ended = None
        if self.compares:
            rows = ask(_WHO_ENDED.format_map(self._words))
            ended = tuple((keyring.open(bytes(name), label="identity.name"), why) for name, why in rows)
        frozen = tuple(name for (name,) in ask(FROZEN))
        [(waiting,)] = ask(WAITING)
        made_at = made[0].removeprefix('["backup:').removesuffix('"]') if made else None
        return Restored(old, made_at, roles, ended, frozen, waiting)


def stamp_of(at: datetime) -> str:
    """What tells the files of one restore from those of another."""
    return f"{at:%Y%m%dT%H%M%S%f}"


def can_compare(revision: str | None) -> bool:
    """Whether a book of this schema keeps what was done with credentials and roles."""
    return revision is not None and revision >= _KEEPS_EVENTS
