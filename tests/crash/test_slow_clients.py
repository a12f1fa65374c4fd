"""Clients that don't finish what they send, or don't read what they asked for, hold up nobody else."""

import pytest

from ledger.kernel import clock
from ledger.kernel.ids import public_id
from tests.crash.raw import connected, head_of
from tests.crash.server import Call, Server, send
from tests.world import World

pytestmark = pytest.mark.crash

SLOW = 500
BIG_FILE = "/static/vendor/swagger-ui-bundle.js"


def check_in(world: World) -> Call:
    """A check-in by a clerk of somebody who has just come."""
    world.add_shift(clock.now())
    volunteer, clerk = world.add_volunteer(), world.add_staff("clerk")
    scan = {
        "client_scan_id": f"slow-{volunteer.volunteer_id}",
        "card": volunteer.card,
        "station_id": public_id(world.station_id),
        "confirmed": ["WALK_IN"],
    }
    return Call("POST", "/api/v1/checkins", clerk.token, scan)


def begun(*, length: int = 1000, path: str = "/api/v1/sessions") -> bytes:
    """A request without a log-in that ends after the first bytes of its body."""
    head = head_of("POST", path, "Content-Type: application/json", f"Content-Length: {length}")
    return head + b'{"phone": "'


def assert_served(port: int, call: Call) -> None:
    """The service tells that it is alive, shows a page of the database's and takes a check-in."""
    assert send(port, "GET", "/healthz")[0] == 200
    assert send(port, "GET", "/readyz")[0] == 200
    assert call.send(port)[0] == 201


@pytest.mark.parametrize(
    "sent",
    [
        begun(),
        begun(path="/volunteers/import"),
        begun(length=10_000_000),
        head_of("POST", "/api/v1/sessions", "Transfer-Encoding: chunked") + b"5\r\nabcde\r\n",
        b"POST /api/v1/sessions HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Half",
        b"",
    ],
    ids=["body", "form", "file", "chunks", "head", "nothing"],
)
def test_many_unfinished_requests_leave_the_others_alone(place: tuple[Server, World], sent: bytes) -> None:
    served, world = place
    call = check_in(world)
    with connected(served.port, SLOW) as slow:
        for each in slow:
            each.send(sent)

        assert_served(served.port, call)

        waiting = [each.is_waiting() for each in slow]
        assert all(waiting), f"{waiting.count(False)} had ended, so this shows nothing"


def test_many_who_do_not_read_leave_the_others_alone(place: tuple[Server, World]) -> None:
    served, world = place
    call = check_in(world)
    with connected(served.port, 50) as deaf:
        for each in deaf:
            # More than the buffers on both sides hold.
            each.send(head_of("GET", BIG_FILE) * 20)

        assert_served(served.port, call)

    assert_served(served.port, check_in(world))
