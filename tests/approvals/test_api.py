"""The approvals API: what is refused, in the reader's language."""

from flask.testing import FlaskClient

from ledger.app import APPROVALS
from ledger.kernel.permissions import STEPS_UP
from tests.approvals.office import Office
from tests.approvals.test_kinds import EXAMPLES
from tests.databases import on_sqlite
from tests.people.test_step_up import stale


@on_sqlite
def test_a_payload_that_is_asked_again_is_answered_in_the_language_of_who_asks(
    office: Office, client: FlaskClient
) -> None:
    body = {"kind": "points.adjustment", "payload": {"amount": "ten"}, "reason": "漏记"}
    said = {}
    for language in ("zh", "en"):
        headers = office.first.headers | {"Accept-Language": language, "Idempotency-Key": "the-same-key"}
        answer = client.post("/api/v1/approvals", json=body, headers=headers)
        told = {error["field"]: error["message"] for error in answer.json["errors"]}
        said[language] = told["payload.amount"]

    assert said == {"zh": "请填整数", "en": "Not a valid integer."}


@on_sqlite
def test_a_kind_is_proposed_by_who_has_just_proved_who_they_are_as_on_its_page(
    office: Office, client: FlaskClient
) -> None:
    examples = {kind: EXAMPLES[kind.name](office) for kind in APPROVALS.kinds}
    first = stale(office.world, office.first)
    asked = set()
    for kind, payload in examples.items():
        body = {"kind": kind.name, "payload": payload, "reason": "漏记"}
        answer = client.post("/api/v1/approvals", json=body, headers=first.headers)
        if answer.status_code == 403 and answer.json["code"] == "access.step_up_required":
            asked.add(kind.name)
    assert asked == {kind.name for kind in APPROVALS.kinds if kind.propose in STEPS_UP}
    assert {"people.grant", "people.code", "people.factor"} <= asked
