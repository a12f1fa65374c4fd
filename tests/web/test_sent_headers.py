"""What an answer says above its body can be sent: HTTP knows no Chinese there."""

from urllib.parse import quote

import pytest
from flask import Flask, Response

from ledger.web.cookies import SESSION, cookie_name
from ledger.web.security import refuse_unsendable
from ledger.web.server import gateway_of
from tests.databases import on_sqlite
from tests.web.loop_client import Client, ask
from tests.world import World


@on_sqlite
@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_a_file_with_a_chinese_name_comes_through_the_server(app: Flask, world: World, kind: str) -> None:
    token = world.add_staff("station_manager").token
    cookie = f"{cookie_name(SESSION, https=app.config['SETTINGS'].https)}={token}".encode()
    client = Client(method="GET", path=f"/volunteers/import/example.{kind}".encode(), headers=[(b"cookie", cookie)])

    ask(client, gateway_of(app, 1))

    sent = {header.lower(): value for header, value in client.told[0]["headers"]}
    assert client.status == 200
    assert f"filename*=UTF-8''{quote('志愿者')}" in sent[b"content-disposition"].decode("ascii")


@pytest.mark.parametrize(("name", "value"), [("X-Name", "志愿者"), ("X-Name", "Zoë"), ("X-Näme", "1")])
def test_a_header_that_no_server_can_send_is_a_fault(name: str, value: str) -> None:
    response = Response()
    response.headers[name] = value

    with pytest.raises(UnicodeEncodeError):
        refuse_unsendable(response)
