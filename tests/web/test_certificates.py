"""The village's own certificates are such that a client which trusts the root trusts the PC, and nobody else."""

import http.client
import http.server
import ssl
import stat
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ledger.web.certificates import ROOT_CERTIFICATE, ROOT_KEY, SERVER_CERTIFICATE, SERVER_KEY, make_certificates


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Certificates for this machine."""
    make_certificates(tmp_path, ["localhost", "127.0.0.1"], now=datetime.now(UTC))
    return tmp_path


@pytest.fixture
def port(folder: Path) -> Iterator[int]:
    """A server that shows the certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / SERVER_CERTIFICATE, folder / SERVER_KEY)
    server = http.server.HTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()
    server.server_close()


def ask(port: int, host: str, context: ssl.SSLContext) -> int:
    connection = http.client.HTTPSConnection(host, port, context=context, timeout=10)
    connection.request("HEAD", "/")
    return connection.getresponse().status


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_who_trusts_the_root_trusts_the_pc_by_name_and_by_address(folder: Path, port: int, host: str) -> None:
    assert ask(port, host, ssl.create_default_context(cafile=folder / ROOT_CERTIFICATE)) == 200


def test_who_does_not_trust_the_root_is_warned(port: int) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        ask(port, "localhost", ssl.create_default_context())


def test_a_renewed_certificate_keeps_the_root_that_phones_trust(folder: Path) -> None:
    root, server = (folder / ROOT_CERTIFICATE).read_bytes(), (folder / SERVER_CERTIFICATE).read_bytes()
    make_certificates(folder, ["192.0.2.7"], now=datetime.now(UTC))
    assert (folder / ROOT_CERTIFICATE).read_bytes() == root
    assert (folder / SERVER_CERTIFICATE).read_bytes() != server


@pytest.mark.parametrize("name", [ROOT_KEY, SERVER_KEY])
def test_keys_are_readable_by_their_owner_alone(folder: Path, name: str) -> None:
    assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600
