"""What waits for one reader, and what waits for others."""

from flask import Flask

from ledger.kernel.ids import public_id
from tests.approvals.office import Office
from tests.audit.test_approval_pages import words
from tests.browsing import Browser
from tests.databases import on_sqlite


@on_sqlite
def test_the_console_counts_what_its_reader_may_decide(app: Flask, office: Office) -> None:
    office.adjustment(100)
    office.propose("people.code", {"identity_id": public_id(office.second.identity_id)})
    for reader, mine, others in (
        (office.first, "没有您能批的", 2),
        (office.second, "1 项", 1),
        (office.auditor, "1 项", 1),
    ):
        page = words(Browser(app.test_client(), reader).get("/console"))
        assert (mine in page, f"还有 {others} 项等别人批" in page) == (True, True), page
