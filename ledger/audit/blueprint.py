"""The blueprint shared by all audit pages, and the words their templates need."""

from flask import Blueprint

from ledger.audit.naming.names import CODE_WORDS, KIND_WORDS, TRANSFER_KIND_WORDS
from ledger.audit.naming.words import difference_words
from ledger.audit.tracing.statement import event_words
from ledger.audit.tracing.story import PARTS
from ledger.points.proofs.presenter import seal_of

bp = Blueprint("audit", __name__)
bp.add_app_template_global(event_words)
bp.add_app_template_global(difference_words)
bp.add_app_template_global(seal_of)


@bp.app_template_global()
def part_words(part: str) -> str:
    """Word for a person's part in a posting."""
    return str(PARTS[part])


@bp.app_template_global()
def account_kind(kind: str) -> str:
    """Word for a kind of account."""
    return str(KIND_WORDS.get(kind, kind))


@bp.app_template_global()
def transfer_code(code: str) -> str:
    """Word for the event that caused a transfer."""
    return str(CODE_WORDS.get(code, code))


@bp.app_template_global()
def transfer_kind(kind: str) -> str:
    """Word for whether a transfer is posted, held or resolves a hold."""
    return str(TRANSFER_KIND_WORDS[kind])
