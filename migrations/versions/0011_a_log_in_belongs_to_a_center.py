"""A log-in belongs to a center: identities, sessions and codes get one, and what finds them is keyed by it.

Everybody is copied, with their number, into each center in which they volunteer, held a role or are named as an actor.
Name, phone and password go along; gender and the last four digits stay only where the person was registered first. All
sessions end and all codes are void, because any center could print a code for anybody.
"""

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

from ledger.kernel.clocks import SystemClock
from ledger.kernel.keyring import Keyring
from ledger.kernel.migrations import who_migrates
from ledger.kernel.types import UtcDateTime

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

# Where a center's own records begin: the earliest of these is where somebody was registered first.
BEGINNINGS = (("volunteer", "identity_id", "registered_at"), ("role_grant", "identity_id", "granted_at"))
# Every other column that names a person.
ACTORS = (
    ("activity", "created_by"),
    ("attendance", "opened_by"),
    ("batch", "actor_id"),
    ("card", "issued_by"),
    ("expiry_run", "prepared_by"),
    ("expiry_run", "released_by"),
    ("freeze_release", "signed_by"),
    ("goods_in", "received_by"),
    ("household", "made_by"),
    ("household_change", "changed_by"),
    ("import_draft", "made_by"),
    ("item_price", "set_by"),
    ("login_session_before", "identity_id"),
    ("period", "decided_by"),
    ("proposal", "proposed_by"),
    ("proposal_decision", "decided_by"),
    ("redemption", "clerk_id"),
    ("redemption", "voided_by"),
    ("review_decision", "decided_by"),
    ("role_grant", "granted_by"),
    ("rule_version", "made_by"),
    ("scan_event", "scanned_by"),
    ("verification_run", "started_by"),
)
COPIED = ("id", "name", "phone", "password_hash", "language", "large_type", "created_at")
# Only where somebody was registered first.
KEPT = ("gender", "id_last4")
ROWS_AT_ONCE = 1_000
WITHOUT_END = "revoked_at IS NULL"


def center_key() -> "sa.Column[int]":
    return sa.Column("center_id", sa.BigInteger(), autoincrement=False, nullable=False)


def of_center(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["center_id"], ["center.id"], name=op.f(f"fk_{table}_center_id"))


def inside_center(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_center_id_{column}")
    return sa.ForeignKeyConstraint(["center_id", column], [f"{other}.center_id", f"{other}.id"], name=name)


def upgrade() -> None:
    set_aside("identity", "ix_identity_name_index")
    set_aside("login_session", "ix_login_session_identity_id", "ix_login_session_expires_at")
    op.drop_table("activation_code")
    make_identity()
    make_login_phone()
    copy_people(op.get_bind())
    op.drop_table("identity_before")
    op.drop_table("identity_phone")
    make_login_session()
    end_sessions(op.get_bind())
    op.drop_table("login_session_before")
    make_activation_code()
    bind_to_identity()


def set_aside(table: str, *indexes: str) -> None:
    """Keep a table as `…_before`, with its names free for the new one."""
    for index in indexes:
        op.drop_index(index, table)
    op.rename_table(table, f"{table}_before")
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"ALTER TABLE {table}_before RENAME CONSTRAINT pk_{table} TO pk_{table}_before")


