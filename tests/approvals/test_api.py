"""The approvals API: what is refused, in the reader's language."""

from flask.testing import FlaskClient

from tests.approvals.office import Office
from tests.databases import on_sqlite


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
