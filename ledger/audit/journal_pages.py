"""Downloads of the whole book: a journal for hledger or beancount, and the bundle for auditors."""

import io
import tempfile
from datetime import date
from typing import BinaryIO

from flask import send_file
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from ledger.audit.blueprint import bp
from ledger.audit.exports.bundle import write_bundle
from ledger.audit.exports.writing import STYLES, Style, export
from ledger.kernel import clock
from ledger.kernel.db import in_snapshot
from ledger.kernel.permissions import Permission
from ledger.web.guard import get_actor, requires


@bp.get("/books/whole.<any(hledger, beancount):kind>")
@requires(Permission.READ_BOOKS)
def export_journal(kind: str) -> ResponseReturnValue:
    """Every batch as a transaction, with our balances at the end for the tool to check."""
    style = STYLES[kind]
    file: BinaryIO = tempfile.TemporaryFile()  # noqa: SIM115 - closed by the answer that sends it
    in_snapshot(_write, get_actor().center_id, style, file)
    return _sent(file, "text/plain; charset=utf-8", f"books-{_today()}.{style.suffix}")


@bp.get("/books/bundle.<any(zip):kind>")
@requires(Permission.READ_BOOKS)
def export_bundle(kind: str) -> ResponseReturnValue:
    """The whole log with its proofs, for the standalone verifier."""
    file: BinaryIO = tempfile.TemporaryFile()  # noqa: SIM115 - closed by the answer that sends it
    in_snapshot(write_bundle, get_actor().center_id, file)
    return _sent(file, "application/zip", f"bundle-{_today()}.{kind}")


def _sent(file: BinaryIO, mimetype: str, name: str) -> ResponseReturnValue:
    file.seek(0)
    return send_file(file, mimetype=mimetype, as_attachment=True, download_name=name)


def _today() -> date:
    return clock.today()


def _write(session: Session, center_id: int, style: Style, file: BinaryIO) -> None:
    """Write the whole file before sending it, so that a slow download holds no snapshot open."""
    text = io.TextIOWrapper(file, encoding="utf-8", newline="\n")
    export(session, center_id, style, text, zone=clock.zone(), month_ends=True)
    text.flush()
    text.detach()
