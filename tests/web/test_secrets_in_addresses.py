"""What opens something is never in a path or a query, which servers log; what follows the # no server gets."""

import re

from flask import Flask
from flask.testing import FlaskClient

from ledger.kernel.ids import public_id
from ledger.people.volunteers.card_tokens import new_token, read_token
from tests.browsing import Browser
from tests.databases import on_sqlite
from tests.filters import names_in_the_source
from tests.test_house_rules import fail_on
from tests.world import World

# Texts in paths, and why they are no secrets.
NO_SECRETS = {
    "filename": "a file of ours that everybody may load",
    "kind": "the format of a file",
    "month": "a month",
    "code": "a station's code hangs on its wall, or changes every 30 seconds; it opens nothing without a log-in",
    "reference": "a receipt's or attendance's public page, made to be shown: no name, and it can't be forged",
}
KEYS_AND_NUMBERS = {"IdConverter", "IntegerConverter", "AnyConverter"}
SECRET = re.compile(r"code|token|secret|passw|ticket|pin$|_key|signature|session")


def test_no_path_has_a_secret_in_it(app: Flask) -> None:
    texts = {
        name: rule.rule
        for rule in app.url_map.iter_rules()
        for name, converter in rule._converters.items()
        if type(converter).__name__ not in KEYS_AND_NUMBERS
    }
    fail_on(
        (f"{rule}: {name}" for name, rule in texts.items() if name not in NO_SECRETS),
        "If it opens anything, put it after the # (url_for(…, _anchor=…)) and let a script or a form send it; if it "
        "does not, list it in NO_SECRETS with the reason.",
    )
    assert texts.keys() == NO_SECRETS.keys()


def test_no_query_has_one(client: FlaskClient) -> None:
    described = client.get("/api/openapi.json").get_json()
    of_api = {
        parameter["name"]
        for path in described["paths"].values()
        for operation in path.values()
        if isinstance(operation, dict)
        for parameter in operation.get("parameters", ())
        if parameter.get("in") == "query"
    }
    assert len(of_api) > 10
    fail_on(
        (name for name in of_api | names_in_the_source() if SECRET.search(name)),
        "Send it in the body, or in the address after the #.",
    )


@on_sqlite
def test_the_address_on_a_card_keeps_its_token_from_servers(world: World, client: FlaskClient) -> None:
    manager, volunteer = world.add_staff("station_manager"), world.add_volunteer()
    issued = client.post(
        f"/api/v1/volunteers/{public_id(volunteer.volunteer_id)}/cards", headers=manager.headers, json={}
    )

    address, sign, token = issued.json["url"].partition("#")
    assert (address, sign, token) == ("HTTPS://JF.EXAMPLE.ORG/K", "#", issued.json["token"])
    assert "志愿者卡" in Browser(client).get("/K").text
    assert client.get(f"/K/{token}").status_code == 404


def test_a_card_is_read_alone_and_at_the_end_of_its_address() -> None:
    token = new_token()
    for scanned in (token, token.lower(), f" {token}\n", f"HTTPS://JF.EXAMPLE.ORG/K#{token}", f"https://a/k£{token}"):
        assert read_token(scanned) == token, scanned
    for other in ("", "00000017", "13800138000", f"X{token}", token[1:], f"{token}0", f"{token}#1", "0" * 26):
        assert read_token(other) is None, other
