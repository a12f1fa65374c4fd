"""One open proposal of a kind about a subject, one verification under way, one list that waits for a person and place.

Whatever was doubled before: of runs and lists the newest stays; open proposals keep no key, so both can be decided on.
"""

import sqlalchemy as sa
from alembic import op

from ledger.kernel.append_only import create_guards

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_GUARDED = ("center_id", "id", "kind", "subject_ref", "member_id", "payload", "reason", "proposed_by", "proposed_at")
_OPEN, _RUNNING = sa.text("status = 'proposed'"), sa.text("status = 'running'")
_AT_A_PLACE, _AT_NONE = sa.text("place_id IS NOT NULL"), sa.text("place_id IS NULL")


def upgrade() -> None:
    op.add_column("proposal", sa.Column("single_key", sa.Text(), nullable=True))
    _guard_anew((*_GUARDED, "single_key"))
    _unique("uq_proposal_single_key", "proposal", ["single_key"], _OPEN)
    op.execute(
        "UPDATE verification_run SET status = 'failed', finished_at = beat_at WHERE status = 'running' AND EXISTS ("
        "SELECT 1 FROM verification_run AS newer WHERE newer.center_id = verification_run.center_id "
        "AND newer.status = 'running' AND newer.id > verification_run.id)"
    )
    _unique("uq_verification_run_running", "verification_run", ["status"], _RUNNING)
    op.execute(
        "DELETE FROM import_draft WHERE EXISTS (SELECT 1 FROM import_draft AS newer "
        "WHERE newer.center_id = import_draft.center_id AND newer.made_by = import_draft.made_by "
        "AND coalesce(newer.place_id, 0) = coalesce(import_draft.place_id, 0) AND newer.id > import_draft.id)"
    )
    _unique("uq_import_draft_place", "import_draft", ["made_by", "place_id"], _AT_A_PLACE)
    _unique("uq_import_draft_center", "import_draft", ["made_by"], _AT_NONE)


def downgrade() -> None:
    for name in ("uq_import_draft_center", "uq_import_draft_place"):
        op.drop_index(name, "import_draft")
    op.drop_index("uq_verification_run_running", "verification_run")
    op.drop_index("uq_proposal_single_key", "proposal")
    _drop_guards()
    op.drop_column("proposal", "single_key")
    create_guards(op.get_bind(), ["proposal"], columns=_GUARDED)


def _guard_anew(columns: tuple[str, ...]) -> None:
    _drop_guards()
    create_guards(op.get_bind(), ["proposal"], columns=columns)


def _drop_guards() -> None:
    sqlite = op.get_bind().dialect.name == "sqlite"
    for name in ("no_update", "no_delete") if sqlite else ("no_change", "no_truncate"):
        op.execute(f"DROP TRIGGER proposal_{name}" + ("" if sqlite else " ON proposal"))


def _unique(name: str, table: str, columns: list[str], where: sa.TextClause) -> None:
    op.create_index(name, table, ["center_id", *columns], unique=True, sqlite_where=where, postgresql_where=where)
