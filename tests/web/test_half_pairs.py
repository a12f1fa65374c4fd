"""Half a surrogate pair in a proposal's payload, which is hashed before its reader sees it."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.databases import on_sqlite
from tests.world import World


@pytest.mark.parametrize("payload", [{"month": "\ud800"}, {"month": {"x": "\udfff"}}, {"month": ["\ud800"]}])
@on_sqlite
def test_it_is_refused_at_its_field(client: FlaskClient, world: World, payload: dict[str, Any]) -> None:
    admin = world.add_staff("admin", place_id=world.top_id)
    body = {"kind": "points.period_close", "payload": payload, "reason": "月结"}
    answer = client.post("/api/v1/approvals", json=body, headers=admin.headers | {"Idempotency-Key": "half-pair-01"})

    assert (answer.status_code, "month" in answer.text) == (422, True)
