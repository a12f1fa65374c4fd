"""A kept connection goes on after whatever was refused on it, or is closed in so many words."""

import json

import pytest

from ledger.kernel.ids import public_id
from ledger.web.bodies import FOR_PEOPLE, FOR_STRANGERS
from tests.crash.raw import Raw, connected, head_of
from tests.crash.server import Server
from tests.world import World

pytestmark = pytest.mark.crash

LOG_IN = "/api/v1/sessions"
ALIVE = head_of("GET", "/healthz")
JSON = "Content-Type: application/json"
SENT_AHEAD = 30


def posted(length: int, *fields: str, path: str = LOG_IN) -> bytes:
    """A request with a body of so many bytes."""
    return head_of("POST", path, JSON, f"Content-Length: {length}", *fields) + b" " * length


def chunked(*chunks: bytes) -> bytes:
    """A request whose body comes in these chunks."""
    framed = b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks)
    return head_of("POST", LOG_IN, JSON, "Transfer-Encoding: chunked") + framed + b"0\r\n\r\n"


def test_what_follows_a_refused_body_is_answered(place: tuple[Server, World]) -> None:
    served, world = place
    clerk = world.add_staff("clerk")
    log_in = f"Authorization: Bearer {clerk.token}"
    refused = {
        "stranger": posted(FOR_STRANGERS + 1),
        "clerk": posted(FOR_PEOPLE + 1, log_in, path="/api/v1/checkins"),
        "no page": posted(FOR_STRANGERS + 1, path="/no-such-page"),
        "chunks": chunked(b" " * FOR_STRANGERS, b" " * 10, b" " * 10),
    }
    with connected(served.port, len(refused)) as opened:
        for connection, body in zip(opened, refused.values(), strict=True):
            for _ in range(SENT_AHEAD):
                connection.send(body, ALIVE)
                assert (connection.answer()[0], connection.answer()[0]) == (413, 200)


def test_requests_sent_ahead_are_answered_in_turn(place: tuple[Server, World]) -> None:
    with connected(place[0].port) as [connection]:
        connection.send((posted(FOR_STRANGERS + 1) + ALIVE + posted(5)) * SENT_AHEAD)
        statuses = [connection.answer()[0] for _ in range(3 * SENT_AHEAD)]

    assert statuses == [413, 200, 400] * SENT_AHEAD


def test_a_refusal_that_ends_the_connection_says_so(place: tuple[Server, World]) -> None:
    endless = head_of("POST", LOG_IN, JSON, "Content-Length: 100000000") + b"{"
    asking = head_of("POST", LOG_IN, JSON, "Content-Length: 70000", "Expect: 100-continue")
    with connected(place[0].port, 2) as opened:
        for connection, sent in zip(opened, (endless, asking), strict=True):
            connection.send(sent)
            status, headers, _ = connection.answer()
            assert (status, headers["connection"]) == (413, "close")
            assert connection.is_closed()


def test_a_file_is_taken_from_whoever_may_send_it(place: tuple[Server, World]) -> None:
    served, world = place
    fields = {
        'name="place_id"': public_id(world.station_id),
        'name="file"; filename="a.csv"': f"姓名,备注\n王小兰,{'x' * 3 * FOR_PEOPLE}\n",
    }
    parts = [f"--x\r\nContent-Disposition: form-data; {name}\r\n\r\n{value}\r\n" for name, value in fields.items()]
    form = "".join((*parts, "--x--\r\n")).encode()
    kind = "Content-Type: multipart/form-data; boundary=x"
    statuses = {}
    with connected(served.port) as [connection]:
        for role in ("station_manager", "clerk"):
            token = f"Authorization: Bearer {world.add_staff(role).token}"
            connection.send(head_of("POST", "/volunteers/import", kind, token, f"Content-Length: {len(form)}"), form)
            statuses[role] = connection.answer()[0]

    assert statuses == {"station_manager": 303, "clerk": 413}


def test_whoever_asks_first_is_invited(place: tuple[Server, World]) -> None:
    with connected(place[0].port) as [connection]:
        connection.send(head_of("POST", LOG_IN, JSON, "Content-Length: 2", "Expect: 100-continue"))
        assert connection.answer()[0] == 100
        connection.send(b"{}")
        assert connection.answer()[0] == 422


def test_a_body_in_chunks_is_read_as_a_whole_one(place: tuple[Server, World]) -> None:
    body = json.dumps({"phone": "13800000000", "password": "not mine"}).encode()
    with connected(place[0].port) as [connection]:
        whole = head_of("POST", LOG_IN, JSON, f"Content-Length: {len(body)}") + body
        connection.send(whole, chunked(body[:5], body[5:6], body[6:]))
        first, second = connection.answer(), connection.answer()

    assert first[0] == second[0] == 401
    assert json.loads(first[2])["code"] == json.loads(second[2])["code"]


def test_heads_alone_and_what_has_not_changed_have_no_body(place: tuple[Server, World]) -> None:
    path = "/static/vendor/swagger-ui-bundle.js"
    with connected(place[0].port) as [connection]:
        whole = fetched(connection, "GET", path)
        head = fetched(connection, "HEAD", path, has_body=False)
        same = fetched(connection, "GET", path, f"If-None-Match: {whole[1]['etag']}", has_body=False)
        part = fetched(connection, "GET", path, "Range: bytes=10-19")

    assert (whole[0], len(whole[2]) > 1_000_000) == (200, True)
    assert (head[0], head[1]["content-length"]) == (200, whole[1]["content-length"])
    assert (same[0], part[0], part[2]) == (304, 206, whole[2][10:20])


def fetched(
    connection: Raw, method: str, path: str, *fields: str, has_body: bool = True
) -> tuple[int, dict[str, str], bytes]:
    """The answer to a request without a body."""
    connection.send(head_of(method, path, *fields))
    return connection.answer(has_body=has_body)


@pytest.mark.parametrize(
    "framed",
    [
        b"1;" + b"x" * 60_000 + b"\r\n{\r\n0\r\n\r\n",
        b"1\r\n{\r\n0\r\n" + b"a: b\r\n" * 20_000 + b"\r\n",
        b"zz\r\n{\r\n0\r\n\r\n",
        b"f" * 18 + b"\r\n{\r\n0\r\n\r\n",
    ],
    ids=["extension", "trailers", "no-length", "absurd-length"],
)
def test_what_is_framed_as_no_body_may_be_is_told_so(place: tuple[Server, World], framed: bytes) -> None:
    with connected(place[0].port) as [connection]:
        connection.send(head_of("POST", LOG_IN, JSON, "Transfer-Encoding: chunked"), framed)
        status, headers, body = connection.answer()
        assert (status, headers["content-type"]) == (400, "application/problem+json")
        assert json.loads(body)["code"] == "request.malformed"
        assert connection.is_closed()


def test_a_body_in_crumbs_is_refused_before_all_of_it_is_taken(place: tuple[Server, World]) -> None:
    with connected(place[0].port) as [connection]:
        connection.send(head_of("POST", LOG_IN, JSON, "Transfer-Encoding: chunked"), b"1\r\n \r\n" * 1_200)
        status, headers, body = connection.answer()
        assert (status, headers["connection"]) == (400, "close")
        assert json.loads(body)["code"] == "request.too_scattered"
