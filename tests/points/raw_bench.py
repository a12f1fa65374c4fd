"""Two accounts of the raw ledger, with transfers between them over HTTP."""

from typing import Any

from flask.testing import FlaskClient

from ledger.kernel.ids import new_id
from tests.world import Person


class Bench:
    """Two accounts, one with overdraft, and requests that move between them."""

    def __init__(self, client: FlaskClient, admin: Person) -> None:
        self.client = client
        self.headers = admin.headers
        self.source = self.open("overdraft")
        self.a, self.b = self.open(), self.open()

    def open(self, *flags: str) -> str:
        """Open a free account in points."""
        body = {"unit": "point", "kind": "free", "flags": list(flags)}
        answer = self.client.post("/api/v1/accounts", json=body, headers=self.headers)
        assert answer.status_code == 201, answer.json
        return str(answer.json["id"])

    def move(self, debit: str, credit: str, amount: int, **more: Any) -> dict[str, Any]:
        """A transfer as JSON."""
        plain = {"debit_account_id": debit, "credit_account_id": credit, "amount": amount, "unit": "point"}
        return plain | {"code": "test", "reason": ""} | more

    def send(self, *transfers: dict[str, Any], key: str | None = None) -> list[dict[str, Any]]:
        """Send transfers. Returns the results."""
        headers = self.headers | {"Idempotency-Key": key or f"key-{new_id()}"}
        answer = self.client.post("/api/v1/transfers", json=list(transfers), headers=headers)
        assert answer.status_code == 200, answer.json
        return list(answer.json["results"])

    def balance(self, account: str) -> tuple[int, int]:
        """Balance and held amount of an account."""
        answer = self.client.get(f"/api/v1/accounts/{account}", headers=self.headers)
        return answer.json["balance"], answer.json["held"]


def codes(results: list[dict[str, Any]]) -> list[str]:
    """The outcome of each transfer."""
    return [result.get("code", "created") for result in results]
