"""People are found by one key for their name: any dot, width or spaces in it, where it was the name as it is written.

The digests of names are made again from the sealed names, by who founded the database.
"""

from collections.abc import Callable, Iterator

import sqlalchemy as sa
from alembic import op

from ledger.kernel.characters import name_key
from ledger.kernel.keyring import Keyring
from ledger.kernel.migrations import who_migrates

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

ROWS_AT_ONCE = 1_000
_identity = sa.table(
    "identity",
    *(sa.column("center_id", sa.BigInteger()), sa.column("id", sa.BigInteger())),
    *(sa.column("name", sa.LargeBinary()), sa.column("name_index", sa.Text())),
)


def upgrade() -> None:
    index_again(name_key)


def downgrade() -> None:
    index_again(str)


def index_again(key: Callable[[str], str]) -> None:
    """Set the digest of every name whose key says another one."""
    connection = op.get_bind()
    own = (_identity.c.center_id == sa.bindparam("center"), _identity.c.id == sa.bindparam("person"))
    change = sa.update(_identity).where(*own).values(name_index=sa.bindparam("index"))
    for rows in people(connection):
        keys = who_migrates().keyring
        wanted = [(row, digest(keys, row.center_id, key(name_of(keys, row.name)))) for row in rows]
        changes = [
            {"center": row.center_id, "person": row.id, "index": index}
            for row, index in wanted
            if index != row.name_index
        ]
        if changes:
            connection.execute(change, changes)


def people(connection: sa.Connection) -> Iterator[list[sa.Row[tuple[int, int, bytes, str]]]]:
    """Everybody of every center, a thousand at once."""
    after = (0, 0)
    key = sa.tuple_(_identity.c.center_id, _identity.c.id)
    query = sa.select(_identity).order_by(_identity.c.center_id, _identity.c.id).limit(ROWS_AT_ONCE)
    while rows := list(connection.execute(query.where(key > sa.tuple_(*after)))):
        yield rows
        after = (rows[-1].center_id, rows[-1].id)


def name_of(keys: Keyring, sealed: bytes) -> str:
    return keys.open(bytes(sealed), label="identity.name")


def digest(keys: Keyring, center_id: int, key: str) -> str:
    return keys.index(f"{center_id}:{key}", purpose="identity.name")
