"""A browser without scripts: cookies, the hidden fields of forms, and one logged-in person."""

import re
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from ledger.web.cookies import SESSION, cookie_name
from ledger.web.once import new_key
from tests.world import Person

_TOKEN = re.compile(r'<meta name="csrf-token" content="([^"]+)"')


def log_in(client: FlaskClient, person: Person) -> None:
    """Log this person in on the client."""
    keep(client, SESSION, person.token)


def log_out(client: FlaskClient) -> None:
    """Let the client forget its log-in; the server is not told."""
    client.delete_cookie(known_as(client, SESSION))


def keep(client: FlaskClient, name: str, value: str) -> None:
    """Let the client keep a cookie of ours."""
    client.set_cookie(known_as(client, name), value)


def known_as(client: FlaskClient, name: str) -> str:
    """The name by which the client knows a cookie of ours."""
    return cookie_name(name, https=client.application.config["SETTINGS"].https)


class Browser:
    """A visitor to the pages; anonymous until a person is given."""

    def __init__(self, client: FlaskClient, person: Person | None = None) -> None:
        self.client = client
        self._kept = ("", "")
        if person is not None:
            log_in(client, person)

    def get(self, address: str) -> TestResponse:
        """Open a page."""
        return self.client.get(address)

    def post(self, address: str, key: str | None = None, **typed: Any) -> TestResponse:
        """Send a form with the typed values and the fields that every form contains."""
        form = {"csrf_token": self._kept_token(), "idempotency_key": key or new_key()} | typed
        return self.client.post(address, data=form, content_type="multipart/form-data")

    def csrf_token(self) -> str:
        """The token in every page."""
        found = _TOKEN.search(self.client.get("/first-password").text)
        assert found is not None
        return found[1]

    def _kept_token(self) -> str:
        """A token, kept as long as the log-in for which it was made."""
        cookie = self.client.get_cookie(known_as(self.client, SESSION))
        holder = cookie.value if cookie else ""
        if not holder or self._kept[0] != holder:
            self._kept = (holder, self.csrf_token())
        return self._kept[1]