def make_identity() -> None:
    op.create_table(
        "identity",
        center_key(),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sa.LargeBinary(), nullable=False),
        sa.Column("name_index", sa.Text(), nullable=False),
        sa.Column("phone", sa.LargeBinary(), nullable=True),
        sa.Column("phone_index", sa.Text(), nullable=True),
        sa.Column("gender", sa.LargeBinary(), nullable=True),
        sa.Column("id_last4", sa.LargeBinary(), nullable=True),
        sa.Column("password_hash", sa.Text(), nullable=True),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("large_type", sa.Boolean(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        of_center("identity"),
        sa.PrimaryKeyConstraint("center_id", "id", name=op.f("pk_identity")),
        sa.UniqueConstraint("center_id", "phone_index", name=op.f("uq_identity_center_id_phone_index")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_identity_center_id_name_index"), "identity", ["center_id", "name_index"])


def make_login_phone() -> None:
    op.create_table(
        "login_phone",
        sa.Column("phone_hash", sa.Text(), nullable=False),
        center_key(),
        sa.PrimaryKeyConstraint("phone_hash", "center_id", name=op.f("pk_login_phone")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_login_phone_center_id"), "login_phone", ["center_id"])


def make_login_session() -> None:
    op.create_table(
        "login_session",
        center_key(),
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("identity_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("revoked_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint("kind IN ('browser', 'device')", name=op.f("ck_login_session_kind")),
        inside_center("login_session", "identity_id", "identity"),
        sa.PrimaryKeyConstraint("center_id", "token_hash", name=op.f("pk_login_session")),
        sqlite_strict=True,
    )
    make_indexes("login_session")


def make_activation_code() -> None:
    op.create_table(
        "activation_code",
        center_key(),
        sa.Column("code_hash", sa.Text(), nullable=False),
        sa.Column("identity_id", sa.BigInteger(), nullable=False),
        sa.Column("made_by", sa.BigInteger(), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("used_at", UtcDateTime(), nullable=True),
        inside_center("activation_code", "identity_id", "identity"),
        sa.PrimaryKeyConstraint("center_id", "code_hash", name=op.f("pk_activation_code")),
        sqlite_strict=True,
    )
    make_indexes("activation_code")


def make_indexes(table: str) -> None:
    for column in ("identity_id", "expires_at"):
        op.create_index(op.f(f"ix_{table}_center_id_{column}"), table, ["center_id", column])


def copy_people(connection: sa.Connection) -> None:
    """Copy everybody into their centers; opens names and phones, because what finds them is computed anew."""
    first, centers = centers_of_people(connection)
    if not centers:
        return
    keys = who_migrates().keyring
    before = sa.table("identity_before", *map(sa.column, (*COPIED, *KEPT)))
    people = connection.execute(sa.select(before).order_by(before.c.id)).mappings().partitions(ROWS_AT_ONCE)
    for part in people:
        rows, phones = [], []
        for person in part:
            found = centers.get(person["id"], set())
            rows += list(copies(person, found, first, keys))
            phones += list(login_phones(person, found, keys))
        for table, values in (("identity", rows), ("login_phone", phones)):
            if values:
                connection.execute(sa.insert(sa.table(table, *map(sa.column, values[0]))), values)


def centers_of_people(connection: sa.Connection) -> tuple[dict[int, int], dict[int, set[int]]]:
    """By person: the center that registered them first, and all centers that know them."""
    begun: dict[int, tuple[Any, int]] = {}
    centers: dict[int, set[int]] = {}
    for table, column, moment in BEGINNINGS:
        known = sa.table(table, sa.column("center_id"), sa.column(column), sa.column(moment, UtcDateTime()))
        first = sa.func.min(known.c[moment], type_=UtcDateTime())
        query = sa.select(known.c[column], known.c.center_id, first).group_by(known.c[column], known.c.center_id)
        for person, center, at in connection.execute(query):
            centers.setdefault(person, set()).add(center)
            begun[person] = min(begun.get(person, (at, center)), (at, center))
    for table, column in ACTORS:
        named = sa.table(table, sa.column("center_id"), sa.column(column))
        query = sa.select(named.c[column], named.c.center_id).where(named.c[column].is_not(None)).distinct()
        for person, center in connection.execute(query):
            centers.setdefault(person, set()).add(center)
    firsts = {person: begun[person][1] if person in begun else min(found) for person, found in centers.items()}
    return firsts, centers


def copies(person: Any, centers: set[int], first: dict[int, int], keys: Keyring) -> Iterator[dict[str, Any]]:
    name = keys.open(bytes(person["name"]), label="identity.name")
    phone = phone_of(person, keys)
    for center in sorted(centers):
        kept = {column: person[column] if center == first[person["id"]] else None for column in KEPT}
        yield (
            {column: person[column] for column in COPIED}
            | kept
            | {
                "center_id": center,
                "name_index": keys.index(f"{center}:{name}", purpose="identity.name"),
                "phone_index": None if phone is None else keys.index(f"{center}:{phone}", purpose="identity.phone"),
            }
        )


def login_phones(person: Any, centers: set[int], keys: Keyring) -> Iterator[dict[str, Any]]:
    phone = phone_of(person, keys)
    if phone is not None:
        phone_hash = keys.index(phone, purpose="login_phone")
        yield from ({"phone_hash": phone_hash, "center_id": center} for center in sorted(centers))


def phone_of(person: Any, keys: Keyring) -> str | None:
    return None if person["phone"] is None else keys.open(bytes(person["phone"]), label="identity.phone")


def end_sessions(connection: sa.Connection) -> None:
    """Keep log-ins for as long as records may name them, but end them: their tokens name no center."""
    columns = ("center_id", "token_hash", "id", "identity_id", "kind", "created_at", "expires_at")
    known = sa.table("login_session", *map(sa.column, columns), sa.column("revoked_at", UtcDateTime()))
    before = sa.table("login_session_before", *map(sa.column, columns), sa.column("revoked_at", UtcDateTime()))
    now = sa.bindparam("now", SystemClock().now(), UtcDateTime())
    ended = sa.func.coalesce(before.c.revoked_at, now).label("revoked_at")
    query = sa.select(*(before.c[name] for name in columns), ended)
    connection.execute(sa.insert(known).from_select([*columns, "revoked_at"], query))


def bind_to_identity() -> None:
    """Let volunteers and roles refer to the identity of their own center; SQLite makes their tables anew for it."""
    if op.get_bind().dialect.name == "postgresql":
        for table in ("volunteer", "role_grant"):
            name = op.f(f"fk_{table}_center_id_identity_id")
            op.create_foreign_key(name, table, "identity", ["center_id", "identity_id"], ["center_id", "id"])
        return
    remake(
        "volunteer",
        center_key(),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("identity_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("place_id", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("registered_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("status IN ('active', 'blocked')", name=op.f("ck_volunteer_status")),
        of_center("volunteer"),
        inside_center("volunteer", "identity_id", "identity"),
        inside_center("volunteer", "place_id", "place"),
        sa.PrimaryKeyConstraint("center_id", "id", name=op.f("pk_volunteer")),
        sa.UniqueConstraint("center_id", "identity_id", name=op.f("uq_volunteer_center_id_identity_id")),
        sa.UniqueConstraint("center_id", "number", name=op.f("uq_volunteer_center_id_number")),
        indexes=(("place_id",), ("registered_at",), ("status", "number", "id")),
    )
    remake(
        "role_grant",
        center_key(),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("identity_id", sa.BigInteger(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("place_id", sa.BigInteger(), nullable=False),
        sa.Column("place_path", sa.Text(), nullable=False),
        sa.Column("granted_by", sa.BigInteger(), nullable=False),
        sa.Column("granted_at", UtcDateTime(), nullable=False),
        sa.Column("revoked_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint("role IN ('admin', 'auditor', 'station_manager', 'clerk')", name=op.f("ck_role_grant_role")),
        inside_center("role_grant", "identity_id", "identity"),
        inside_center("role_grant", "place_id", "place"),
        sa.PrimaryKeyConstraint("center_id", "id", name=op.f("pk_role_grant")),
        indexes=(("identity_id",),),
    )
    live = ["center_id", "identity_id", "role", "place_id"]
    op.create_index("uq_role_grant_live", "role_grant", live, unique=True, sqlite_where=sa.text(WITHOUT_END))


def remake(table: str, *parts: Any, indexes: tuple[tuple[str, ...], ...]) -> None:
    """Make a table anew on SQLite, which can't add a foreign key; others go on referring to it by its name."""
    made = op.create_table(f"{table}_anew", *parts, sqlite_strict=True)
    columns = ", ".join(column.name for column in made.columns)
    op.execute(f"INSERT INTO {table}_anew ({columns}) SELECT {columns} FROM {table}")  # noqa: S608 - names of ours
    op.drop_table(table)
    op.rename_table(f"{table}_anew", table)
    for names in indexes:
        op.create_index(op.f(f"ix_{table}_center_id_{'_'.join(names)}"), table, ["center_id", *names])


def downgrade() -> None:
    raise RuntimeError("log-ins that belong to centers can't be made one again: restore the backup from before")
