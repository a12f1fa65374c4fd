"""The server takes its port before it says anything, and refuses a certificate that no browser would get."""

import socket
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ledger.kernel.settings import SettingsError
from ledger.web.certificates import ROOT_KEY, SERVER_CERTIFICATE, SERVER_KEY, make_certificates
from ledger.web.server import refuse_unfit, taken
from tests.databases import free_port


def test_a_port_is_taken_before_anything_listens_there() -> None:
    port = free_port()
    with taken("127.0.0.1", port):
        with pytest.raises(SettingsError, match="Address already in use; choose another --port"):
            with taken("127.0.0.1", port):
                pytest.fail("two servers have it")
        # As granian does.
        with socket.socket() as own:
            own.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            own.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            own.bind(("127.0.0.1", port))
            own.listen()
            with socket.create_connection(("127.0.0.1", port)) as client:
                own.accept()[0].sendall(b"it is mine")
                assert client.recv(10) == b"it is mine"
    with taken("127.0.0.1", port):
        pass


def test_a_port_is_taken_again_at_once_after_another_kind_of_server() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        client = socket.create_connection(("127.0.0.1", port))
        other.accept()[0].close()
        client.close()
    with taken("127.0.0.1", port):
        pass


@pytest.mark.parametrize("host", ["192.0.2.1", "no such host"])
def test_an_address_that_is_not_this_machine_s_is_one_sentence(host: str) -> None:
    with pytest.raises(SettingsError, match=f"can't listen at {host}:"), taken(host, free_port()):
        pytest.fail("it was taken")


@pytest.mark.parametrize("wrong", ["another key", "a text", "nothing", "missing"])
def test_a_certificate_without_its_key_is_one_sentence(tmp_path: Path, wrong: str) -> None:
    make_certificates(tmp_path, ["127.0.0.1"], now=datetime.now(UTC))
    certificate, key = tmp_path / SERVER_CERTIFICATE, tmp_path / SERVER_KEY
    refuse_unfit((certificate, key))
    refuse_unfit(None)
    match wrong:
        case "another key":
            key = tmp_path / ROOT_KEY
        case "a text":
            key.write_text("no key at all")
        case "nothing":
            key.write_bytes(b"")
        case "missing":
            key.unlink()

    with pytest.raises(SettingsError, match=r"LEDGER_TLS_KEY"):
        refuse_unfit((certificate, key))
